// One promise to a caller: where to call, what about, until when, who has it, and the form that takes it or says that it
// is done.

import { chip, el, entry, setText } from "../dom.ts";
import { moment, words } from "../format.ts";
import type { CallbackLine } from "../wire.ts";

/** Both resolve with null when it was done, else with why not. */
export interface Keeping {
  take(id: string): Promise<string | null>;
  done(id: string, note: string): Promise<string | null>;
}

/** A list item; with `keeping`, one that is not done yet has the form. `number` makes its ids its own. */
export function callbackItem(line: CallbackLine, number: number, keeping: Keeping | null): HTMLElement {
  const title = `callback-title-${number}`;
  return el(
    "li",
    { class: "gap", data: { testid: "callback", id: line.id }, attributes: { "aria-labelledby": title } },
    el("h3", { id: title }, `${words(line.kind)} ${line.reference ?? ""}`.trim()),
    el("div", { class: "turn-head" }, ...marks(line)),
    el("dl", { class: "facts" }, ...facts(line)),
    keeping && line.done_at === null ? new KeepForm(line, number, keeping).element : null,
  );
}

function marks(line: CallbackLine): (HTMLElement | null)[] {
  return [
    line.overdue ? chip("Overdue", "bad") : null,
    line.urgent ? chip("Urgent", "notable") : null,
    chip(...standing(line)),
  ];
}

/** Who has it, and the colour of that. */
function standing(line: CallbackLine): [string, string] {
  if (line.erased) return ["Caller erased", "plain"];
  if (line.done_by !== null) return [`Done by ${line.done_by}, ${moment(line.done_at)}`, "good"];
  if (line.taken_by !== null) return [`Taken by ${line.taken_by}, ${moment(line.taken_at)}`, "plain"];
  return ["Nobody has it", "plain"];
}

function facts(line: CallbackLine): (HTMLElement | null)[] {
  const call = { href: `#/calls/${encodeURIComponent(line.session_id)}` };
  const told = (term: string, value: string | null): HTMLElement | null => (value === null ? null : entry(term, value));
  return [
    entry("Number", number(line)),
    told("Wanted", line.wanted),
    told("About", line.reason),
    entry("Due", moment(line.due_at)),
    entry("Promised", el("a", { attributes: call }, moment(line.requested_at))),
    told("Note", line.note),
  ];
}

function number({ phone_number, erased }: CallbackLine): HTMLElement | string {
  if (phone_number === null) return erased ? "–" : "The number on file";
  return el("a", { attributes: { href: `tel:${phone_number}` } }, phone_number);
}

class KeepForm {
  readonly element: HTMLFormElement;
  private readonly note: HTMLInputElement;
  private readonly problem: HTMLElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(
    private readonly line: CallbackLine,
    number: number,
    private readonly keeping: Keeping,
  ) {
    const note = `callback-note-${number}`;
    const called = line.reference ?? words(line.kind);
    this.note = el("input", { id: note, attributes: { maxlength: "500", autocomplete: "off" } });
    this.problem = el("p", { class: "notice", data: { tone: "problem", testid: "callback-problem" }, attributes: { role: "alert" } });
    const done = button("Done", `Done: ${called}`, "done");
    done.type = "submit";
    done.classList.add("strong");
    this.buttons = [done];
    if (line.taken_by === null) {
      const take = button("Take", `Take: ${called}`, "take");
      take.addEventListener("click", () => void this.send(() => this.keeping.take(this.line.id)));
      this.buttons.unshift(take);
    }
    this.element = el("form", { class: "keep", attributes: { "aria-label": `Keep: ${called}` } },
      el("div", { class: "field" }, el("label", { attributes: { for: note } }, "Note (sealed, goes with the caller's data)"), this.note),
      ...this.buttons,
      this.problem,
    );
    this.say("");
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send(() => this.keeping.done(this.line.id, this.note.value.trim()));
    });
  }

  private async send(change: () => Promise<string | null>): Promise<void> {
    for (const button of this.buttons) button.disabled = true;
    this.say("");
    const problem = await change();
    for (const button of this.buttons) button.disabled = false;
    this.say(problem ?? "");
  }

  private say(problem: string): void {
    setText(this.problem, problem);
    this.problem.hidden = problem === "";
  }
}

function button(text: string, label: string, testid: string): HTMLButtonElement {
  return el("button", { class: "button", attributes: { type: "button", "aria-label": label }, data: { testid } }, text);
}
