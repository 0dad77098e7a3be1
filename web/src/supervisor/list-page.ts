// The list of calls with its filters.

import type { SupervisorApi } from "../api.ts";
import { byId, chip, el } from "../dom.ts";
import { duration, moment, resolutionTone, sentimentTone, words } from "../format.ts";
import type { CallLine } from "../wire.ts";
import { FILTER_NAMES, apiQuery, fromQuery, restrictions, toQuery, type Filters } from "./filters.ts";
import { failureText, showOutcome } from "./status.ts";
import type { TopicNames } from "./topic-names.ts";

const PAGE_SIZE = 25;

export class ListPage {
  private readonly page = byId("list-page");
  private readonly form = byId<HTMLFormElement>("filters");
  private readonly rows = byId("call-rows");
  private readonly table = byId("call-table");
  private readonly status = byId("list-status");
  private readonly more = byId<HTMLButtonElement>("load-more");
  private api: SupervisorApi | null = null;
  private filters: Filters = fromQuery(location.search);
  private cursor: string | null = null;
  /** The number of the latest request; answers to earlier ones are dropped. */
  private asked = 0;

  /** `refused` receives what goes wrong with the key after the page was opened. */
  constructor(
    private readonly topics: TopicNames,
    private readonly refused: (error: unknown) => void,
  ) {
    this.form.addEventListener("change", () => this.apply());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    byId("clear-filters").addEventListener("click", () => {
      this.filters = fromQuery("");
      this.writeAddress();
    });
    byId("refresh").addEventListener("click", () => this.reload(false));
    this.more.addEventListener("click", () => this.reload(true));
  }

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi): Promise<void> {
    this.api = api;
    document.title = "Calls";
    await this.topics.load(api);
    this.fillForm();
    await this.load(false);
  }

  forget(): void {
    this.asked += 1;
    this.api = null;
    this.rows.replaceChildren();
  }

  /** Reads the address again after the reader went back or forward. */
  readAddress(): void {
    const filters = fromQuery(location.search);
    if (toQuery(filters) === toQuery(this.filters)) return;
    this.filters = filters;
    this.fillForm();
    if (!this.page.hidden) this.reload(false);
  }

  private apply(): void {
    const data = new FormData(this.form);
    const query = new URLSearchParams();
    for (const name of FILTER_NAMES) query.set(name, String(data.get(name) ?? ""));
    this.filters = fromQuery(query.toString());
    this.writeAddress();
  }

  private writeAddress(): void {
    history.pushState(null, "", location.pathname + toQuery(this.filters) + location.hash);
    this.fillForm();
    this.reload(false);
  }

  private reload(further: boolean): void {
    this.load(further).catch(this.refused);
  }

  private fillForm(): void {
    this.fillTopics();
    for (const name of FILTER_NAMES) {
      const field = this.form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
      field.value = this.filters[name];
    }
    const count = restrictions(this.filters);
    byId("clear-filters").hidden = count === 0;
    byId("filter-count").textContent = count === 0 ? "" : `(${count})`;
  }

  private fillTopics(): void {
    const wanted = this.filters.topic;
    const known = this.topics.list.map(({ id }) => id);
    // A shared address may name a topic that no longer exists.
    const ids = wanted && !known.includes(wanted) ? [...known, wanted] : known;
    const options = ids.map((id) => el("option", { attributes: { value: id } }, this.topics.name(id)));
    const any = el("option", { attributes: { value: "" } }, "Any topic");
    byId("filter-topic").replaceChildren(any, ...options);
  }

  private async load(further: boolean): Promise<void> {
    if (!this.api) return;
    this.asked += 1;
    const question = this.asked;
    if (!further) showOutcome(this.status, "loading", "Loading calls …");
    this.more.disabled = true;
    try {
      const answer = await this.api.calls(apiQuery(this.filters, PAGE_SIZE, further ? this.cursor : null));
      if (question !== this.asked) return;
      this.cursor = answer.next_cursor;
      this.show(answer.calls, further);
    } catch (error) {
      if (question !== this.asked) return;
      if (!further) this.clear();
      showOutcome(this.status, "error", failureText(error));
    } finally {
      this.more.disabled = false;
    }
  }

  private clear(): void {
    this.rows.replaceChildren();
    this.table.hidden = true;
    this.more.hidden = true;
  }

  private show(calls: CallLine[], further: boolean): void {
    if (!further) this.rows.replaceChildren();
    this.rows.append(...calls.map((line) => this.row(line)));
    const empty = this.rows.childElementCount === 0;
    this.table.hidden = empty;
    this.more.hidden = this.cursor === null;
    const why = restrictions(this.filters) > 0 ? "No call matches these filters." : "There are no calls yet.";
    showOutcome(this.status, empty ? "empty" : "ready", empty ? why : "");
  }

  private row(line: CallLine): HTMLElement {
    const link = el("a", { attributes: { href: `#/calls/${encodeURIComponent(line.session_id)}` } }, moment(line.started_at));
    const about = el("div", {}, line.summary ?? (line.status === "active" ? "This call is going on." : "No summary."));
    const topics = line.topics.map((topic) => el("li", {}, chip(this.topics.name(topic))));
    return el(
      "tr",
      { data: { testid: "call-row", session: line.session_id } },
      cell("Started", link, el("div", { class: "small" }, `${words(line.channel)} · ${duration(line.duration_seconds)}`)),
      cell("Caller", line.username ?? "Anonymous", authenticatedNote(line)),
      cell("About", about, topics.length > 0 ? el("ul", { class: "chips" }, ...topics) : null),
      cell("Sentiment", line.sentiment ? chip(words(line.sentiment), sentimentTone(line.sentiment)) : "–"),
      cell("Outcome", outcome(line)),
      cell("Messages", String(line.message_count)),
    );
  }
}

function cell(label: string, ...children: (Node | string | null)[]): HTMLElement {
  return el("td", { data: { label } }, ...children);
}

function authenticatedNote(line: CallLine): HTMLElement {
  return el("div", { class: "small" }, line.authenticated ? "Authenticated" : "Not authenticated");
}

/** The resolution once there is one; until then where the call stands. */
function outcome(line: CallLine): Node | string {
  if (line.status === "active") return chip("Going on", "notable");
  if (line.resolution_status) return chip(words(line.resolution_status), resolutionTone(line.resolution_status));
  return line.status === "abandoned" ? chip("Abandoned", "bad") : "–";
}
