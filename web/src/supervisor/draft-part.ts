// The draft of what is to be added to the pack: its lines, taken back one by one, and the whole as a file.

import type { SupervisorApi } from "../api.ts";
import { byId, el, setText } from "../dom.ts";
import { moment } from "../format.ts";
import type { DraftLine } from "../wire.ts";
import { draftText } from "./draft-text.ts";
import { changeFailureText, failureText, showOutcome } from "./status.ts";

export class DraftPart {
  private readonly status = byId("draft-status");
  private readonly lines = byId("draft-lines");
  private readonly file = byId<HTMLAnchorElement>("draft-download");
  private api: SupervisorApi | null = null;
  private mayChange = false;
  /** The number of the latest request; answers to earlier ones are dropped. */
  private asked = 0;

  /** `actor` names who takes a line back, or asks for the name and gives null. */
  constructor(private readonly actor: () => string | null) {}

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi, mayChange: boolean): Promise<void> {
    this.api = api;
    this.mayChange = mayChange;
    await this.load();
  }

  forget(): void {
    this.asked += 1;
    this.api = null;
    this.show([]);
  }

  /** Rejects with status 401 when the key is wrong. */
  async load(): Promise<void> {
    if (!this.api) return;
    this.asked += 1;
    const question = this.asked;
    showOutcome(this.status, "loading", "Loading the draft …");
    try {
      const { lines } = await this.api.draft();
      if (question !== this.asked) return;
      this.show(lines);
      showOutcome(this.status, lines.length > 0 ? "ready" : "empty", lines.length > 0 ? "" : "Nothing is in the draft.");
    } catch (error) {
      if (question === this.asked) showOutcome(this.status, "error", failureText(error, "line"));
    }
  }

  private show(lines: DraftLine[]): void {
    this.lines.replaceChildren(...lines.map((line) => this.item(line)));
    this.file.hidden = lines.length === 0;
    byId("draft-lines-part").hidden = lines.length === 0;
    const text = lines.length > 0 ? draftText(lines) : "";
    setText(byId("draft-text"), text);
    URL.revokeObjectURL(this.file.href);
    this.file.href = URL.createObjectURL(new Blob([text], { type: "application/toml" }));
  }

  private item(line: DraftLine): HTMLElement {
    const item = el(
      "li",
      { data: { testid: "draft-line", line: String(line.line) } },
      el("p", {}, el("strong", {}, line.phrasing)),
      el("p", {}, "For ", el("code", {}, line.document), ". ", `By ${line.adopted_by}, ${moment(line.adopted_at)}.`),
    );
    if (this.mayChange) {
      const label = { type: "button", "aria-label": `Take back: ${line.phrasing}` };
      const button = el("button", { class: "button", attributes: label, data: { testid: "withdraw" } }, "Take back");
      button.addEventListener("click", () => void this.takeBack(line, button));
      item.append(button);
    }
    return item;
  }

  private async takeBack({ line }: DraftLine, button: HTMLButtonElement): Promise<void> {
    const actor = this.actor();
    const api = this.api;
    if (actor === null || !api) return;
    button.disabled = true;
    try {
      await api.withdraw({ actor, line });
      if (this.api !== api) return;
      // The button with the focus goes away with its line.
      byId("draft-title").focus();
      await this.load();
    } catch (error) {
      button.disabled = false;
      if (this.api === api) showOutcome(this.status, "error", changeFailureText(error, "Not taken back"));
    }
  }
}
