// The form in which a caller proves who they are: in rooms of a real LiveKit server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, inRoom } from "./caller-page.mjs";
import { AGENT_ANSWERS } from "./rooms.mjs";
import { PATIENCE_MS } from "./waiting.mjs";

const PHONE = "+15550100199";

/** In a call: gives name and number, and waits for the form that takes the code. */
async function requestCode({ page, causes }) {
  await page.type("#identify-username", "jane");
  await page.type("#identify-phone", PHONE);
  await causes(
    () => page.keyboard.press("Enter"),
    () => !document.getElementById("code-form").hidden,
  );
}

test("the form sends name and number as they were typed, then the code", inRoom, async () => {
  const malformed = { status: "malformed", message: "Please write the number with its country code." };
  const { page, causes, agent, text } = await call({ ...AGENT_ANSWERS, "teller.authenticate": malformed });
  await page.type("#identify-username", "jane");
  await page.type("#identify-phone", "555 0100");
  await causes(
    () => page.keyboard.press("Enter"),
    () => document.getElementById("identify-message").textContent.includes("country code"),
  );
  await agent.evaluate((sent) => (globalThis.agent.answers["teller.authenticate"] = sent), AGENT_ANSWERS["teller.authenticate"]);
  await page.$eval("#identify-phone", (field) => (field.value = ""));
  await page.type("#identify-phone", "+1 (555) 010-0199");
  await causes(
    () => page.keyboard.press("Enter"),
    () => !document.getElementById("code-form").hidden,
  );
  await page.type("#code-input", "482 913");
  await causes(
    () => page.keyboard.press("Enter"),
    () => document.getElementById("identify").dataset.done === "true",
  );
  assert.equal(await text("#identify-message"), "Thank you, you are identified.");
  assert.deepEqual(await agent.evaluate(() => globalThis.agent.asked.filter(({ method }) => method !== "teller.session")), [
    { method: "teller.authenticate", payload: { username: "jane", phone_number: "555 0100" } },
    { method: "teller.authenticate", payload: { username: "jane", phone_number: "+1 (555) 010-0199" } },
    { method: "teller.verify", payload: { code: "482913" } },
  ]);
});

test("on loopback the page shows the message that would have been sent, and only that one", inRoom, async () => {
  const caller = await call();
  const { page, text, until, causes, agent, rooms } = caller;
  const older = { to: PHONE, text: "An older code: 111111", at: "2026-05-17T10:00:00Z" };
  const foreign = { to: "+15550100100", text: "Somebody else's: 333333", at: "2026-05-17T10:09:00Z" };
  const wanted = { to: PHONE, text: "Your code is 222222", at: "2026-05-17T10:05:00Z" };
  // What there is at the first, second, … look; the first is before the code is sent.
  const looks = [[older], [older, foreign], [older, foreign, wanted]];
  const shownAtLook = [];
  rooms.mock.answers["GET /v1/demo/messages"] = async () => {
    shownAtLook.push(await page.$eval("#demo-message", (element) => !element.hidden));
    return { status: 200, body: { messages: looks.length > 1 ? looks.shift() : looks[0] } };
  };
  await requestCode(caller);
  await until(() => !document.getElementById("demo-message").hidden);
  assert.equal(await text("#demo-text"), "Your code is 222222");
  assert.deepEqual(shownAtLook.slice(0, 3), [false, false, false], "neither an older message nor another number's is shown");
  await causes(
    () => agent.evaluate(() => globalThis.agent.leave()),
    () => !document.getElementById("demo-message").checkVisibility(),
  );
});

/** In a call: gives a code that is wrong, and waits until the page shows so. */
async function giveWrongCode() {
  const wrong = { status: "wrong_code", message: "That code is not right." };
  const caller = await call({ ...AGENT_ANSWERS, "teller.verify": wrong });
  await requestCode(caller);
  await caller.page.type("#code-input", "111111");
  await answer(caller, wrong.message);
  return caller;
}

/** Presses Enter and waits for an answer that was not shown before. */
async function answer({ page, causes }, message) {
  await causes(
    () => page.keyboard.press("Enter"),
    (text) => document.getElementById("identify-message").textContent === text,
    message,
  );
}

test("a wrong code may be corrected, an expired one starts over", inRoom, async () => {
  const caller = await giveWrongCode();
  const expired = { status: "expired", message: "That code is too old." };
  await caller.agent.evaluate((answers) => (globalThis.agent.answers["teller.verify"] = answers), expired);
  await answer(caller, expired.message);
  const shown = (forms) => forms.filter((form) => !form.hidden).map(({ id }) => id);
  assert.deepEqual(await caller.page.$$eval("#identify form", shown), ["identify-form"]);
});

test("the same answer to a second wrong code is announced again", inRoom, async () => {
  const { page, until } = await giveWrongCode();
  const first = await page.evaluateHandle(() => document.getElementById("identify-message").firstChild);
  await page.keyboard.press("Enter");
  // A live region is read out when a node is added to it.
  await until((node) => document.getElementById("identify-message").firstChild !== node, first);
});

test("without authentication there is no form", inRoom, async () => {
  const session = { ...AGENT_ANSWERS["teller.session"], authentication: false };
  const { page, agent, shows } = await call({ ...AGENT_ANSWERS, "teller.session": session });
  await agent.waitForFunction(() => globalThis.agent.asked.length > 0, { timeout: PATIENCE_MS });
  // The answer and this sentence come the same way, one after the other.
  await agent.evaluate(() => globalThis.agent.say("SG_1", "Hello."));
  await shows("assistant: Hello.");
  assert.equal(await page.$eval("#identify", (panel) => panel.hidden), true);
});
