// The caller's page in a real browser: without a room against the stand-in
// worker, and in rooms of a real LiveKit server with a stand-in agent when
// TELLER_TEST_LIVEKIT_URL names one.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { openBrowser } from "../../e2e/browser.mjs";
import { STATUS, SUMMARY } from "./fixtures.mjs";
import { startMock } from "./mock-worker.mjs";
import { AGENT_ANSWERS, livekitFromEnvironment, startProxy, startRooms } from "./rooms.mjs";

const livekit = livekitFromEnvironment();
const inRoom = { skip: livekit ? false : "TELLER_TEST_LIVEKIT_URL names no LiveKit server" };
let rooms;
let chromium;

before(async () => {
  if (livekit) rooms = await startRooms(livekit);
});

after(async () => rooms?.close());

afterEach(async () => {
  await chromium?.close();
  chromium = undefined;
});

/** The caller's page, opened; with short cuts to read it. */
async function openPage(url, options = {}) {
  chromium = await openBrowser(options);
  const { page } = chromium;
  await page.goto(url);
  const until = (condition, ...rest) => page.waitForFunction(condition, { timeout: 20_000, polling: 20 }, ...rest);
  return {
    page,
    until,
    errors: chromium.errors,
    text: (selector) => page.$eval(selector, (element) => element.textContent.trim()),
    phase: (wanted) => until((name) => document.body.dataset.phase === name, wanted),
    state: (wanted) => until((name) => document.getElementById("agent-state").dataset.state === name, wanted),
    lines: () =>
      page.$$eval("#transcript > li", (items) =>
        items.map(({ dataset, lastElementChild }) => `${dataset.speaker}: ${lastElementChild.textContent}${dataset.final === "true" ? "" : " …"}`),
      ),
  };
}

/** Calls, lets the agent in, and waits until both can talk. */
async function call(replies = AGENT_ANSWERS, options = {}) {
  const caller = await openPage(rooms.mock.url, options);
  const room = rooms.room();
  await caller.page.click("#call-button");
  const agent = await rooms.agent(await room, replies);
  await caller.state("listening");
  return { ...caller, agent, room: await room };
}

test("the footer names the model that hears", async () => {
  const mock = await startMock({ answers: { "GET /api/status": () => ({ status: 200, body: STATUS }) } });
  const { until, text } = await openPage(mock.url);
  await until(() => document.getElementById("build").textContent !== "");
  assert.match(await text("#build"), /tiny\.en/);
  assert.equal(await text("#bank-name"), "Harbour Bank");
  await mock.close();
});

for (const [status, expected] of [[429, /too many calls/], [503, /takes no calls/], [500, /could not be placed/]]) {
  test(`a token endpoint that answers ${status} is explained, with a way to try again`, async () => {
    const mock = await startMock({ answers: { "POST /api/token": () => ({ status, body: {} }) } });
    const { page, phase, text } = await openPage(mock.url);
    await page.click("#call-button");
    await phase("ended");
    assert.match(await text("#notice-text"), expected);
    assert.equal(await page.$eval("#notice-action", (button) => button.hidden), false);
    await mock.close();
  });
}

test("the token is asked for as livekit-client's endpoint source does", async () => {
  const mock = await startMock();
  const { page, phase } = await openPage(mock.url);
  await page.click("#call-button");
  await phase("ended");
  const { method, headers } = mock.requests.find(({ path }) => path === "/api/token");
  assert.deepEqual([method, headers["content-type"]], ["POST", "application/json"]);
  await mock.close();
});

test("a microphone that is denied is explained and the call goes on by text", inRoom, async () => {
  const { page, text, agent, until, lines } = await call(AGENT_ANSWERS, { microphone: "denied" });
  assert.match(await text("#microphone-notice"), /blocked.*allow the microphone.*You can write/);
  await page.type("#text-input", "What are your fees?");
  await page.keyboard.press("Enter");
  await until(() => document.querySelectorAll("#transcript > li").length === 1);
  await agent.waitForFunction(() => globalThis.agent.chat.length === 1, { timeout: 5000 });
  assert.deepEqual(await agent.evaluate(() => globalThis.agent.chat), ["What are your fees?"]);
  assert.deepEqual(await lines(), ["caller: What are your fees?"]);
});

