// The panel in which the caller proves who they are: first user name and phone
// number, then the code that was sent to that number.

import { fetchDemoMessages } from "../api.ts";
import { byId, setText } from "../dom.ts";
import type { DemoMessage } from "../wire.ts";
import type { RoomAnswers } from "./room-messages.ts";
import { code, messageKey, newMessage, phoneNumber, userName } from "./identify-input.ts";

/** Asks the agent of this call. */
export type Ask = <M extends keyof RoomAnswers>(method: M, payload: object) => Promise<RoomAnswers[M]>;

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const DEMO_POLL_MS = 1000;
const UNANSWERED = "The assistant did not answer. Please try again.";

export class Identify {
  private readonly panel = byId("identify");
  private readonly form = byId<HTMLFormElement>("identify-form");
  private readonly codeForm = byId<HTMLFormElement>("code-form");
  private readonly username = byId<HTMLInputElement>("identify-username");
  private readonly phone = byId<HTMLInputElement>("identify-phone");
  private readonly code = byId<HTMLInputElement>("code-input");
  private readonly message = byId("identify-message");
  private readonly demo = byId("demo-message");
  private ask: Ask | null = null;
  /** Demonstration messages exist on the worker's own machine only. */
  private demoOffered = LOOPBACK.has(location.hostname);
  private demoTimer = 0;

  constructor() {
    this.form.addEventListener("submit", (event) => this.submit(event, () => this.requestCode()));
    this.codeForm.addEventListener("submit", (event) => this.submit(event, () => this.checkCode()));
    byId("code-back").addEventListener("click", () => this.startOver());
  }

  show(ask: Ask): void {
    this.ask = ask;
    this.panel.hidden = false;
    this.form.reset();
    this.startOver(false);
  }

  hide(): void {
    this.ask = null;
    this.panel.hidden = true;
    this.stopDemo();
  }

  private async requestCode(): Promise<void> {
    const [name, number] = [userName(this.username.value), phoneNumber(this.phone.value)];
    this.username.setAttribute("aria-invalid", String(!name.ok));
    this.phone.setAttribute("aria-invalid", String(!number.ok));
    if (!name.ok) return this.refuse(this.username, name.message);
    if (!number.ok) return this.refuse(this.phone, number.message);
    const known = await this.demoMessages();
    const payload = { username: name.value, phone_number: number.value };
    const answer = await this.ask?.("teller.authenticate", payload);
    if (!answer) return;
    this.phone.setAttribute("aria-invalid", String(answer.status === "malformed"));
    if (answer.status === "malformed") return this.refuse(this.phone, answer.message);
    this.showMessage(answer.message, answer.status === "code_sent" ? "info" : "problem");
    if (answer.status !== "code_sent") return;
    this.form.hidden = true;
    this.codeForm.hidden = false;
    this.code.value = "";
    this.code.focus();
    if (known) this.watchDemo(number.value, new Set(known.map(messageKey)));
  }

  private async checkCode(): Promise<void> {
    const typed = code(this.code.value);
    this.code.setAttribute("aria-invalid", String(!typed.ok));
    if (!typed.ok) return this.refuse(this.code, typed.message);
    const answer = await this.ask?.("teller.verify", { code: typed.value });
    if (!answer) return;
    if (answer.status === "expired") this.startOver();
    this.showMessage(answer.message, answer.status === "authenticated" ? "good" : "problem");
    if (answer.status === "wrong_code") this.code.select();
    if (answer.status !== "authenticated") return;
    this.codeForm.hidden = true;
    this.panel.dataset.done = "true";
    this.stopDemo();
  }

  private startOver(focus = true): void {
    delete this.panel.dataset.done;
    this.form.hidden = false;
    this.codeForm.hidden = true;
    this.message.hidden = true;
    this.stopDemo();
    if (focus) this.username.focus();
  }

  /** Runs one step with its button disabled, so that an impatient second click does nothing. */
  private submit(event: SubmitEvent, work: () => Promise<void>): void {
    event.preventDefault();
    const button = (event.currentTarget as HTMLFormElement).querySelector<HTMLButtonElement>("button[type=submit]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    work()
      .catch(() => this.showMessage(UNANSWERED, "problem"))
      .finally(() => button.removeAttribute("aria-disabled"));
  }

  private refuse(field: HTMLInputElement, message: string): void {
    this.showMessage(message, "problem");
    field.focus();
  }

  private showMessage(text: string, tone: "info" | "good" | "problem"): void {
    this.message.hidden = false;
    this.message.dataset.tone = tone;
    // A new node each time: the same answer to a second attempt is read out again.
    this.message.replaceChildren(text);
  }

  private async demoMessages(): Promise<DemoMessage[] | null> {
    if (!this.demoOffered) return null;
    const answer = await fetchDemoMessages().catch(() => null);
    if (!answer) this.demoOffered = false;
    return answer?.messages ?? null;
  }

  private watchDemo(to: string, before: ReadonlySet<string>): void {
    this.stopDemo();
    const poll = async (): Promise<void> => {
      const timer = this.demoTimer;
      const found = newMessage((await this.demoMessages()) ?? [], to, before);
      if (timer !== this.demoTimer) return;
      if (found) {
        this.demo.hidden = false;
        setText(byId("demo-to"), found.to);
        setText(byId("demo-text"), found.text);
      }
      if (this.demoOffered) this.demoTimer = window.setTimeout(() => void poll(), DEMO_POLL_MS);
    };
    this.demoTimer = window.setTimeout(() => void poll(), 100);
  }

  private stopDemo(): void {
    clearTimeout(this.demoTimer);
    this.demoTimer = 0;
    this.demo.hidden = true;
  }
}
