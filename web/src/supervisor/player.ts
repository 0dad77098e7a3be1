// The recording of the call that is shown. It is fetched when it is first played, as the key travels in a header that
// an <audio> element cannot send; from then on the browser has it, and seeks in it.

import { ApiFailure, type SupervisorApi } from "../api.ts";
import { byId, setText } from "../dom.ts";

/** Played before and after a turn: a word's edges are heard. Seconds. */
const MARGIN = 0.4;

/** A stretch of a recording, milliseconds since the call began. */
export interface Stretch {
  from: number;
  to: number;
}

const notLoaded = ({ status, message }: ApiFailure) =>
  status === 0 ? `The recording could not be loaded: ${message}` : `The recording could not be loaded (${status}). Please try again.`;

export class Player {
  private readonly part = byId("call-recording");
  private readonly audio = byId<HTMLAudioElement>("call-audio");
  private readonly message = byId("call-audio-status");
  private readonly whole = byId<HTMLButtonElement>("call-audio-load");
  private source: { api: SupervisorApi; id: string } | null = null;
  private loading: Promise<boolean> | null = null;
  /** Where what is played ends, in seconds. */
  private until = Infinity;

  constructor() {
    this.audio.addEventListener("timeupdate", () => {
      if (this.audio.currentTime < this.until) return;
      this.audio.pause();
      this.until = Infinity;
    });
    // Whoever seeks wants to hear what follows.
    this.audio.addEventListener("seeked", () => {
      if (this.audio.currentTime > this.until) this.until = Infinity;
    });
    this.whole.addEventListener("click", () => void this.play({ from: 0, to: Infinity }));
  }

  /** Another call is shown, with a recording or without. */
  show(api: SupervisorApi, id: string, recorded: boolean): void {
    this.forget();
    this.part.hidden = !recorded;
    if (recorded) this.source = { api, id };
  }

  /** Nothing of a recording is kept on the page. */
  forget(): void {
    this.audio.pause();
    if (this.audio.src) URL.revokeObjectURL(this.audio.src);
    this.audio.removeAttribute("src");
    // Only this makes the element let go of what it has.
    this.audio.load();
    this.audio.hidden = true;
    this.whole.hidden = false;
    this.part.hidden = true;
    this.source = null;
    this.loading = null;
    this.until = Infinity;
    setText(this.message, "");
  }

  /** Plays this stretch, once the recording is there. */
  async play({ from, to }: Stretch): Promise<void> {
    this.loading ??= this.load();
    const loading = this.loading;
    if (!(await loading) || this.loading !== loading) return;
    this.until = Infinity;
    this.audio.currentTime = Math.max(0, from / 1000 - MARGIN);
    this.until = to / 1000 + MARGIN;
    await this.audio.play().catch(() => setText(this.message, "The recording cannot be played by this browser."));
  }

  /** Whether it is there. */
  private async load(): Promise<boolean> {
    const source = this.source;
    if (!source) return false;
    setText(this.message, "Loading the recording …");
    try {
      const sound = await source.api.recording(source.id);
      if (this.source !== source) return false;
      this.audio.src = URL.createObjectURL(sound);
      await new Promise((resolve, reject) => {
        this.audio.addEventListener("loadedmetadata", resolve, { once: true });
        this.audio.addEventListener("error", reject, { once: true });
        this.audio.load();
      });
      if (this.source !== source) return false;
      this.audio.hidden = false;
      this.whole.hidden = true;
      setText(this.message, "");
      return true;
    } catch (error) {
      if (this.source !== source) return false;
      this.loading = null;
      setText(this.message, error instanceof ApiFailure ? notLoaded(error) : "The recording cannot be played by this browser.");
      return false;
    }
  }
}