test("both sides' words appear, the caller's replaced as they are understood", inRoom, async () => {
  const { until, agent, lines, errors } = await call();
  await agent.evaluate(() => globalThis.agent.heard("SG_1", "what is", false));
  await until(() => document.querySelector("#transcript > li")?.dataset.final === "false");
  assert.deepEqual(await lines(), ["caller: what is …"]);
  await agent.evaluate(() => globalThis.agent.heard("SG_1", "What is my balance?", true));
  await agent.evaluate(() => globalThis.agent.say("SG_2", ["I cannot see ", "accounts."]));
  await until(() => [...document.querySelectorAll("#transcript > li")].filter((line) => line.dataset.final === "true").length === 2);
  assert.deepEqual(await lines(), ["caller: What is my balance?", "assistant: I cannot see accounts."]);
  const announced = await until(() => document.getElementById("announcer").innerText);
  assert.equal((await announced.jsonValue()).trim().replace(/\n+/g, "|"), "You: What is my balance?|Assistant: I cannot see accounts.");
  assert.deepEqual(errors, []);
});

test("the microphone's level moves, and the page says when it is muted", inRoom, async () => {
  const { page, until } = await call(AGENT_ANSWERS, { microphone: "beep" });
  const moves = (least) => until((n) => Number(document.getElementById("microphone-level").style.getPropertyValue("--level")) > n, least);
  await moves(0.3);
  await page.click("#mute-button");
  await until(() => document.getElementById("mute-button").getAttribute("aria-pressed") === "true");
  assert.equal(await page.$eval("#mute-button", (button) => button.textContent), "Muted");
  await page.click("#mute-button");
  await until(() => document.getElementById("mute-button").getAttribute("aria-pressed") === "false");
  await moves(0.3);
});

test("no agent within ten seconds is said, and trying again asks for a new room", inRoom, async () => {
  const { page, until, text, state } = await openPage(rooms.mock.url);
  const first = rooms.room();
  await page.click("#call-button");
  await first;
  await state("waiting");
  await until(() => !document.getElementById("notice").hidden);
  assert.match(await text("#notice-text"), /^No assistant is available/);
  const second = rooms.room();
  await page.click("#notice-action");
  await rooms.agent(await second);
  await state("listening");
  assert.notEqual(await second, await first);
  assert.equal(await page.$eval("#notice", (notice) => notice.hidden), true);
});

test("an agent that leaves ends the call, which then shows its summary once", inRoom, async () => {
  const { agent, phase, text, until } = await call();
  await until(() => !document.getElementById("identify").hidden);
  await agent.evaluate(() => globalThis.agent.leave());
  await phase("ended");
  assert.equal(await text("#notice-text"), "The assistant ended the call.");
  await until(() => document.getElementById("summary").dataset.kind === "ready");
  assert.equal(await text("#summary-text"), SUMMARY.summary);
  assert.equal(rooms.mock.requests.filter(({ path }) => path === "/api/summary/one-time").length, 1);
});

test("a room that is deleted counts as ended by the assistant", inRoom, async () => {
  const { room, phase, text } = await call();
  await rooms.service("DeleteRoom", room);
  await phase("ended");
  assert.equal(await text("#notice-text"), "The assistant ended the call.");
});

test("an agent that is cut off is said to be, and another one takes over", inRoom, async () => {
  const { room, agent, phase, state, text } = await call();
  const identity = await agent.evaluate(() => globalThis.agent.room.localParticipant.identity);
  await rooms.service("RemoveParticipant", room, { identity });
  await phase("waiting");
  assert.match(await text("#notice-text"), /was cut off\. Another one/);
  await rooms.agent(room);
  await state("listening");
});

test("a connection that breaks is said to, and the call goes on once it is back", inRoom, async () => {
  const proxy = await startProxy(livekit.url);
  const own = await startRooms({ ...livekit, url: proxy.url });
  const { page, phase, state, until, text } = await openPage(own.mock.url);
  const room = own.room();
  await page.click("#call-button");
  const name = await room;
  await state("waiting");
  const callersLines = proxy.lines();
  await own.agent(name);
  await state("listening");
  proxy.cut(callersLines);
  await phase("reconnecting");
  assert.match(await text("#notice-text"), /interrupted/);
  await phase("talking");
  await until(() => document.getElementById("notice").hidden);
  await own.close();
  await proxy.close();
});

