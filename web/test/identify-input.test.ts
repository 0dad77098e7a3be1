import assert from "node:assert/strict";
import test from "node:test";
import { code, messageKey, newMessage, phoneNumber, userName } from "../src/caller/identify-input.ts";

test("a phone number is left to the agent as it was typed", () => {
  for (const typed of ["+1 (555) 010-0199", "\u202a+1 555 010 0199\u202c", "5550100199"]) {
    assert.deepEqual(phoneNumber(` ${typed} `), { ok: true, value: typed });
  }
  const checked = phoneNumber("  ");
  assert.match(checked.ok ? "" : checked.message, /\+1 555 010 0199/);
});

test("a code is digits, with or without gaps", () => {
  assert.deepEqual(code(" 482 913 "), { ok: true, value: "482913" });
  assert.deepEqual(code("482-913"), { ok: true, value: "482913" });
  for (const typed of ["", "12", "48291a", "12345678901"]) assert.equal(code(typed).ok, false, typed);
});

test("a user name is any text that is not empty", () => {
  assert.deepEqual(userName("  jane "), { ok: true, value: "jane" });
  assert.equal(userName("   ").ok, false);
});

test("the newest message to the number is shown, no earlier one", () => {
  const [to, typed] = ["+15550100199", "+1 (555) 010-0199"];
  const old = { to, text: "code 1", at: "2026-05-17T10:00:00Z" };
  const first = { to, text: "code 2", at: "2026-05-17T10:05:00Z" };
  const second = { to, text: "code 3", at: "2026-05-17T10:06:00Z" };
  const other = { to: "+15550100100", text: "code 4", at: "2026-05-17T10:07:00Z" };
  const before = new Set([messageKey(old)]);
  assert.equal(newMessage([old, other], typed, before), null);
  assert.equal(newMessage([second, first, old, other], typed, before), second);
  assert.equal(newMessage([old, first, second, other], typed, before), second);
});
