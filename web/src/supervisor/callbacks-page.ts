// What was promised to callers: who is to be called back about what, until when, and who has it.

import type { SupervisorApi } from "../api.ts";
import { byId } from "../dom.ts";
import type { CallbackList } from "../wire.ts";
import { callbackItem, type Keeping } from "./callback-view.ts";
import { changeFailureText, failureText, showOutcome } from "./status.ts";

const PAGE_SIZE = 25;
const TITLE = "Promises to callers";

export class CallbacksPage {
  private readonly page = byId("callbacks-page");
  private readonly status = byId("callbacks-status");
  private readonly list = byId("callbacks-list");
  private readonly state = byId<HTMLSelectElement>("callbacks-state");
  private readonly actor = byId<HTMLInputElement>("callbacks-actor");
  private readonly more = byId<HTMLButtonElement>("callbacks-more");
  private api: SupervisorApi | null = null;
  private cursor: string | null = null;
  /** The number of the latest request; answers to earlier ones are dropped. */
  private asked = 0;

  /** `refused` receives what goes wrong with the key after the page was opened. */
  constructor(private readonly refused: (error: unknown) => void) {
    this.state.addEventListener("change", () => this.reload(false));
    byId("callbacks-filter").addEventListener("submit", (event) => {
      event.preventDefault();
      this.reload(false);
    });
    this.more.addEventListener("click", () => this.reload(true));
    this.actor.addEventListener("input", () => this.askForName(false));
  }

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi): Promise<void> {
    this.api = api;
    document.title = TITLE;
    byId<HTMLAnchorElement>("callbacks-back").href = `${location.pathname}${location.search}#/`;
    byId("callbacks-title").focus();
    await this.load(false);
  }

  forget(): void {
    this.asked += 1;
    this.api = null;
    this.actor.value = "";
    this.list.replaceChildren();
  }

  private reload(further: boolean): void {
    this.load(further).catch(this.refused);
  }

  private async load(further: boolean): Promise<void> {
    if (!this.api) return;
    this.asked += 1;
    const question = this.asked;
    if (!further) showOutcome(this.status, "loading", "Loading what was promised …");
    this.more.disabled = true;
    const query = new URLSearchParams({ state: this.state.value, limit: String(PAGE_SIZE) });
    if (further && this.cursor) query.set("cursor", this.cursor);
    try {
      const answer = await this.api.callbacks(query);
      if (question === this.asked) this.show(answer, further);
    } catch (error) {
      if (question !== this.asked) return;
      if (!further) this.clear();
      showOutcome(this.status, "error", failureText(error, "promise"));
    } finally {
      this.more.disabled = false;
    }
  }

  private clear(): void {
    this.list.replaceChildren();
    this.more.hidden = true;
  }

  private show({ callbacks, next_cursor, may_change }: CallbackList, further: boolean): void {
    if (!further) this.list.replaceChildren();
    const before = this.list.childElementCount;
    const keeping = may_change ? this.keeping() : null;
    this.list.append(...callbacks.map((line, place) => callbackItem(line, before + place, keeping)));
    this.cursor = next_cursor;
    this.more.hidden = next_cursor === null;
    byId("callbacks-actor-part").hidden = !may_change;
    byId("callbacks-reading").hidden = may_change;
    const empty = this.list.childElementCount === 0;
    showOutcome(this.status, empty ? "empty" : "ready", empty ? EMPTY[this.state.value] ?? EMPTY.all : "");
  }

  private keeping(): Keeping {
    return {
      take: (id) => this.change("Not taken", (api, actor) => api.takeCallback(id, { actor })),
      done: (id, note) => this.change("Not done", (api, actor) => api.finishCallback(id, { actor, note: note || null })),
    };
  }

  /** null when it was done, else why not. */
  private async change(not: string, act: (api: SupervisorApi, actor: string) => Promise<unknown>): Promise<string | null> {
    const api = this.api;
    const actor = this.name();
    if (actor === null || !api) return "Please give your name above: the audit keeps who does this.";
    try {
      await act(api, actor);
    } catch (error) {
      return changeFailureText(error, not);
    }
    if (this.api === api) {
      // The button with the focus goes away with its line.
      byId("callbacks-title").focus();
      this.reload(false);
    }
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
    byId("callbacks-actor-missing").hidden = !missing;
  }
}

const EMPTY: Record<string, string> = {
  open: "Every promise is kept.",
  overdue: "Nothing is overdue.",
  taken: "Nobody has taken any that is still to be kept.",
  done: "None was kept yet.",
  all: "Nothing was promised yet.",
};
