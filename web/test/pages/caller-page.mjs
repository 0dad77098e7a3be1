// What tests of the caller's page share: one browser for a file's tests, with a window for callers
// and one for agents, so that both are visible and none is slowed down; and calls in rooms of a
// real LiveKit server when TELLER_TEST_LIVEKIT_URL names one.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { openBrowser, openPage, startBrowser } from "../../e2e/browser.mjs";
import { STATUS } from "./fixtures.mjs";
import { startMock } from "./mock-worker.mjs";
import { AGENT_ANSWERS, livekitFromEnvironment, startProxy, startRooms } from "./rooms.mjs";
import { causes, until } from "./waiting.mjs";

const livekit = livekitFromEnvironment();
/** Options of a test that needs a room. */
export const inRoom = { skip: livekit ? false : "TELLER_TEST_LIVEKIT_URL names no LiveKit server" };

let chromium;
let agents;
/** Closed after each test, newest first. */
const opened = [];

before(async () => {
  chromium = await startBrowser();
  agents = await chromium.browser.createBrowserContext();
});

afterEach(async () => {
  while (opened.length > 0) await opened.pop()();
});

after(async () => chromium?.close());

/** A stand-in worker without rooms, for one test. */
export async function worker(answers = {}) {
  const mock = await startMock({ answers: { "GET /v1/status": () => ({ status: 200, body: STATUS }), ...answers } });
  opened.push(mock.close);
  return mock;
}

/** A stand-in worker with rooms, for one test. With `breakable`, callers reach the server through `proxy`. */
export async function roomsOfOneTest({ breakable = false } = {}) {
  const proxy = breakable ? await startProxy(livekit.url) : null;
  if (proxy) opened.push(proxy.close);
  const rooms = await startRooms(livekit, agents, proxy?.url);
  opened.push(rooms.close);
  return { ...rooms, proxy };
}

/**
 * The caller's page with short cuts to read it, once it knows whether the worker takes calls.
 * A `microphone` other than silence needs a browser of its own.
 */
export async function openCaller(url, { microphone, ...options } = {}) {
  const { page, errors, close } = microphone ? await openBrowser({ microphone, ...options }) : await openPage(chromium.browser, options);
  opened.push(close);
  await page.goto(url);
  await until(page, () => document.getElementById("build").textContent !== "");
  return {
    page,
    errors,
    text: (selector) => page.$eval(selector, (element) => element.textContent.trim()),
    until: (condition, ...values) => until(page, condition, ...values),
    causes: (act, condition, ...values) => causes(page, act, condition, ...values),
    /** Waits for a phase that `act` leads to. */
    phase: (wanted, act) => causes(page, act, (name) => document.body.dataset.phase === name, wanted),
    /** Waits for a state of the agent that `act` leads to. */
    state: (wanted, act) => causes(page, act, (name) => document.getElementById("agent-state").dataset.state === name, wanted),
    /** Waits until exactly these lines are shown, "side: text", with " …" while a line is not finished. */
    shows: (...wanted) => shows(page, wanted),
  };
}

/**
 * Calls, lets the agent in, and waits until both can talk and the page knows what the agent offers.
 * With `keyboard`, the button is pressed by its key.
 */
export async function call(answers = AGENT_ANSWERS, options = {}) {
  const rooms = await roomsOfOneTest(options);
  const [caller, ready] = await Promise.all([openCaller(rooms.mock.url, options), rooms.readyAgent()]);
  const name = rooms.room();
  let agent;
  await caller.state("listening", async () => {
    if (options.keyboard) await caller.page.focus("#call-button");
    await (options.keyboard ? caller.page.keyboard.press("Enter") : caller.page.click("#call-button"));
    agent = await rooms.agent(await name, answers, ready);
  });
  // The form follows the agent's first answer: from here on data travels both ways.
  if (answers["teller.session"]?.authentication) await caller.until(() => !document.getElementById("identify").hidden);
  return { ...caller, rooms, agent, room: await name };
}

async function shows(page, wanted) {
  await until(page, transcript, wanted).catch(async () => assert.deepEqual(await page.evaluate(transcript), wanted));
}

/** Runs in the page: the lines shown, or whether they are those `wanted`. */
function transcript(wanted) {
  const lines = [...document.querySelectorAll("#transcript > li")].map(
    (line) => `${line.dataset.speaker}: ${line.querySelector("p").textContent}${line.dataset.final === "true" ? "" : " …"}`,
  );
  return wanted ? JSON.stringify(lines) === JSON.stringify(wanted) : lines;
}
