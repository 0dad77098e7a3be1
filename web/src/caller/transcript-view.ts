// The conversation's panel: both sides' lines as they grow, and the text box.

import { byId, el, setText } from "../dom.ts";
import { hear, type Heard, type Line, type Speaker, type Transcript } from "./transcript.ts";

const NAMES: Record<Speaker, string> = { caller: "You", assistant: "Assistant" };

export class TranscriptView {
  private readonly list = byId("transcript");
  private readonly announcer = byId("announcer");
  private readonly form = byId<HTMLFormElement>("text-form");
  private readonly input = byId<HTMLInputElement>("text-input");
  private readonly button = byId<HTMLButtonElement>("send-button");
  private readonly items = new Map<string, HTMLElement>();
  private lines: Transcript = [];

  constructor() {
    this.allowTyping(false);
  }

  /** `send` rejects when the text did not reach the room; it then stays in the box. */
  onSend(send: (text: string) => Promise<void>): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text || this.button.disabled) return;
      this.input.value = "";
      this.input.setCustomValidity("");
      send(text).catch(() => {
        this.input.value = text;
        this.input.setCustomValidity("This was not sent. Please try again.");
        this.input.reportValidity();
      });
    });
    this.input.addEventListener("input", () => this.input.setCustomValidity(""));
  }

  allowTyping(allowed: boolean): void {
    this.input.disabled = !allowed;
    this.button.disabled = !allowed;
  }

  hear(heard: Heard): void {
    const before = this.lines;
    this.lines = hear(before, heard);
    if (this.lines !== before) this.draw(before);
  }

  /** The call is over: no line will grow any more. */
  settle(): void {
    for (const line of this.lines) if (!line.final) this.hear({ ...line, final: true });
  }

  clear(): void {
    this.lines = [];
    this.items.clear();
    this.list.replaceChildren();
    this.announcer.replaceChildren();
    byId("transcript-empty").hidden = false;
  }

  private draw(before: Transcript): void {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    for (const [segment, item] of this.items) {
      if (this.lines.some((line) => line.segment === segment)) continue;
      item.remove();
      this.items.delete(segment);
    }
    for (const line of this.lines) {
      if (before.includes(line)) continue;
      this.drawLine(line);
      if (line.final) this.announce(line);
    }
    byId("transcript-empty").hidden = this.lines.length > 0;
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  private drawLine(line: Line): void {
    const item = this.items.get(line.segment) ?? this.add(line);
    item.dataset.final = String(line.final);
    setText(item.querySelector("p") as HTMLElement, line.text.trim());
    item.querySelector(".citations")?.remove();
    if (line.citations?.length) item.append(citations(line.citations));
  }

  private add(line: Line): HTMLElement {
    const who = el("span", { class: "who" }, NAMES[line.speaker]);
    const item = el("li", { class: "line", data: { speaker: line.speaker, segment: line.segment } }, who, el("p"));
    this.items.set(line.segment, item);
    this.list.append(item);
    return item;
  }

  /** Screen readers announce whole lines, not every word that is added to one. */
  private announce(line: Line): void {
    this.announcer.append(el("p", {}, `${NAMES[line.speaker]}: ${line.text.trim()}`));
    while (this.announcer.childElementCount > 20) this.announcer.firstElementChild?.remove();
  }
}

/** What a line rests on: "[1] Fees and charges". */
function citations(titles: readonly string[]): HTMLElement {
  const items = titles.map((title, index) => el("li", {}, `[${index + 1}] ${title}`));
  const properties = { class: "citations", data: { testid: "citations" }, attributes: { "aria-label": "Sources" } };
  return el("ol", properties, ...items);
}
