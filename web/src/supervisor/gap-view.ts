// One gap: a question that nobody wrote down, how callers worded it, and the form that adopts a wording.

import { chip, el, setText } from "../dom.ts";
import { moment } from "../format.ts";
import type { Gap, PackDocument, Phrasing } from "../wire.ts";

/** What an administrator adopts; `session_id` is the call in which it was asked. */
export interface Wording {
  phrasing: string;
  document: string;
  session_id: string;
}

/** Resolves with null when it was done, else with why not. */
export type Adopt = (wording: Wording) => Promise<string | null>;

/** A list item; with `adopt`, it has the form. `number` makes its ids its own. */
export function gapItem(gap: Gap, number: number, adopt: Adopt | null): HTMLElement {
  const [newest] = gap.phrasings;
  // What was redacted is hard to read, and not to be adopted as it is.
  const best = gap.phrasings.find(({ unfit }) => unfit === null) ?? newest;
  const last = el("a", { attributes: { href: `#/calls/${encodeURIComponent(newest?.session_id ?? "")}` } }, moment(gap.last_asked_at));
  const form = adopt && best ? new AdoptForm(gap, best, number, adopt) : null;
  const others = gap.phrasings.filter((phrasing) => phrasing !== best);
  return el(
    "li",
    { class: "gap", data: { testid: "gap" } },
    el("h3", {}, best?.words ?? ""),
    el("div", { class: "turn-head" }, chip(timesText(gap.count)), el("span", { class: "small" }, "Last ", last)),
    others.length > 0 ? el("p", { class: "small" }, "Also asked as:") : null,
    others.length > 0 ? el("ul", { class: "phrasings" }, ...others.map((other) => otherItem(other, form))) : null,
    el("p", {}, ...nearestText(gap.nearest)),
    form?.element,
  );
}

/** "Asked once", "Asked 3 times". */
export function timesText(count: number): string {
  return count === 1 ? "Asked once" : `Asked ${count} times`;
}

function nearestText(nearest: PackDocument | null): (string | HTMLElement)[] {
  if (!nearest) return ["No document comes near."];
  return [`Nearest: ${nearest.title} – `, el("code", {}, nearest.source)];
}

function otherItem(phrasing: Phrasing, form: AdoptForm | null): HTMLElement {
  const item = el("li", {}, el("span", {}, phrasing.words));
  if (form) {
    const label = { type: "button", "aria-label": `Use this wording: ${phrasing.words}` };
    const button = el("button", { class: "button", attributes: label, data: { testid: "use-wording" } }, "Use this");
    button.addEventListener("click", () => form.use(phrasing));
    item.append(button);
  }
  return item;
}

class AdoptForm {
  readonly element: HTMLFormElement;
  private readonly words: HTMLInputElement;
  private readonly document: HTMLInputElement;
  private readonly hint: HTMLElement;
  private readonly note: HTMLElement;
  private readonly done: HTMLElement;
  private readonly button: HTMLButtonElement;

  constructor(
    gap: Gap,
    private chosen: Phrasing,
    number: number,
    private readonly adopt: Adopt,
  ) {
    const [words, document, hint] = [`gap-words-${number}`, `gap-document-${number}`, `gap-hint-${number}`];
    this.words = el("input", { id: words, attributes: { maxlength: "200", required: "", autocomplete: "off", "aria-describedby": hint } });
    const choice = { list: "gaps-documents", required: "", autocomplete: "off", spellcheck: "false", placeholder: "Source of the document" };
    this.document = el("input", { id: document, attributes: choice });
    this.hint = el("p", { id: hint, class: "small", data: { testid: "gap-hint" } });
    this.note = el("p", { class: "notice", data: { tone: "problem", testid: "gap-note" }, attributes: { role: "alert" } });
    this.done = el("p", { class: "notice", data: { tone: "good", testid: "gap-done" }, attributes: { role: "status" } });
    this.button = el("button", { class: "button strong", attributes: { type: "submit" }, data: { testid: "adopt" } }, "Add to the draft");
    const about = { "aria-label": `Adopt: ${chosen.words}` };
    this.element = el("form", { class: "adopt", attributes: about, data: { testid: "adopt-form" } },
      field(words, "Wording to adopt", this.words, this.hint),
      field(document, "Document that should answer it", this.document),
      this.button,
      this.note,
      this.done,
    );
    this.document.value = gap.nearest?.source ?? "";
    this.fill(chosen);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  /** Puts another of the callers' wordings into the field. */
  use(phrasing: Phrasing): void {
    this.fill(phrasing);
    this.words.focus();
  }

  private fill(phrasing: Phrasing): void {
    this.chosen = phrasing;
    this.words.value = phrasing.words;
    setText(this.hint, phrasing.unfit === null ? "" : editText(phrasing.unfit));
    this.say("");
  }

  private async send(): Promise<void> {
    const phrasing = this.words.value.trim();
    const document = this.document.value.trim();
    const { unfit, words, session_id } = this.chosen;
    if (unfit !== null && phrasing === words.trim()) {
      this.say(editText(unfit));
      return this.words.focus();
    }
    this.button.disabled = true;
    this.say("");
    const problem = await this.adopt({ phrasing, document, session_id });
    this.button.disabled = false;
    if (problem === null) this.say("", `In the draft for ${document}: ${phrasing}`);
    else this.say(problem);
  }

  private say(problem: string, done = ""): void {
    setText(this.note, problem);
    this.note.hidden = problem === "";
    setText(this.done, done);
    this.done.hidden = done === "";
  }
}

function field(id: string, label: string, ...input: HTMLElement[]): HTMLElement {
  return el("div", { class: "field" }, el("label", { attributes: { for: id } }, label), ...input);
}

function editText(unfit: string): string {
  return `Please edit this wording before it is adopted: ${unfit}.`;
}
