// How page tests wait: for what an action causes, never for a state that may have held before it.

import assert from "node:assert/strict";

/** Bounds every wait. Long, because a wait ends with what it waits for and only a failure takes all of it. */
export const PATIENCE_MS = 30_000;

/**
 * Waits until `condition`, a function that runs in the page, returns something true. Meant for pages that
 * have just been opened; after an action, `causes` is safer.
 */
export async function until(page, condition, ...values) {
  try {
    return await page.waitForFunction(condition, { timeout: PATIENCE_MS, polling: 20 }, ...values);
  } catch (error) {
    throw new Error(`${error.message}: ${condition} ${JSON.stringify(values)}`, { cause: error });
  }
}

/**
 * Does `act` and waits until `condition` holds in the page. Fails at once when it holds beforehand:
 * the wait would end before the action has had any effect, and the test would pass or fail by luck.
 */
export async function causes(page, act, condition, ...values) {
  assert.ok(!(await page.evaluate(condition, ...values)), `this holds already, so nothing can be waited for: ${condition}`);
  await act();
  return until(page, condition, ...values);
}
