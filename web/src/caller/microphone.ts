// The caller's microphone: permission, the reason why there is none, its level.

import { createLocalAudioTrack, type LocalAudioTrack } from "livekit-client";
import { loudness } from "./loudness.ts";

export type Microphone = { kind: "open"; track: LocalAudioTrack } | { kind: "none"; message: string };

/** Asks the browser for the microphone. A refusal is an answer, not an error: the call can go on by text. */
export async function openMicrophone(): Promise<Microphone> {
  if (!navigator.mediaDevices?.getUserMedia) {
    return { kind: "none", message: "This page was not opened securely (https), so the browser keeps the microphone from it." };
  }
  try {
    const track = await createLocalAudioTrack({ echoCancellation: true, noiseSuppression: true, autoGainControl: true });
    return { kind: "open", track };
  } catch (error) {
    return { kind: "none", message: refusal(error instanceof Error ? error.name : "") };
  }
}

/** What to do about a refused microphone, by the name of the browser's error. */
function refusal(name: string): string {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The microphone is blocked. To talk, open the site settings beside the address, allow the microphone, and call again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No microphone was found. Plug one in and call again to talk.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another program. Close that program and call again to talk.";
    default:
      return "The microphone could not be opened.";
  }
}

/** Shows how loud a track is with every frame the screen draws, until stopped. */
export class LevelMeter {
  private readonly context = new AudioContext();
  private readonly analyser = this.context.createAnalyser();
  private readonly samples: Float32Array<ArrayBuffer>;
  private frame = 0;

  constructor(
    track: MediaStreamTrack,
    private readonly show: (level: number) => void,
  ) {
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
    void this.context.resume();
    this.frame = requestAnimationFrame(this.draw);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.show(0);
    void this.context.close();
  }

  private readonly draw = (): void => {
    this.analyser.getFloatTimeDomainData(this.samples);
    this.show(loudness(this.samples));
    this.frame = requestAnimationFrame(this.draw);
  };
}
