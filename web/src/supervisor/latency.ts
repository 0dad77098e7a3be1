// The stages of one reply, from the end of the caller's speech to the first audio.

import type { Latency } from "../wire.ts";

/** One stage with its share of the bar. */
export interface Stage {
  name: string;
  /** 1 to 5; the colour. */
  colour: number;
  ms: number;
  /** Of all stages together, 0 to 1. */
  share: number;
}

const STAGES: readonly [keyof Latency, string][] = [
  ["endpointing_ms", "Endpointing"],
  ["stt_ms", "Hearing"],
  ["retrieval_ms", "Retrieval"],
  ["llm_first_token_ms", "Language model"],
  ["tts_first_audio_ms", "Voice"],
];

/** The stages that ran, in the order in which they run. */
export function stages(latency: Latency): Stage[] {
  const ran = STAGES.flatMap(([key, name], index) => {
    const ms = latency[key];
    return typeof ms === "number" && Number.isFinite(ms) && ms >= 0 ? [{ name, colour: index + 1, ms }] : [];
  });
  const total = ran.reduce((sum, stage) => sum + stage.ms, 0);
  return ran.map((stage) => ({ ...stage, share: total > 0 ? stage.ms / total : 0 }));
}
