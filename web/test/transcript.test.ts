import assert from "node:assert/strict";
import test from "node:test";
import { citationsOf, hear, speakerOf, type Heard, type Transcript } from "../src/caller/transcript.ts";

const heard = (segment: string, text: string, stream: number, final = false, speaker: Heard["speaker"] = "caller"): Heard => ({
  segment,
  speaker,
  text,
  final,
  stream,
});

/** Applies the updates one after the other and compares the lines, "text" or "text…" while not final. */
function check(script: Heard[], expected: string[]): void {
  const lines = script.reduce<Transcript>(hear, []);
  assert.deepEqual(
    lines.map((line) => `${line.speaker[0]}: ${line.text}${line.final ? "" : "…"}`),
    expected,
  );
}

test("a later stream of a segment replaces its text", () => {
  check([heard("A", "what is", 1), heard("A", "what is it about", 2, true)], ["c: what is it about"]);
});

test("a growing stream shows its text so far", () => {
  check([heard("B", "I can", 1, false, "assistant"), heard("B", "I can help.", 1, false, "assistant")], ["a: I can help.…"]);
});

test("a stream that closes without further text becomes final", () => {
  check([heard("B", "Yes.", 1), heard("B", "Yes.", 1, true)], ["c: Yes."]);
});

test("updates of a replaced stream are ignored", () => {
  check([heard("A", "whole", 2, true), heard("A", "who", 1)], ["c: whole"]);
});

test("lines keep the order in which their segments began", () => {
  check([heard("A", "one", 1), heard("B", "two", 2, true, "assistant"), heard("A", "one more", 3, true)], ["c: one more", "a: two"]);
});

test("a stream that merely opens shows no line", () => {
  check([heard("A", "", 1), heard("A", "  ", 1)], []);
});

test("an empty final replacement removes the line", () => {
  check([heard("A", "uh", 1), heard("A", "", 2, true)], []);
});

test("an opening replacement does not blank the line it will replace", () => {
  check([heard("A", "what is", 1), heard("A", "", 2)], ["c: what is…"]);
});

test("an update without effect returns the same transcript", () => {
  const before = hear([], heard("A", "yes", 1, true));
  assert.equal(hear(before, heard("A", "yes", 1, true)), before);
});

test("only the caller's own identity speaks as the caller", () => {
  assert.equal(speakerOf("caller-1", "caller-1"), "caller");
  assert.equal(speakerOf("agent-1", "caller-1"), "assistant");
});

test("the end of a stream brings what its line rests on", () => {
  const growing = heard("B", "It costs 5 dollars.", 1, false, "assistant");
  const done: Heard = { ...growing, final: true, citations: ["Fees and charges"] };
  assert.deepEqual([growing, done].reduce<Transcript>(hear, []), [done]);
});

test("citations are titles and nothing else", () => {
  assert.deepEqual(citationsOf('["Fees and charges","New card"]'), ["Fees and charges", "New card"]);
  for (const attribute of [undefined, "", "Fees", '{"title":"Fees"}', "null", "[1, null, {}]"]) {
    assert.deepEqual(citationsOf(attribute), [], String(attribute));
  }
});
