import assert from "node:assert/strict";
import test from "node:test";
import { draftText } from "../src/supervisor/draft-text.ts";

test("a draft is one table a document, with each phrasing as it was asked", () => {
  const lines = [
    { document: "library/rooms", phrasing: "May I bring a dog?" },
    { document: "library/printing", phrasing: 'the "big" printer \\ café' },
    { document: "library/rooms", phrasing: "and a cat" },
  ];
  const [head, rooms, printing, ...more] = draftText(lines).split("\n\n");
  assert.match(head ?? "", /^# [^\n]+$/);
  assert.equal(rooms, '[[document]]\nsource = "library/rooms"\nasks = [\n  "May I bring a dog?",\n  "and a cat",\n]');
  assert.equal(printing, '[[document]]\nsource = "library/printing"\nasks = [\n  "the \\"big\\" printer \\\\ café",\n]\n');
  assert.deepEqual(more, []);
});
