// Who may take something that the company offers, the nearest first, with each part of their score and why.

import type { SupervisorApi } from "../api.ts";
import { byId, setText } from "../dom.ts";
import type { Leads } from "../wire.ts";
import { leadItem } from "./lead-view.ts";
import { failureText, showOutcome } from "./status.ts";
import type { TopicNames } from "./topic-names.ts";

const PAGE_SIZE = 25;
const TITLE = "Leads";

export class LeadsPage {
  private readonly page = byId("leads-page");
  private readonly status = byId("leads-status");
  private readonly list = byId("leads-list");
  private readonly kind = byId<HTMLSelectElement>("leads-kind");
  private readonly more = byId<HTMLButtonElement>("leads-more");
  private api: SupervisorApi | null = null;
  private cursor: string | null = null;
  /** The number of the latest request; answers to earlier ones are dropped. */
  private asked = 0;

  /** `refused` receives what goes wrong with the key after the page was opened. */
  constructor(
    private readonly topics: TopicNames,
    private readonly refused: (error: unknown) => void,
  ) {
    this.kind.addEventListener("change", () => this.reload(false));
    byId("leads-filter").addEventListener("submit", (event) => {
      event.preventDefault();
      this.reload(false);
    });
    this.more.addEventListener("click", () => this.reload(true));
  }

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi): Promise<void> {
    this.api = api;
    document.title = TITLE;
    byId<HTMLAnchorElement>("leads-back").href = `${location.pathname}${location.search}#/`;
    byId("leads-title").focus();
    await this.load(false);
  }

  forget(): void {
    this.asked += 1;
    this.api = null;
    this.list.replaceChildren();
  }

  private reload(further: boolean): void {
    this.load(further).catch(this.refused);
  }

  private async load(further: boolean): Promise<void> {
    if (!this.api) return;
    this.asked += 1;
    const question = this.asked;
    if (!further) showOutcome(this.status, "loading", "Loading leads …");
    setText(byId("leads-explained"), EXPLAINED[this.kind.value] ?? "");
    this.more.disabled = true;
    const query = new URLSearchParams({ kind: this.kind.value, limit: String(PAGE_SIZE) });
    if (further && this.cursor) query.set("cursor", this.cursor);
    try {
      await this.topics.load(this.api);
      const answer = await this.api.leads(query);
      if (question === this.asked) this.show(answer, further);
    } catch (error) {
      if (question !== this.asked) return;
      if (!further) this.clear();
      showOutcome(this.status, "error", failureText(error, "lead"));
    } finally {
      this.more.disabled = false;
    }
  }

  private clear(): void {
    this.list.replaceChildren();
    this.more.hidden = true;
  }

  private show({ leads, next_cursor }: Leads, further: boolean): void {
    if (!further) this.list.replaceChildren();
    const before = this.list.childElementCount;
    this.list.append(...leads.map((lead, place) => leadItem(lead, before + place, this.topics)));
    this.cursor = next_cursor;
    this.more.hidden = next_cursor === null;
    const empty = this.list.childElementCount === 0;
    showOutcome(this.status, empty ? "empty" : "ready", empty ? EMPTY[this.kind.value] ?? EMPTY.all : "");
  }
}

const EXPLAINED: Record<string, string> = {
  hot: "15 points and more of 20.",
  stuck: "They want something, no day was agreed on and nobody calls them back, and they hesitated twice or said nothing for a week.",
  intent: "6 and more of the 10 points of intent.",
  all: "Everybody who called.",
};

const EMPTY: Record<string, string> = {
  hot: "Nobody is hot.",
  stuck: "Nobody is stuck.",
  intent: "Nobody has so high an intent.",
  all: "Nobody called yet.",
};
