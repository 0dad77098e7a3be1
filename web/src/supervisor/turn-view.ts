// One turn of a call's transcript.

import { chip, el } from "../dom.ts";
import { clock, milliseconds, words } from "../format.ts";
import type { Latency, Message, Source } from "../wire.ts";
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
    ),
    el("p", { class: "turn-text" }, message.content),
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
