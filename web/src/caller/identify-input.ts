// What the caller types to prove who they are, brought into the form the agent
// takes, or a sentence about what is wrong with it.

import type { DemoMessage } from "../wire.ts";

export type Checked<T> = { ok: true; value: T } | { ok: false; message: string };

/** A phone number in E.164, from the ways people write it: spaces, dashes, brackets, 00 for +. */
export function phoneNumber(typed: string): Checked<string> {
  const bare = typed.replace(/[\s().\-/\u00a0\u2010-\u2015]/g, "").replace(/^00/, "+");
  if (/^\+[1-9]\d{6,14}$/.test(bare)) return { ok: true, value: bare };
  const message = bare.startsWith("+")
    ? "This does not look like a phone number. An example: +1 555 010 0199."
    : "Please write the number with its country code, starting with +. An example: +1 555 010 0199.";
  return { ok: false, message };
}

/** A user name: any text that is not empty. */
export function userName(typed: string): Checked<string> {
  const value = typed.trim();
  return value ? { ok: true, value } : { ok: false, message: "Please enter your user name." };
}

/** The digits of a one-time code. */
export function code(typed: string): Checked<string> {
  const value = typed.replace(/[\s-]/g, "");
  if (/^\d{4,10}$/.test(value)) return { ok: true, value };
  return { ok: false, message: "Please enter the code from the message; it has only digits." };
}

/** Distinguishes demonstration messages, which have no id. */
export function messageKey(message: DemoMessage): string {
  return `${message.to}|${message.at}|${message.text}`;
}

/** The newest message to this number that is not among those known before the request. */
export function newMessage(messages: DemoMessage[], to: string, before: ReadonlySet<string>): DemoMessage | null {
  const fresh = messages.filter((message) => message.to === to && !before.has(messageKey(message)));
  return fresh.reduce<DemoMessage | null>((newest, message) => (newest && newest.at > message.at ? newest : message), null);
}
