// A person's profiles: which were merged, unmerged or refused, and by whom.

import type { SupervisorApi } from "../api.ts";
import { byId, chip, el, entry, setText } from "../dom.ts";
import { moment, words } from "../format.ts";
import type { Attempt, MergeLine, ProfileHistory, ProfileLine } from "../wire.ts";
import { failureText, showOutcome } from "./status.ts";
import { UnmergeDialog, type UnmergeAnswer } from "./unmerge-dialog.ts";

const PARTS = ["profile-facts", "profile-merges", "profile-attempts"];

export class ProfilePage {
  private readonly page = byId("profile-page");
  private readonly status = byId("profile-status");
  private readonly done = byId("profile-done");
  private readonly record = byId("profile-record");
  private readonly title = byId("profile-title");
  private readonly dialog = new UnmergeDialog();
  private shown = "";

  set hidden(hidden: boolean) {
    this.page.hidden = hidden;
  }

  /** Rejects with status 401 when the key is wrong. */
  async open(api: SupervisorApi, id: string): Promise<void> {
    this.done.hidden = true;
    this.record.hidden = true;
    byId<HTMLAnchorElement>("profile-back").href = `${location.pathname}${location.search}#/`;
    setText(this.title, "Profile");
    await this.load(api, id);
    this.title.focus();
  }

  forget(): void {
    this.shown = "";
    this.done.hidden = true;
    this.dialog.forget();
    for (const id of PARTS) byId(id).replaceChildren();
  }

  private async load(api: SupervisorApi, id: string): Promise<void> {
    this.shown = id;
    showOutcome(this.status, "loading", "Loading the profile …");
    try {
      const history = await api.profile(id);
      if (this.shown === id) this.show(api, id, history);
    } catch (error) {
      if (this.shown === id) showOutcome(this.status, "error", failureText(error, "profile"));
    }
  }

  private show(api: SupervisorApi, id: string, history: ProfileHistory): void {
    showOutcome(this.status, "ready");
    this.record.hidden = false;
    const title = `Profile of ${history.live.username ?? "an unknown caller"}`;
    document.title = title;
    setText(this.title, title);
    byId("profile-facts").replaceChildren(...facts(history));
    const ask = (merge: MergeLine): void => {
      void this.dialog.ask(api, merge).then((answer) => this.afterwards(api, id, merge, answer));
    };
    const offer = history.may_unmerge ? ask : null;
    byId("profile-merges").replaceChildren(...history.merges.map((merge) => mergeItem(merge, offer)));
    byId("profile-merges-empty").hidden = history.merges.length > 0;
    byId("profile-attempts").replaceChildren(...history.attempts.map(attemptItem));
    byId("profile-attempts-empty").hidden = history.attempts.length > 0;
  }

  /** Reads the profile again after a refusal too: somebody else may have been faster. */
  private async afterwards(api: SupervisorApi, id: string, merge: MergeLine, answer: UnmergeAnswer): Promise<void> {
    if (this.shown !== id || answer === "cancelled") return;
    const unmerged = answer === "unmerged";
    this.done.hidden = !unmerged;
    setText(this.done, unmerged ? `Profile ${merge.source_id} lives again.` : "");
    await this.load(api, id);
  }
}

function facts({ profile, live, merged_profiles }: ProfileHistory): HTMLElement[] {
  const merged = profile.merged_into;
  return [
    entry("User name", live.username ?? "Anonymous"),
    entry("Profile", words(live.profile_type)),
    entry("Profile id", el("code", {}, live.profile_id)),
    ...(merged ? [entry("Asked for", el("code", {}, profile.profile_id)), entry("Which is", "Merged into this one")] : []),
    entry("Profiles merged into it", String(merged_profiles)),
    entry("Calls", String(live.total_sessions)),
    entry("Messages", String(live.total_messages)),
    entry("First seen", moment(live.first_seen_at)),
    entry("Last seen", moment(live.last_seen_at)),
    ...erased(live),
  ];
}

function erased(live: ProfileLine): HTMLElement[] {
  return live.erased_at ? [entry("Erased", moment(live.erased_at))] : [];
}

/** Who merged what into what, why, how much moved, and whether it is still in force. */
function mergeItem(merge: MergeLine, ask: ((merge: MergeLine) => void) | null): HTMLElement {
  const refused = merge.outcome !== "merged";
  const state = refused ? chip(words(merge.outcome), "bad") : merge.in_force ? chip("In force", "good") : chip("Undone", "notable");
  const item = el(
    "li",
    { data: { testid: "merge", merge: String(merge.merge), force: String(merge.in_force) } },
    el("div", { class: "turn-head" }, el("time", { attributes: { datetime: merge.at } }, moment(merge.at)), state),
    el("p", {}, el("code", {}, merge.source_id), refused ? " was not merged into " : " into ", el("code", {}, merge.target_id)),
    el("p", {}, by(merge.actor, merge.reason), refused ? null : moved(merge)),
    merge.session_id
      ? el("p", {}, el("a", { attributes: { href: `#/calls/${encodeURIComponent(merge.session_id)}` } }, "In this call"))
      : null,
    merge.undone_at ? el("p", {}, `Undone ${moment(merge.undone_at)}. ${by(merge.undone_by ?? "somebody", merge.undone_reason)}`) : null,
  );
  if (ask && merge.in_force) {
    const button = el("button", { class: "button", attributes: { type: "button" }, data: { testid: "unmerge-open" } }, "Unmerge …");
    button.addEventListener("click", () => ask(merge));
    item.append(button);
  }
  return item;
}

function by(actor: string, reason: string | null): string {
  return reason ? `By ${actor}: ${reason}. ` : `By ${actor}. `;
}

function moved({ sessions_moved, messages_moved }: MergeLine): string {
  return `${sessions_moved} calls with ${messages_moved} messages moved.`;
}

function attemptItem(attempt: Attempt): HTMLElement {
  const what = words(attempt.action.replace(/^profile\./, ""));
  return el(
    "li",
    { data: { testid: "attempt", outcome: attempt.outcome ?? "" } },
    el(
      "div",
      { class: "turn-head" },
      el("time", { attributes: { datetime: attempt.at } }, moment(attempt.at)),
      el("strong", {}, what),
      attempt.outcome ? chip(words(attempt.outcome)) : null,
    ),
    el("p", {}, by(attempt.actor, attempt.reason_given ? "a reason was given" : null), rowText(attempt)),
  );
}

function rowText({ number, merge }: Attempt): string {
  return merge ? `Row ${number}, merge ${merge}.` : `Row ${number}.`;
}
