// Waits for the summary of a call that has just ended; it is written moments
// after the hang-up.

import type { SummaryAnswer } from "../api.ts";
import type { CallSummary } from "../wire.ts";

export type SummaryOutcome =
  | { kind: "ready"; summary: CallSummary }
  /** The token is used up or unknown. */
  | { kind: "gone" }
  /** Not ready in time. */
  | { kind: "late" }
  | { kind: "unreachable" };

const RETRY_MS = 500;
const PATIENCE_MS = 20_000;

/** Polls until the summary is there, is gone for good, or twenty seconds have passed. */
export async function awaitSummary(
  ask: () => Promise<SummaryAnswer>,
  sleep: (ms: number) => Promise<void>,
): Promise<SummaryOutcome> {
  let reached = false;
  for (let waited = 0; waited <= PATIENCE_MS; waited += RETRY_MS) {
    if (waited > 0) await sleep(RETRY_MS);
    try {
      const answer = await ask();
      reached = true;
      if (answer.kind !== "pending") return answer;
    } catch {
      // A server that restarts may answer the next time.
    }
  }
  return { kind: reached ? "late" : "unreachable" };
}
