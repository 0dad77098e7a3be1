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

/** The key was wrong, or was not even looked at because too many wrong ones came before. */
export function isKeyRefused({ status }: ApiFailure): boolean {
  return status === 401 || status === 403 || status === 429;
}

/** Why something was not changed: the worker's explanation if it gave one, else the status. */
export function changeFailureText(error: unknown, not: string): string {
  if (!(error instanceof ApiFailure)) throw error;
  if (error.status === 0) return "The server cannot be reached. Check the connection and try again.";
  return error.reason ? `${not}: ${error.reason}.` : `${not}: the server answered ${error.status}.`;
}

/** The text for a failed request; a refused key is rethrown to the code that can ask for another. */
export function failureText(error: unknown, what = "call"): string {
  if (!(error instanceof ApiFailure)) throw error;
  if (isKeyRefused(error)) throw error;
  if (error.status === 0) return "The server cannot be reached. Check the connection and try again.";
  if (error.status === 404) return `There is no such ${what}.`;
  return `The ${what}s could not be loaded (${error.status}). Please try again.`;
}
