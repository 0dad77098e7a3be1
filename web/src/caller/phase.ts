// Where a call stands: a pure state machine that takes events and `now` and
// returns the next phase; the page only shows what `describe` makes of it.
//
//   idle -> connecting -> waiting -> talking -> ended
//                            ^  \________^ | \
//                            |_____________|  reconnecting -> back, or ended

/** If no assistant joins within this time, the page says so. */
export const AGENT_DEADLINE_MS = 10_000;

/** States of LiveKit's attribute `lk.agent.state`. */
export type AgentState = "initializing" | "idle" | "listening" | "thinking" | "speaking";

/** Why a call is over. */
export type Ending =
  | { why: "hung_up" }
  | { why: "assistant_ended" }
  | { why: "assistant_lost" }
  | { why: "connection_lost" }
  | { why: "elsewhere" }
  | { why: "refused"; message: string };

type Open = { at: "waiting"; since: number; late: boolean; again: boolean } | { at: "talking"; agent: AgentState };

export type Phase =
  | { at: "idle" }
  | { at: "connecting"; step: "microphone" | "joining" }
  | Open
  | { at: "reconnecting"; open: Open }
  | { at: "ended"; ending: Ending };

export type PhaseEvent =
  | { kind: "dialled" }
  | { kind: "microphone_settled" }
  | { kind: "joined"; now: number }
  | { kind: "agent"; state: AgentState }
  /** `deliberate`: it hung up; otherwise it crashed and another may be sent. */
  | { kind: "agent_left"; deliberate: boolean; now: number }
  | { kind: "tick"; now: number }
  | { kind: "reconnecting" }
  | { kind: "reconnected" }
  | { kind: "over"; ending: Ending };

/** The phase after an event; events that mean nothing in a phase leave it as it is. */
export function step(phase: Phase, event: PhaseEvent): Phase {
  switch (event.kind) {
    case "dialled":
      return { at: "connecting", step: "microphone" };
    case "microphone_settled":
      return phase.at === "connecting" ? { at: "connecting", step: "joining" } : phase;
    case "joined":
      return phase.at === "connecting" ? { at: "waiting", since: event.now, late: false, again: false } : phase;
    case "agent":
      return within(phase, () => ({ at: "talking", agent: event.state }));
    case "agent_left":
      return agentLeft(phase, event);
    case "tick":
      return tick(phase, event.now);
    case "reconnecting":
      return phase.at === "waiting" || phase.at === "talking" ? { at: "reconnecting", open: phase } : phase;
    case "reconnected":
      return phase.at === "reconnecting" ? phase.open : phase;
    case "over":
      return phase.at === "ended" || phase.at === "idle" ? phase : { at: "ended", ending: event.ending };
  }
}

/** When to send the next `tick`, in the clock of `now`; null when time changes nothing. */
export function deadline(phase: Phase): number | null {
  return phase.at === "waiting" && !phase.late ? phase.since + AGENT_DEADLINE_MS : null;
}

/** A call is open: there is something to hang up. */
export function inCall(phase: Phase): boolean {
  return phase.at !== "idle" && phase.at !== "ended";
}

function agentLeft(phase: Phase, event: { deliberate: boolean; now: number }): Phase {
  if (event.deliberate) {
    return inCall(phase) ? { at: "ended", ending: { why: "assistant_ended" } } : phase;
  }
  return within(phase, (open) =>
    open.at === "talking" ? { at: "waiting", since: event.now, late: false, again: true } : open,
  );
}

function tick(phase: Phase, now: number): Phase {
  const due = deadline(phase);
  if (phase.at !== "waiting" || due === null || now < due) return phase;
  // A conversation that was cut off is over; a new caller may still be answered.
  return phase.again ? { at: "ended", ending: { why: "assistant_lost" } } : { ...phase, late: true };
}

function within(phase: Phase, change: (open: Open) => Open): Phase {
  if (phase.at === "reconnecting") return { at: "reconnecting", open: change(phase.open) };
  return phase.at === "waiting" || phase.at === "talking" ? change(phase) : phase;
}
