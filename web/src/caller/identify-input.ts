// What the caller types to prove who they are, or a sentence about what is missing. The agent reads
// it: which ways of writing a number are accepted is decided there alone.

import type { DemoMessage } from "../wire.ts";

export type Checked<T> = { ok: true; value: T } | { ok: false; message: string };

/** A phone number: any text that is not empty. */
export function phoneNumber(typed: string): Checked<string> {
  const value = typed.trim();
  return value ? { ok: true, value } : { ok: false, message: "Please enter your phone number, such as +1 555 010 0199." };
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

/** The last digits of a number: enough to find a message to it, however it was typed. */
const lastDigits = (number: string): string => number.replace(/\D/g, "").slice(-7);

/** The newest message to the number that was typed, not among those known before the request. */
export function newMessage(messages: DemoMessage[], typed: string, before: ReadonlySet<string>): DemoMessage | null {
  const fresh = messages.filter((message) => lastDigits(message.to) === lastDigits(typed) && !before.has(messageKey(message)));
  return fresh.reduce<DemoMessage | null>((newest, message) => (newest && newest.at > message.at ? newest : message), null);
}
