import assert from "node:assert/strict";
import test from "node:test";
import type { SummaryAnswer } from "../src/api.ts";
import { awaitSummary } from "../src/caller/await-summary.ts";

const SUMMARY = { summary: "Opening hours.", topics: [], sentiment: "neutral" as const, resolution_status: "resolved" as const, duration_seconds: 3, message_count: 2 };

/** Answers from `script`, whose last entry repeats; adds up the time slept. */
async function play(script: (SummaryAnswer | Error)[]): Promise<{ kind: string; slept: number; asked: number }> {
  let [slept, asked] = [0, 0];
  const ask = async (): Promise<SummaryAnswer> => {
    const answer = script[Math.min(asked, script.length - 1)] as SummaryAnswer | Error;
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const outcome = await awaitSummary(ask, async (ms) => {
    slept += ms;
  });
  return { kind: outcome.kind, slept, asked };
}

test("a summary that is there is taken at once", async () => {
  assert.deepEqual(await play([{ kind: "ready", summary: SUMMARY }]), { kind: "ready", slept: 0, asked: 1 });
});

test("a pending summary is asked for every half second", async () => {
  const outcome = await play([{ kind: "pending" }, { kind: "pending" }, { kind: "ready", summary: SUMMARY }]);
  assert.deepEqual(outcome, { kind: "ready", slept: 1000, asked: 3 });
});

test("a used token is not asked for again", async () => {
  assert.deepEqual(await play([{ kind: "gone" }]), { kind: "gone", slept: 0, asked: 1 });
});

test("waiting ends after twenty seconds", async () => {
  assert.deepEqual(await play([{ kind: "pending" }]), { kind: "late", slept: 20_000, asked: 41 });
});

test("errors do not matter if the server comes back in time", async () => {
  assert.equal((await play([new Error("away"), { kind: "ready", summary: SUMMARY }])).kind, "ready");
  assert.equal((await play([new Error("away")])).kind, "unreachable");
});
