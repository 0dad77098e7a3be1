// One call: summary, who called, and every turn with how long each stage took
// and what the answer rests on.

import type { SupervisorApi } from "../api.ts";
import { byId, chip, el, entry, setText } from "../dom.ts";
import { duration, lineQuality, moment, resolutionTone, sentimentTone, words } from "../format.ts";
import type { CallLine, CallRecord, Identity, StoredSummary } from "../wire.ts";
import { Player } from "./player.ts";
import { failureText, showOutcome } from "./status.ts";
import type { TopicNames } from "./topic-names.ts";
import { turn } from "./turn-view.ts";

/** Names the messages that the rest was extracted from: for programs, not shown. */
const EVIDENCE = "evidence";

export class CallPage {
  private readonly page = byId("call-page");
  private readonly status = byId("call-status");
  private readonly record = byId("call-record");
  private readonly title = byId("call-title");
  private readonly player = new Player();
  private shown = "";

  constructor(private readonly topics: TopicNames) {}

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi, id: string): Promise<void> {
    this.shown = id;
    this.record.hidden = true;
    this.player.forget();
    byId<HTMLAnchorElement>("back").href = `${location.pathname}${location.search}#/`;
    setText(this.title, "Call");
    showOutcome(this.status, "loading", "Loading the call …");
    try {
      const [record] = await Promise.all([api.call(id), this.topics.load(api)]);
      if (this.shown === id) this.show(api, record);
    } catch (error) {
      if (this.shown === id) showOutcome(this.status, "error", failureText(error));
    }
  }

  forget(): void {
    this.shown = "";
    this.player.forget();
    for (const id of ["call-summary", "call-topics", "call-facts", "call-turns", "call-identity", "call-extracted"]) {
      byId(id).replaceChildren();
    }
  }

  private show(api: SupervisorApi, record: CallRecord): void {
    const { call, summary, identity, messages, recorded } = record;
    showOutcome(this.status, "ready");
    this.record.hidden = false;
    const title = `Call of ${moment(call.started_at)}`;
    document.title = title;
    setText(this.title, title);
    this.title.focus();
    showSummary(call, summary, this.topics);
    byId("call-facts").replaceChildren(...facts(record));
    byId("call-identity").replaceChildren(...identityParts(identity));
    this.player.show(api, call.session_id, recorded);
    const play = recorded ? this.player : null;
    byId("call-turns").replaceChildren(...messages.map((message) => turn(message, play)));
    byId("call-turns-empty").hidden = messages.length > 0;
  }
}

function showSummary(call: CallLine, summary: StoredSummary | null, topics: TopicNames): void {
  const none = call.status === "active" ? "The summary is written when the call ends." : "This call has no summary.";
  setText(byId("call-summary"), summary?.summary ?? none);
  const chips = call.topics.map((topic) => el("li", {}, chip(topics.name(topic))));
  byId("call-topics").replaceChildren(...chips);
  const known = Object.entries(summary?.extracted_info ?? {});
  const extracted = known.filter(([name, value]) => name !== EVIDENCE && !isEmpty(value));
  byId("call-extracted-part").hidden = extracted.length === 0;
  byId("call-extracted").replaceChildren(...extracted.map(([name, value]) => entry(words(name), plain(value))));
}

function facts({ call, end_reason, line, summary }: CallRecord): HTMLElement[] {
  const resolution = call.resolution_status;
  return [
    entry("Channel", words(call.channel)),
    entry("Status", words(call.status)),
    entry("Ended", call.ended_at ? moment(call.ended_at) : "–"),
    entry("How it ended", end_reason ? words(end_reason) : "–"),
    entry("Duration", duration(call.duration_seconds)),
    entry("Messages", String(call.message_count)),
    entry("Sentiment", call.sentiment ? chip(words(call.sentiment), sentimentTone(call.sentiment)) : "–"),
    entry("Outcome", resolution ? chip(words(resolution), resolutionTone(resolution)) : "–"),
    entry("Line", line ? lineQuality(line) : "–"),
    entry("Summarised by", summary?.method ?? "–"),
  ];
}

function identityParts(identity: Identity | null): HTMLElement[] {
  if (!identity) return [el("p", { class: "empty" }, "Nothing is known about the caller.")];
  const facts = el(
    "dl",
    { class: "facts" },
    entry("User name", identity.username ?? "Anonymous"),
    entry("Profile", words(identity.profile_type)),
    entry("Proof of identity", identity.auth_level ? words(identity.auth_level) : "None"),
    entry("Profile id", el("code", {}, identity.profile_id)),
  );
  const merges = identity.merges.map(({ source_id, target_id, outcome, at }) =>
    el(
      "li",
      {},
      `${moment(at)}: `,
      el("code", {}, source_id),
      " into ",
      el("code", {}, target_id),
      ` – ${words(outcome)}`,
    ),
  );
  const address = { href: `#/profiles/${encodeURIComponent(identity.profile_id)}` };
  const history = el("p", {}, el("a", { attributes: address, data: { testid: "profile-link" } }, "History of this profile"));
  if (merges.length === 0) return [facts, history];
  return [facts, el("h3", {}, "Profiles brought together"), el("ul", { class: "merges" }, ...merges), history];
}

function isEmpty(value: unknown): boolean {
  return value == null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Any JSON, formatted for people: "Yes", "Lost book", "a, b", "Language: English". */
function plain(value: unknown): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(([name, part]) => `${words(name)}: ${plain(part)}`)
      .join(", ");
  }
  const text = String(value);
  return /^[a-z]+(_[a-z]+)+$/.test(text) ? words(text) : text;
}
