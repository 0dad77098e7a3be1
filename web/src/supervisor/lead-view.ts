// One lead: who, how near, each part of the score with its reason, and their last calls.

import { chip, el, entry } from "../dom.ts";
import { moment } from "../format.ts";
import type { LeadLine, Points, Temperature } from "../wire.ts";
import type { TopicNames } from "./topic-names.ts";

/** A list item. `number` makes its ids its own. */
export function leadItem(lead: LeadLine, number: number, topics: TopicNames): HTMLElement {
  const title = `lead-title-${number}`;
  return el(
    "li",
    { class: "gap", data: { testid: "lead", id: lead.profile_id }, attributes: { "aria-labelledby": title } },
    el("h3", { id: title }, el("a", { attributes: { href: `#/profiles/${encodeURIComponent(lead.profile_id)}` } }, lead.username ?? "Anonymous")),
    el("div", { class: "turn-head" }, ...marks(lead, topics)),
    el("dl", { class: "facts" }, ...facts(lead)),
    el(
      "details",
      {},
      el("summary", {}, "Why"),
      ...points("Engagement", "of 10", lead.engagement),
      ...points("Intent", "of 10", lead.intent),
      ...points("Version 2", `of 20, ${lead.second_temperature}`, lead.second),
    ),
  );
}

const TONE: Record<Temperature, string> = { hot: "bad", warm: "notable", cold: "plain" };

function marks(lead: LeadLine, topics: TopicNames): (HTMLElement | null)[] {
  const shown = lead.shown.charAt(0).toUpperCase() + lead.shown.slice(1);
  const off = lead.selling_off;
  return [
    chip(`${lead.total_score.toFixed(1)} of 20`),
    chip(shown, TONE[lead.qualified || lead.temperature !== "hot" ? lead.temperature : "warm"]),
    lead.qualified ? chip("Qualified", "good") : null,
    off && chip(`Sell nothing until ${moment(off.until)}: ${topics.name(off.topic)}`, "bad"),
  ];
}

function facts(lead: LeadLine): (HTMLElement | null)[] {
  return [
    entry("Wants", String(lead.wanted)),
    entry("Hesitated", `${lead.objections} times`),
    lead.last_event_at === null ? null : entry("Last", moment(lead.last_event_at)),
    entry("Calls", el("span", {}, ...lead.calls.flatMap(({ session_id, started_at }, place) => [place === 0 ? null : " · ", call(session_id, started_at)]))),
  ];
}

function call(session: string, started: string): HTMLElement {
  return el("a", { attributes: { href: `#/calls/${encodeURIComponent(session)}` } }, moment(started));
}

function points(name: string, of: string, { total, parts }: Points): HTMLElement[] {
  const line = (part: Points["parts"][number]): HTMLElement => el("li", {}, `${part.points.toFixed(1)}: ${part.reason}`);
  return [el("h4", {}, `${name}: ${total.toFixed(1)} ${of}`), el("ul", { class: "phrasings" }, ...parts.map(line))];
}
