// The caller's page in a real browser: without a room against the stand-in
// worker, and talking with a stand-in agent in rooms of a real LiveKit server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, inRoom, openCaller, worker } from "./caller-page.mjs";
import { AGENT_ANSWERS } from "./rooms.mjs";
import { PATIENCE_MS } from "./waiting.mjs";

test("the footer names the model that hears", async () => {
  const { text } = await openCaller((await worker()).url);
  assert.match(await text("#build"), /tiny\.en/);
  assert.equal(await text("#company-name"), "Harbour Library");
});

for (const [status, expected] of [[429, /too many calls/], [503, /takes no calls/], [500, /could not be placed/]]) {
  test(`a token endpoint that answers ${status} is explained, with a way to try again`, async () => {
    const mock = await worker({ "POST /v1/token": () => ({ status, body: {} }) });
    const { page, phase, text } = await openCaller(mock.url);
    await phase("ended", () => page.click("#call-button"));
    assert.match(await text("#notice-text"), expected);
    assert.equal(await page.$eval("#notice-action", (button) => button.hidden), false);
  });
}

test("the token is requested as livekit-client's endpoint source does", async () => {
  const mock = await worker();
  const { page, phase } = await openCaller(mock.url);
  await phase("ended", () => page.click("#call-button"));
  const { method, headers } = mock.requests.find(({ path }) => path === "/v1/token");
  assert.deepEqual([method, headers["content-type"]], ["POST", "application/json"]);
});

test("a microphone that is denied is explained and the call goes on by text", inRoom, async () => {
  const { page, text, agent, shows } = await call(AGENT_ANSWERS, { microphone: "denied" });
  assert.match(await text("#microphone-notice"), /blocked.*allow the microphone.*You can write/);
  await page.type("#text-input", "When do you open?");
  await page.keyboard.press("Enter");
  await shows("caller: When do you open?");
  await agent.waitForFunction(() => globalThis.agent.chat.length > 0, { timeout: PATIENCE_MS });
  assert.deepEqual(await agent.evaluate(() => globalThis.agent.chat), ["When do you open?"]);
});

test("both sides' words appear: the caller's are replaced, the assistant's grow", inRoom, async () => {
  const { page, agent, shows, errors } = await call();
  await agent.evaluate(() => globalThis.agent.heard("SG_1", "what is", false));
  await shows("caller: what is …");
  await agent.evaluate(() => globalThis.agent.heard("SG_1", "What is reserved for me?", true));
  await shows("caller: What is reserved for me?");
  await agent.evaluate(async () => {
    await globalThis.agent.begin("SG_2");
    await globalThis.agent.speak("I cannot see ");
  });
  await shows("caller: What is reserved for me?", "assistant: I cannot see …");
  await agent.evaluate(async () => {
    await globalThis.agent.speak("reservations.");
    await globalThis.agent.finish(["Reserving a book", "Membership"]);
  });
  await shows("caller: What is reserved for me?", "assistant: I cannot see reservations.");
  const cited = await page.$$eval("#transcript .citations li", (items) => items.map((item) => item.textContent));
  assert.deepEqual(cited, ["[1] Reserving a book", "[2] Membership"], "what the answer rests on stands below it");
  const announced = await page.$eval("#announcer", (log) => log.innerText.trim().replace(/\n+/g, "|"));
  assert.equal(announced, "You: What is reserved for me?|Assistant: I cannot see reservations.");
  assert.deepEqual(errors, []);
});

test("the microphone's level moves, and the page shows when it is muted", inRoom, async () => {
  const { page, until, causes } = await call(AGENT_ANSWERS, { microphone: "beep" });
  const above = (least) => until((n) => Number(document.getElementById("microphone-level").style.getPropertyValue("--level")) > n, least);
  const muted = (wanted) =>
    causes(
      () => page.click("#mute-button"),
      (state) => document.getElementById("mute-button").getAttribute("aria-pressed") === state,
      wanted,
    );
  await above(0.3);
  await muted("true");
  assert.equal(await page.$eval("#mute-button", (button) => button.textContent), "Muted");
  // Down first: the bar may still show what it showed before.
  await until(() => Number(document.getElementById("microphone-level").style.getPropertyValue("--level")) < 0.01);
  await muted("false");
  await above(0.3);
});

test("an agent that joins before it can answer is asked again until it does", inRoom, async () => {
  const { agent, causes } = await call({ ...AGENT_ANSWERS, "teller.session": null });
  await agent.waitForFunction(() => globalThis.agent.asked.length > 0, { timeout: PATIENCE_MS });
  await causes(
    () => agent.evaluate((answer) => (globalThis.agent.answers["teller.session"] = answer), AGENT_ANSWERS["teller.session"]),
    () => !document.getElementById("identify").hidden,
  );
});

test("a call fits 360 pixels and can be made by keyboard alone", inRoom, async () => {
  const { page, phase, agent, shows, errors } = await call(AGENT_ANSWERS, { size: "phone", keyboard: true });
  const long = "An-extraordinarily-long-word-without-any-space-in-it-as-recognisers-may-invent-them";
  await agent.evaluate((word) => globalThis.agent.say("SG_1", word), long);
  await shows(`assistant: ${long}`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  assert.equal(await page.evaluate(() => document.activeElement.id), "hangup-button");
  await phase("ended", () => page.keyboard.press("Enter"));
  assert.equal(await page.evaluate(() => document.activeElement.id), "call-button");
  assert.deepEqual(errors, []);
});
