import assert from "node:assert/strict";
import test from "node:test";
import { clock, duration, lineQuality, milliseconds, moment, words } from "../src/format.ts";
import { stages } from "../src/supervisor/latency.ts";
import { loudness } from "../src/caller/loudness.ts";
import type { Latency } from "../src/wire.ts";

/** No stage ran. */
const NONE: Latency = {
  endpointing_ms: null, stt_ms: null, retrieval_ms: null, llm_first_token_ms: null, tts_first_audio_ms: null, reply_ms: null,
};

test("durations read as people say them", () => {
  const cases: [number | null, string][] = [[0, "0 s"], [8.4, "8 s"], [59.6, "1 min 00 s"], [125, "2 min 05 s"], [3720, "1 h 02 min"], [null, "–"], [-1, "–"], [Number.NaN, "–"]];
  for (const [seconds, expected] of cases) assert.equal(duration(seconds), expected);
});

test("milliseconds turn to seconds from one second on", () => {
  assert.equal(milliseconds(45.4), "45 ms");
  assert.equal(milliseconds(999), "999 ms");
  assert.equal(milliseconds(1240), "1.24 s");
});

test("a line is said to be good, fair or poor, and why", () => {
  const line = { mos: 4.31, lost: 0.0204, concealed: 0, jitter_ms: 3.6 };
  assert.equal(lineQuality(line), "4.3 of 5, good (2.0 % lost, 0.0 % made up, jitter 4 ms)");
  assert.match(lineQuality({ ...line, mos: 3.4 }), /^3\.4 of 5, fair/);
  assert.match(lineQuality({ ...line, mos: 1 }), /^1\.0 of 5, poor/);
});

test("identifiers become words", () => {
  assert.equal(words("lost_book"), "Lost book");
  assert.equal(words("caller-left"), "Caller left");
  assert.equal(words(""), "");
});

test("instants are shown in the reader's time, rubbish as nothing", () => {
  assert.equal(moment("2026-05-17T14:05:00Z", "en-GB", "Europe/Berlin"), "17 May 2026, 16:05");
  assert.equal(clock("2026-05-17T14:05:09Z", "en-GB", "UTC"), "14:05:09");
  assert.equal(moment("rubbish"), "–");
  assert.equal(moment(null), "–");
  assert.equal(clock("rubbish"), "");
});

test("only stages that ran are shown, with their share", () => {
  const ran = stages({ ...NONE, endpointing_ms: 300, stt_ms: 100, retrieval_ms: 0, llm_first_token_ms: null, reply_ms: 900 });
  assert.deepEqual(
    ran.map(({ name, colour, share }) => [name, colour, share]),
    [["Endpointing", 1, 0.75], ["Hearing", 2, 0.25], ["Retrieval", 3, 0]],
  );
});

test("stages without any time share nothing", () => {
  assert.deepEqual(stages({ ...NONE, retrieval_ms: 0 }).map(({ share }) => share), [0]);
  assert.deepEqual(stages(NONE), []);
});

test("the meter is empty for silence, full for a shout and in between for speech", () => {
  assert.equal(loudness(new Float32Array(480)), 0);
  assert.equal(loudness(new Float32Array(480).fill(0.9)), 1);
  const speech = loudness(new Float32Array(480).fill(0.03));
  assert.ok(speech > 0.4 && speech < 0.8, `a level of -30 dBFS reads ${speech}`);
  assert.equal(loudness([]), 0);
});
