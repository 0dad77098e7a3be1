// One call: passes what the room reports to the phase machine and updates the
// views. A call that was left ignores everything that still arrives.

import { ApiFailure, fetchSummary, fetchToken } from "../api.ts";
import { awaitSummary } from "./await-summary.ts";
import type { CallView } from "./call-view.ts";
import { describe } from "./describe.ts";
import type { Identify } from "./identify.ts";
import { LevelMeter, openMicrophone, type Microphone } from "./microphone.ts";
import { deadline, inCall, step, type AgentState, type Phase, type PhaseEvent } from "./phase.ts";
import { CallRoom, type Signal } from "./room.ts";
import type { SessionInfo } from "./room-messages.ts";
import type { SummaryView } from "./summary-view.ts";
import type { TranscriptView } from "./transcript-view.ts";

/** An agent registers its methods moments after it joins: 25 attempts, 400 ms apart. */
const SESSION_ATTEMPTS = 25;

interface Parts {
  view: CallView;
  transcript: TranscriptView;
  identify: Identify;
  summary: SummaryView;
}

export class Call {
  private phase: Phase = { at: "idle" };
  private readonly room: CallRoom;
  private microphone: Microphone | null = null;
  private meter: LevelMeter | null = null;
  private timer = 0;
  private session: SessionInfo | null = null;
  private agent: string | null = null;
  private left = false;
  private typed = 0;

  constructor(private readonly parts: Parts) {
    this.room = new CallRoom((signal) => this.onSignal(signal), parts.view.speaker);
  }

  async start(): Promise<void> {
    this.move({ kind: "dialled" });
    const microphone = await openMicrophone();
    if (this.left) return close(microphone);
    this.microphone = microphone;
    this.showMicrophone(microphone);
    this.move({ kind: "microphone_settled" });
    try {
      const token = await fetchToken();
      if (this.left) return;
      await this.room.join(token, microphone.kind === "open" ? microphone.track : null);
      if (this.left) return void this.room.leave();
      this.move({ kind: "joined", now: performance.now() });
      this.room.reportParticipants();
    } catch (error) {
      this.end({ kind: "over", ending: { why: "refused", message: refusal(error) } });
    }
  }

  hangUp(): void {
    this.end({ kind: "over", ending: { why: "hung_up" } });
  }

  /** Sends typed text and shows it; the room does not send it back. */
  async say(text: string): Promise<void> {
    await this.room.say(text);
    this.typed += 1;
    const stream = Number.MAX_SAFE_INTEGER;
    this.parts.transcript.hear({ segment: `typed-${this.typed}`, speaker: "caller", text, final: true, stream });
  }

  async toggleMute(): Promise<void> {
    if (this.microphone?.kind !== "open") return;
    const { track } = this.microphone;
    await (track.isMuted ? track.unmute() : track.mute());
    this.parts.view.showMuted(track.isMuted);
  }

  startAudio(): Promise<void> {
    return this.room.startAudio();
  }

  private onSignal(signal: Signal): void {
    if (this.left) return;
    switch (signal.kind) {
      case "agent":
        this.move({ kind: "agent", state: signal.state });
        if (this.phase.at === "talking" && this.isNew(signal)) void this.meet(signal.identity);
        return;
      case "agent_left":
        this.agent = null;
        this.parts.identify.hide();
        return this.afterwards({ kind: "agent_left", deliberate: signal.deliberate, now: performance.now() });
      case "heard":
        return this.parts.transcript.hear(signal.heard);
      case "sound":
        return this.parts.view.showSoundBlocked(signal.blocked);
      case "microphone_lost":
        this.meter?.stop();
        this.meter = null;
        return this.showMicrophone({ kind: "none", message: "Your microphone went silent: it was unplugged or blocked." });
      case "reconnecting":
      case "reconnected":
        return this.move(signal);
      case "disconnected":
        return this.end({ kind: "over", ending: { why: signal.why } });
    }
  }

  /** An agent that just came, or one that begins anew: it talked with somebody else before. */
  private isNew(agent: { identity: string; state: AgentState }): boolean {
    return this.agent !== agent.identity || (this.session === null && agent.state === "initializing");
  }

  /** Asks a newly arrived agent what it offers, and for the key to this call's summary. */
  private async meet(agent: string): Promise<void> {
    this.agent = agent;
    try {
      this.session = await this.room.ask("teller.session", {}, SESSION_ATTEMPTS);
      if (this.left || !this.session.authentication) return;
      this.parts.identify.show((method, payload) => this.room.ask(method, payload));
    } catch {
      // Talking works even with an agent that does not know this method.
    }
  }

  private move(event: PhaseEvent): void {
    this.phase = step(this.phase, event);
    this.parts.view.show(describe(this.phase), this.phase);
    this.parts.transcript.allowTyping(this.phase.at === "talking");
    clearTimeout(this.timer);
    const due = deadline(this.phase);
    if (due === null) return;
    const tick = (): void => this.afterwards({ kind: "tick", now: performance.now() });
    this.timer = window.setTimeout(tick, Math.max(0, due - performance.now()) + 1);
  }

  /** An event that may end the call and that the caller did not cause. */
  private afterwards(event: PhaseEvent): void {
    if (this.left) return;
    const ended = !inCall(step(this.phase, event));
    if (ended) this.end(event);
    else this.move(event);
  }

  private end(event: PhaseEvent): void {
    if (this.left) return;
    this.move(event);
    this.left = true;
    clearTimeout(this.timer);
    this.meter?.stop();
    this.meter = null;
    if (this.microphone) close(this.microphone);
    this.parts.identify.hide();
    this.parts.transcript.settle();
    this.parts.view.showMicrophone(false);
    void this.room.leave();
    void this.summarise();
  }

  private async summarise(): Promise<void> {
    if (!this.session) return;
    const token = this.session.summary_token;
    this.parts.summary.expect(token);
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    this.parts.summary.show(token, await awaitSummary(() => fetchSummary(token), sleep));
  }

  private showMicrophone(microphone: Microphone): void {
    this.parts.view.showMicrophone(microphone.kind === "open");
    this.parts.view.showMicrophoneProblem(microphone.kind === "none" ? microphone.message : null);
    if (microphone.kind !== "open") return;
    this.meter = new LevelMeter(microphone.track.mediaStreamTrack, (level) => this.parts.view.showLevel(level));
  }
}

function close(microphone: Microphone): void {
  if (microphone.kind === "open") microphone.track.stop();
}

function refusal(error: unknown): string {
  const status = error instanceof ApiFailure ? error.status : -1;
  if (status === 429) return "There were too many calls from your connection. Please wait a minute.";
  if (status === 503) return "The service takes no calls at the moment. Please try again soon.";
  if (status >= 0) return "The call could not be placed: the service did not answer as it should.";
  return "The call could not be connected. Your network may not allow calls; please try again.";
}
