// The worker's complaints: the database is away, the spool fills up, maintenance
// fails. They are shown above every page, even while the lists cannot be read.

import type { SupervisorApi } from "../api.ts";
import { byId, el, setText } from "../dom.ts";
import type { WorkerState } from "../wire.ts";

/** About as often as an operator would look; the worker answers from memory. */
const EVERY_MS = 15_000;

export class WorkerNotice {
  private readonly notice = byId("worker-notice");
  private readonly complaints = byId("worker-complaints");
  private api: SupervisorApi | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private shown = "";

  /** Looks now and goes on looking. */
  watch(api: SupervisorApi): void {
    this.api = api;
    this.timer ??= setInterval(() => void this.look(), EVERY_MS);
    void this.look();
  }

  forget(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.api = null;
    this.show([], "");
  }

  private async look(): Promise<void> {
    const api = this.api;
    if (!api) return;
    try {
      const state = await api.worker();
      if (this.api === api) this.show(state.complaints, callsText(state));
    } catch {
      // The page below reports a wrong key or an unreachable worker; nothing is known here.
      if (this.api === api) this.show([], "");
    }
  }

  private show(complaints: string[], calls: string): void {
    // Written only when it changes, so that screen readers do not repeat it.
    const now = JSON.stringify(complaints);
    if (now !== this.shown) this.complaints.replaceChildren(...complaints.map((text) => el("li", {}, text)));
    this.shown = now;
    setText(byId("worker-calls"), calls);
    this.notice.hidden = complaints.length === 0;
  }
}

function callsText(state: WorkerState): string {
  return state.takes_calls ? "It takes calls." : "It takes no new calls.";
}