test("the form sends name and number in E.164, then the code", inRoom, async () => {
  const { page, until, agent, text } = await call();
  await until(() => !document.getElementById("identify").hidden);
  await page.type("#identify-username", "jane");
  await page.type("#identify-phone", "555 0100");
  await page.keyboard.press("Enter");
  await until(() => document.getElementById("identify-message").textContent.includes("country code"));
  await page.$eval("#identify-phone", (field) => (field.value = ""));
  await page.type("#identify-phone", "+1 (555) 010-0199");
  await page.keyboard.press("Enter");
  await until(() => !document.getElementById("code-form").hidden);
  await page.type("#code-input", "482 913");
  await page.keyboard.press("Enter");
  await until(() => document.getElementById("identify").dataset.done === "true");
  assert.equal(await text("#identify-message"), "Thank you, you are identified.");
  assert.deepEqual(await agent.evaluate(() => globalThis.agent.asked.slice(1)), [
    { method: "teller.authenticate", payload: { username: "jane", phone_number: "+15550100199" } },
    { method: "teller.verify", payload: { code: "482913" } },
  ]);
});

test("on loopback the page shows the message that would have been sent, and only that one", inRoom, async () => {
  const to = "+15550100199";
  const messages = [{ to, text: "An older code: 111111", at: "2026-05-17T10:00:00Z" }];
  rooms.mock.answers["GET /demo/messages"] = () => ({ status: 200, body: { messages } });
  const { page, until, agent, text } = await call();
  await until(() => !document.getElementById("identify").hidden);
  await page.type("#identify-username", "jane");
  await page.type("#identify-phone", to);
  await page.keyboard.press("Enter");
  await until(() => !document.getElementById("code-form").hidden);
  assert.equal(await page.$eval("#demo-message", (element) => element.hidden), true);
  messages.push({ to: "+15550100100", text: "Somebody else's: 333333", at: "2026-05-17T10:09:00Z" });
  messages.push({ to, text: "Your code is 222222", at: "2026-05-17T10:05:00Z" });
  await until(() => !document.getElementById("demo-message").hidden);
  assert.equal(await text("#demo-text"), "Your code is 222222");
  delete rooms.mock.answers["GET /demo/messages"];
  await agent.evaluate(() => globalThis.agent.leave());
  await until(() => document.getElementById("demo-message").checkVisibility() === false);
});

test("a wrong code may be corrected, an expired one starts over", inRoom, async () => {
  const { page, until, agent } = await call({ ...AGENT_ANSWERS, "teller.verify": { status: "wrong_code", message: "That code is not right." } });
  await until(() => !document.getElementById("identify").hidden);
  await page.type("#identify-username", "jane");
  await page.type("#identify-phone", "+15550100199");
  await page.keyboard.press("Enter");
  await until(() => !document.getElementById("code-form").hidden);
  await page.type("#code-input", "111111");
  await page.keyboard.press("Enter");
  await until(() => document.getElementById("identify-message").textContent === "That code is not right.");
  await agent.evaluate(() => (globalThis.agent.answers["teller.verify"] = { status: "expired", message: "That code is too old." }));
  await page.keyboard.press("Enter");
  await until(() => document.getElementById("code-form").hidden && !document.getElementById("identify-form").hidden);
  await until(() => document.getElementById("identify-message").textContent === "That code is too old.");
});

test("without authentication there is no form", inRoom, async () => {
  const session = { ...AGENT_ANSWERS["teller.session"], authentication: false };
  const { page, agent } = await call({ ...AGENT_ANSWERS, "teller.session": session });
  await agent.waitForFunction(() => globalThis.agent.asked.length === 1, { timeout: 10_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(await page.$eval("#identify", (card) => card.hidden), true);
});

test("a call fits 360 pixels and can be made by keyboard alone", inRoom, async () => {
  const { page, phase, state, errors } = await openPage(rooms.mock.url, { size: "phone" });
  const room = rooms.room();
  await page.focus("#call-button");
  await page.keyboard.press("Enter");
  const agent = await rooms.agent(await room);
  await state("listening");
  await agent.evaluate(() => globalThis.agent.say("SG_1", ["An-extraordinarily-long-word-without-any-space-in-it-as-recognisers-may-invent-them"]));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  assert.equal(await page.evaluate(() => document.activeElement.id), "hangup-button");
  await page.keyboard.press("Enter");
  await phase("ended");
  assert.equal(await page.evaluate(() => document.activeElement.id), "call-button");
  assert.deepEqual(errors, []);
});
