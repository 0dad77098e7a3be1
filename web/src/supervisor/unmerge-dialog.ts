// Asks an administrator to confirm an unmerge: shows what will be separated,
// requires a name, and shows a refusal in the worker's words.

import { ApiFailure, type SupervisorApi } from "../api.ts";
import { byId, setText } from "../dom.ts";
import type { MergeLine, Separation } from "../wire.ts";
import { changeFailureText } from "./status.ts";

/** How the dialog ended; "refused" also covers an outcome that is not known. */
export type UnmergeAnswer = "unmerged" | "refused" | "cancelled";

export class UnmergeDialog {
  private readonly dialog = byId<HTMLDialogElement>("unmerge");
  private readonly form = byId<HTMLFormElement>("unmerge-form");
  private readonly what = byId("unmerge-what");
  private readonly actor = byId<HTMLInputElement>("unmerge-actor");
  private readonly reason = byId<HTMLInputElement>("unmerge-reason");
  private readonly status = byId("unmerge-status");
  private readonly confirm = byId<HTMLButtonElement>("unmerge-confirm");
  private asked: { api: SupervisorApi; source: string; parts: Separation | null; refused: boolean } | null = null;
  private answer: ((answer: UnmergeAnswer) => void) | null = null;

  constructor() {
    byId("unmerge-cancel").addEventListener("click", () => this.settle());
    // The event arrives late: by then the dialog may be open again, for another merge.
    this.dialog.addEventListener("close", () => {
      if (!this.dialog.open) this.settle();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.carryOut();
    });
  }

  /** Resolves when the dialog is closed. */
  async ask(api: SupervisorApi, merge: MergeLine): Promise<UnmergeAnswer> {
    this.settle();
    const asked = { api, source: merge.source_id, parts: null as Separation | null, refused: false };
    this.asked = asked;
    this.reason.value = "";
    this.confirm.disabled = true;
    setText(this.confirm, "Take apart");
    this.showProblem("");
    setText(this.what, "Looking what would come apart …");
    const answered = new Promise<UnmergeAnswer>((resolve) => (this.answer = resolve));
    this.dialog.showModal();
    try {
      const parts = await api.separation(merge.source_id);
      if (this.asked !== asked) return answered;
      asked.parts = parts;
      setText(this.what, partsText(parts));
      setText(this.confirm, `Take ${calls(parts.sessions)} apart`);
      this.confirm.disabled = false;
    } catch (error) {
      if (this.asked === asked) {
        asked.refused = true;
        setText(this.what, "");
        this.showProblem(changeFailureText(error, "Not unmerged"));
      }
    }
    return answered;
  }

  /** Forgets the administrator's name on sign-out. */
  forget(): void {
    this.actor.value = "";
    this.dialog.close();
  }

  private async carryOut(): Promise<void> {
    const asked = this.asked;
    if (!asked?.parts) return;
    const actor = this.actor.value.trim();
    if (!actor) {
      this.showProblem("Please give your name: the audit keeps who did this.");
      return this.actor.focus();
    }
    this.confirm.disabled = true;
    try {
      const reason = this.reason.value.trim() || null;
      await asked.api.unmerge(asked.source, { actor, reason, confirm: asked.parts.merge });
      if (this.asked === asked) this.settle("unmerged");
    } catch (error) {
      asked.refused = true;
      if (this.asked !== asked) return;
      this.showProblem(changeFailureText(error, "Not unmerged"));
      // A conflict: what was confirmed no longer holds, so it has to be looked up again.
      this.confirm.disabled = error instanceof ApiFailure && error.status === 409;
    }
  }

  private showProblem(text: string): void {
    setText(this.status, text);
    this.status.hidden = text === "";
  }

  private settle(outcome?: UnmergeAnswer): void {
    const answer = this.answer;
    const given = outcome ?? (this.asked?.refused ? "refused" : "cancelled");
    this.answer = null;
    this.asked = null;
    // Enabled always means that what would be separated has been looked up.
    this.confirm.disabled = true;
    if (this.dialog.open) this.dialog.close();
    answer?.(given);
  }
}

function partsText({ source, from, from_username, profiles, sessions, messages }: Separation): string {
  const more = profiles > 1 ? ` and ${profiles - 1} merged into it before` : "";
  const loser = from_username ? `${from_username} (profile ${from})` : `profile ${from}`;
  return `Profile ${source}${more} lives again. ${calls(sessions)} with ${messages} messages leave ${loser}.`;
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}
