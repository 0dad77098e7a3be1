// What callers asked and nobody wrote down, and the draft of what is to be added to the pack for it.

import { ApiFailure, type SupervisorApi } from "../api.ts";
import { byId, el, setText } from "../dom.ts";
import type { Gaps } from "../wire.ts";
import { DraftPart } from "./draft-part.ts";
import { gapItem, type Wording } from "./gap-view.ts";
import { changeFailureText, failureText, isKeyRefused, showOutcome } from "./status.ts";

const DAY_MS = 86_400_000;
const TITLE = "What callers asked and nobody wrote down";

export class GapsPage {
  private readonly page = byId("gaps-page");
  private readonly status = byId("gaps-status");
  private readonly record = byId("gaps-record");
  private readonly list = byId("gaps-list");
  private readonly days = byId<HTMLSelectElement>("gaps-days");
  private readonly actor = byId<HTMLInputElement>("gaps-actor");
  private readonly draft = new DraftPart(() => this.name());
  private api: SupervisorApi | null = null;
  /** The number of the latest request; answers to earlier ones are dropped. */
  private asked = 0;

  /** `refused` receives what goes wrong with the key after the page was opened. */
  constructor(private readonly refused: (error: unknown) => void) {
    const again = (): void => void this.load().catch(this.refused);
    this.days.addEventListener("change", again);
    byId("gaps-filter").addEventListener("submit", (event) => {
      event.preventDefault();
      again();
    });
    this.actor.addEventListener("input", () => this.askForName(false));
  }

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi): Promise<void> {
    this.api = api;
    document.title = TITLE;
    byId<HTMLAnchorElement>("gaps-back").href = `${location.pathname}${location.search}#/`;
    byId("gaps-title").focus();
    await this.load();
  }

  forget(): void {
    this.asked += 1;
    this.api = null;
    this.actor.value = "";
    this.list.replaceChildren();
    this.draft.forget();
  }

  private async load(): Promise<void> {
    const api = this.api;
    if (!api) return;
    this.asked += 1;
    const question = this.asked;
    this.record.hidden = true;
    showOutcome(this.status, "loading", "Putting together what callers asked. This can take some seconds …");
    const since = new Date(Date.now() - Number(this.days.value) * DAY_MS).toISOString();
    try {
      const gaps = await api.gaps(new URLSearchParams({ since }));
      if (question !== this.asked) return;
      this.show(gaps);
      await this.draft.open(api, gaps.may_adopt);
    } catch (error) {
      if (question === this.asked) showOutcome(this.status, "error", lookFailureText(error));
    }
  }

  private show({ gaps, questions, more, documents, may_adopt }: Gaps): void {
    this.record.hidden = false;
    const adopt = may_adopt ? (wording: Wording) => this.adopt(wording) : null;
    this.list.replaceChildren(...gaps.map((gap, number) => gapItem(gap, number, adopt)));
    const options = documents.map(({ source, title }) => el("option", { attributes: { value: source } }, title));
    byId("gaps-documents").replaceChildren(...options);
    byId("gaps-list-part").hidden = gaps.length === 0;
    byId("gaps-actor-part").hidden = !may_adopt;
    byId("gaps-reading").hidden = may_adopt;
    setText(byId("gaps-count"), countText(gaps.length, questions, more));
    const empty = "Every question in this time was answered from a document, or nobody asked one.";
    showOutcome(this.status, gaps.length > 0 ? "ready" : "empty", gaps.length > 0 ? "" : empty);
  }

  /** null when it is in the draft, else why not. */
  private async adopt(wording: Wording): Promise<string | null> {
    const api = this.api;
    const actor = this.name();
    if (actor === null || !api) return "Please give your name above: the audit keeps who does this.";
    try {
      await api.adopt({ actor, ...wording });
    } catch (error) {
      return changeFailureText(error, "Not adopted");
    }
    if (this.api === api) this.draft.load().catch(this.refused);
    return null;
  }

  /** Who changes something; null, and the field has the focus, when that is not given. */
  private name(): string | null {
    const name = this.actor.value.trim();
    this.askForName(name === "");
    if (name === "") this.actor.focus();
    return name || null;
  }

  private askForName(missing: boolean): void {
    this.actor.setAttribute("aria-invalid", String(missing));
    byId("gaps-actor-missing").hidden = !missing;
  }
}

function countText(gaps: number, questions: number, more: boolean): string {
  const asked = questions === 1 ? "1 question" : `${questions} questions`;
  const newest = more ? "; there are older ones beyond these" : "";
  return `${asked} without an answer, ${gaps} different${newest}.`;
}

/** Why nothing is shown: also that somebody else looks, which is over soon. */
function lookFailureText(error: unknown): string {
  const away = error instanceof ApiFailure && !isKeyRefused(error) && error.status === 503 && error.reason;
  return away ? `Not now: ${error.reason}. Please try again.` : failureText(error, "question");
}
