// One turn of a call's transcript.

import { chip, el } from "../dom.ts";
import { clock, milliseconds, words } from "../format.ts";
import type { Insight, Latency, Message, Source } from "../wire.ts";
import { stages } from "./latency.ts";
import type { Player, Stretch } from "./player.ts";

const NAMES: Record<Message["role"], string> = { user: "Caller", assistant: "Assistant", system: "System", tool: "Tool" };

/** A list item with who, when, what, and how it came about; of a call that was recorded, with a button that plays it. */
export function turn(message: Message, player: Player | null): HTMLElement {
  const stretch = player && stretchOf(message);
  return el(
    "li",
    { class: "turn", data: { testid: "turn", role: message.role, seq: String(message.seq) } },
    el(
      "div",
      { class: "turn-head" },
      el("strong", {}, NAMES[message.role] ?? words(message.role)),
      el("time", { attributes: { datetime: message.created_at } }, clock(message.created_at)),
      message.intent ? chip(words(message.intent)) : null,
      message.interrupted ? chip("Interrupted", "notable") : null,
      player && stretch ? playButton(player, stretch) : null,
      ...(message.insight ? insightChips(message.insight) : []),
    ),
    el("p", { class: "turn-text" }, message.content),
    message.insight ? insightPart(message.insight) : null,
    message.latency ? latencyPart(message.latency) : null,
    message.sources && message.sources.length > 0 ? sourcesPart(message.sources) : null,
  );
}

/** What was typed has no sound. */
function stretchOf({ started_ms, ended_ms }: Message): Stretch | null {
  if (typeof started_ms !== "number" || typeof ended_ms !== "number") return null;
  return { from: started_ms, to: ended_ms };
}

function playButton(player: Player, stretch: Stretch): HTMLElement {
  const button = el("button", { class: "play", data: { testid: "play-turn" }, attributes: { type: "button" } }, "▶ Play");
  button.addEventListener("click", () => void player.play(stretch));
  return button;
}

/** What a supervisor looks for at a glance: how the caller feels, and what must not wait. */
function insightChips(insight: Insight): HTMLElement[] {
  const pressing = insight.urgency === "critical" || insight.urgency === "high";
  return [
    ...(insight.emotion === "neutral" ? [] : [chip(words(insight.emotion))]),
    ...(pressing ? [chip(`${words(insight.urgency)} urgency`, "notable")] : []),
    ...(insight.frustration > 0 ? [chip(`Frustration ${insight.frustration}/10`, insight.frustration >= 7 ? "notable" : undefined)] : []),
  ];
}

function insightPart(insight: Insight): HTMLElement {
  const listed: [string, string[]][] = [
    ["Topics", insight.key_topics],
    ["Hard for them", insight.pain_points],
    ["Could use", insight.opportunities],
    ["Hesitates for", insight.objections],
    ["Best now", insight.next_best_actions],
    ["Frustration by", insight.frustration_causes],
  ];
  const facts: [string, string][] = [
    ["Wants", words(insight.intent_category)],
    ["Urgency", words(insight.urgency)],
    ["Sentiment", insight.sentiment.toFixed(2)],
    ["Confidence", `${insight.confidence} (${insight.confidence_score.toFixed(2)})`],
    ...listed.filter(([, ids]) => ids.length > 0).map(([name, ids]): [string, string] => [name, ids.map(words).join(", ")]),
    ...(insight.style ? [["Style", words(insight.style)] as [string, string]] : []),
    ...(insight.level ? [["Level", words(insight.level)] as [string, string]] : []),
  ];
  return el(
    "details",
    { class: "sources", data: { testid: "insight" } },
    el("summary", {}, `${words(insight.emotion)}, ${words(insight.intent_category)}`),
    el("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
  );
}

function latencyPart(latency: Latency): HTMLElement | null {
  const ran = stages(latency);
  const reply = latency.reply_ms;
  // A typed turn has no stages that take time.
  if (ran.every(({ ms }) => ms === 0) && typeof reply !== "number") return null;
  // The bar repeats the numbers below it, so screen readers skip it.
  const bar = el("div", { class: "bar", attributes: { "aria-hidden": "true" } });
  for (const stage of ran) {
    const part = el("span", { data: { stage: String(stage.colour) } });
    part.style.flexGrow = String(stage.share);
    bar.append(part);
  }
  const numbers = ran.map(({ name, colour, ms }) =>
    el("li", { data: { stage: String(colour) } }, `${name} `, el("b", {}, milliseconds(ms))),
  );
  const total =
    typeof reply === "number" ? el("li", { class: "total" }, "To first audio ", el("b", {}, milliseconds(reply))) : null;
  const label = { "aria-label": "Time each stage took" };
  return el(
    "div",
    { class: "latency", data: { testid: "latency" } },
    ran.length > 0 ? bar : null,
    el("ul", { class: "stages", attributes: label }, ...numbers, total),
  );
}

function sourcesPart(sources: Source[]): HTMLElement {
  const items = sources.map(({ title, source, score }) =>
    el("li", {}, el("b", {}, title), source && source !== title ? ` – ${source}` : "", ` (score ${Number(score).toFixed(2)})`),
  );
  const count = sources.length === 1 ? "1 source" : `${sources.length} sources`;
  return el(
    "details",
    { class: "sources", data: { testid: "sources" } },
    el("summary", {}, count),
    el("ul", {}, ...items),
  );
}
