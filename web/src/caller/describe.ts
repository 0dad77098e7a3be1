// What the page shows for a phase: one line of state, and a notice where the
// caller should know or do something.

import type { AgentState, Ending, Phase } from "./phase.ts";

/** A message with at most one thing to do about it. */
export interface Notice {
  tone: "info" | "problem";
  text: string;
  action?: "redial";
}

export interface Description {
  /** Machine-readable state for styles and tests: the agent's own states and our own. */
  state: AgentState | "disconnected" | "connecting" | "waiting" | "reconnecting" | "ended";
  label: string;
  notice: Notice | null;
}

const AGENT_LABELS: Record<AgentState, string> = {
  initializing: "The assistant is getting ready",
  idle: "The assistant is here",
  listening: "Listening to you",
  thinking: "Thinking",
  speaking: "Speaking – you can interrupt",
};

export function describe(phase: Phase): Description {
  switch (phase.at) {
    case "idle":
      return { state: "disconnected", label: "Ready when you are", notice: null };
    case "connecting":
      return phase.step === "microphone"
        ? { state: "connecting", label: "Please allow your microphone", notice: null }
        : { state: "connecting", label: "Connecting", notice: null };
    case "waiting":
      return waiting(phase.late, phase.again);
    case "talking":
      return { state: phase.agent, label: AGENT_LABELS[phase.agent], notice: null };
    case "reconnecting":
      return {
        state: "reconnecting",
        label: "Reconnecting",
        notice: { tone: "problem", text: "The connection was interrupted. Trying to get it back; please stay." },
      };
    case "ended":
      return { state: "ended", label: "Call ended", notice: ended(phase.ending) };
  }
}

function waiting(late: boolean, again: boolean): Description {
  if (late) {
    return {
      state: "waiting",
      label: "Still waiting",
      notice: {
        tone: "problem",
        text: "No assistant is available right now. You can stay on the line or try again.",
        action: "redial",
      },
    };
  }
  return again
    ? {
        state: "waiting",
        label: "Finding another assistant",
        notice: { tone: "info", text: "The assistant was cut off. Another one is being called." },
      }
    : { state: "waiting", label: "Waiting for the assistant", notice: null };
}

function ended(ending: Ending): Notice | null {
  switch (ending.why) {
    case "hung_up":
      return null;
    case "assistant_ended":
      return { tone: "info", text: "The assistant ended the call." };
    case "assistant_lost":
      return { tone: "problem", text: "The assistant was cut off and no other is available.", action: "redial" };
    case "connection_lost":
      return { tone: "problem", text: "The connection was lost and could not be restored.", action: "redial" };
    case "elsewhere":
      return { tone: "info", text: "This call was continued in another window." };
    case "refused":
      return { tone: "problem", text: ending.message, action: "redial" };
  }
}
