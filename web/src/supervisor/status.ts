// The line that shows that something is loading, empty or failed.

import { ApiFailure } from "../api.ts";
import { setText } from "../dom.ts";

export type Outcome = "loading" | "empty" | "error" | "ready";

/** Shows a line of state; `data-kind` is what tests and styles read. */
export function showOutcome(element: HTMLElement, kind: Outcome, text = ""): void {
  element.dataset.kind = kind;
  element.classList.toggle("notice", kind === "error");
  element.dataset.tone = kind === "error" ? "problem" : "";
  element.hidden = kind === "ready";
  setText(element, text);
}

/** The text for a failed request; a refused key is rethrown to the code that can ask for another. */
export function failureText(error: unknown, what = "call"): string {
  if (!(error instanceof ApiFailure)) throw error;
  if (error.status === 401 || error.status === 403) throw error;
  if (error.status === 0) return "The server cannot be reached. Check the connection and try again.";
  if (error.status === 404) return `There is no such ${what}.`;
  if (error.status === 429) return "Too many requests. Please wait a moment and try again.";
  return `The ${what}s could not be loaded (${error.status}). Please try again.`;
}
