// The panel after the call: what was talked about and what came of it.

import { byId, chip, el, entry, setText } from "../dom.ts";
import { duration, resolutionTone, sentimentTone, words } from "../format.ts";
import type { CallSummary } from "../wire.ts";
import type { SummaryOutcome } from "./await-summary.ts";

const SORRY: Record<Exclude<SummaryOutcome["kind"], "ready">, string> = {
  gone: "The summary of this call is not available any more.",
  late: "The summary is taking longer than usual. It will be on record; this page stops waiting.",
  unreachable: "The summary could not be fetched: the service cannot be reached.",
};

export class SummaryView {
  private readonly panel = byId("summary");
  private readonly text = byId("summary-text");
  private readonly topics = byId("summary-topics");
  private readonly facts = byId("summary-facts");
  /** The token of the summary that is awaited; a later call makes earlier ones stale. */
  private expected = "";

  hide(): void {
    this.expected = "";
    this.panel.hidden = true;
    this.panel.dataset.kind = "none";
  }

  expect(token: string): void {
    this.expected = token;
    this.panel.hidden = false;
    this.panel.dataset.kind = "pending";
    this.topics.replaceChildren();
    this.facts.replaceChildren();
    setText(this.text, "Writing the summary …");
  }

  show(token: string, outcome: SummaryOutcome): void {
    if (token !== this.expected) return;
    this.panel.dataset.kind = outcome.kind;
    if (outcome.kind !== "ready") return setText(this.text, SORRY[outcome.kind]);
    this.fill(outcome.summary);
    this.panel.scrollIntoView({ block: "nearest" });
  }

  private fill(summary: CallSummary): void {
    setText(this.text, summary.summary);
    this.topics.replaceChildren(...summary.topics.map((topic) => el("li", {}, chip(words(topic)))));
    this.facts.replaceChildren(
      entry("Duration", duration(summary.duration_seconds)),
      entry("Messages", String(summary.message_count)),
      entry("Outcome", chip(words(summary.resolution_status), resolutionTone(summary.resolution_status))),
      entry("Sentiment", chip(words(summary.sentiment), sentimentTone(summary.sentiment))),
    );
  }
}
