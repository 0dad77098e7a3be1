// The call's own panel: button, state, notices, microphone, controls.

import { byId, setText } from "../dom.ts";
import type { Description } from "./describe.ts";
import { inCall, type Phase } from "./phase.ts";

export interface CallActions {
  dial(): void;
  hangUp(): void;
  toggleMute(): void;
  sound(): void;
}

/** The spoken value of the level meter changes at most this often. */
const METER_VALUE_MS = 500;

export class CallView {
  /** Where the agent's audio elements live. */
  readonly speaker = byId("speaker");
  private readonly callButton = byId<HTMLButtonElement>("call-button");
  private readonly state = byId("agent-state");
  private readonly notice = byId("notice");
  private readonly noticeAction = byId<HTMLButtonElement>("notice-action");
  private readonly microphone = byId("microphone");
  private readonly microphoneNotice = byId("microphone-notice");
  private readonly level = byId("microphone-level");
  private readonly controls = byId("controls");
  private readonly muteButton = byId("mute-button");
  private readonly hangUpButton = byId("hangup-button");
  private readonly soundButton = byId("sound-button");
  private valueShownAt = 0;
  private open = false;

  on(actions: CallActions): void {
    this.callButton.addEventListener("click", () => actions.dial());
    this.noticeAction.addEventListener("click", () => actions.dial());
    this.hangUpButton.addEventListener("click", () => actions.hangUp());
    this.muteButton.addEventListener("click", () => actions.toggleMute());
    this.soundButton.addEventListener("click", () => actions.sound());
  }

  show(description: Description, phase: Phase): void {
    document.body.dataset.phase = phase.at;
    this.state.dataset.state = description.state;
    setText(byId("agent-state-label"), description.label);
    this.showNotice(description);
    this.showOpen(inCall(phase), phase.at === "ended");
  }

  /** Shows a problem while no call is open. */
  showProblem(text: string): void {
    if (this.open) return;
    this.notice.hidden = false;
    this.notice.dataset.tone = "problem";
    setText(byId("notice-text"), text);
  }

  showMicrophone(open: boolean): void {
    this.microphone.hidden = !open;
    this.muteButton.hidden = !open;
    if (open) this.showMuted(false);
  }

  showMicrophoneProblem(message: string | null): void {
    this.microphoneNotice.hidden = message === null;
    setText(this.microphoneNotice, message ? `${message} You can write instead.` : "");
  }

  showMuted(muted: boolean): void {
    this.muteButton.setAttribute("aria-pressed", String(muted));
    setText(this.muteButton, muted ? "Muted" : "Mute");
  }

  showSoundBlocked(blocked: boolean): void {
    this.soundButton.hidden = !blocked;
  }

  /** 0 to 1; the bar follows at once, the value that a screen reader may ask for more slowly. */
  showLevel(level: number): void {
    this.level.style.setProperty("--level", level.toFixed(3));
    if (performance.now() - this.valueShownAt < METER_VALUE_MS) return;
    this.valueShownAt = performance.now();
    this.level.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }

  private showNotice({ notice }: Description): void {
    this.notice.hidden = !notice;
    this.notice.dataset.tone = notice?.tone ?? "info";
    setText(byId("notice-text"), notice?.text ?? "");
    this.noticeAction.hidden = !notice?.action;
  }

  private showOpen(open: boolean, ended: boolean): void {
    this.callButton.hidden = open;
    this.controls.hidden = !open;
    setText(byId("call-button-label"), ended ? "Call again" : "Call");
    if (open) byId("conversation").hidden = false;
    else this.microphoneNotice.hidden = true;
    if (open === this.open) return;
    // The button that had the focus is gone; the one that took its place gets it.
    this.open = open;
    if (open) this.hangUpButton.focus();
    else if (document.activeElement === document.body || this.controls.contains(document.activeElement)) {
      this.callButton.focus();
    }
  }
}
