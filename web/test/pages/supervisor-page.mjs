// What tests of the supervisor's pages share: one browser and one stand-in worker for a
// file's tests, a fresh page and fresh answers for each.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { openPage, startBrowser } from "../../e2e/browser.mjs";
import { TOPICS, WORKER, callRecord, profileHistory, someCalls } from "./fixtures.mjs";
import { startMock } from "./mock-worker.mjs";
import * as waiting from "./waiting.mjs";

export const KEY = "right-key";
export let mock;
export let page;
/** The page's mistakes so far. */
export let errors;
let chromium;
let opened;

/** Answers what `make` gives to whoever has the key. */
export const keyed = (make) => (request) =>
  request.headers.authorization === `Bearer ${KEY}` ? { status: 200, body: make(request.url) } : { status: 401, body: {} };

before(async () => {
  chromium = await startBrowser();
});

beforeEach(async () => {
  mock = await startMock({
    answers: {
      "GET /v1/topics": keyed(() => ({ topics: TOPICS })),
      "GET /v1/calls": keyed(() => ({ calls: someCalls(), next_cursor: null })),
      "GET /v1/calls/*": keyed((url) => callRecord(url.pathname.split("/").pop())),
      "GET /v1/worker": keyed(() => WORKER),
      "GET /v1/profiles/*": keyed(() => profileHistory(false)),
    },
  });
  opened = await openPage(chromium.browser);
  ({ page, errors } = opened);
});

afterEach(async () => {
  await opened?.close();
  await mock?.close();
});

after(async () => chromium?.close());

export const open = (path = "/supervisor.html") => page.goto(mock.url + path);
export const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());
/** In a page that was just opened; after an action, `causes` is safer. */
export const until = (condition, ...values) => waiting.until(page, condition, ...values);
export const causes = (act, condition, ...values) => waiting.causes(page, act, condition, ...values);
export const click = (selector) => () => page.click(selector);
export const press = (key) => () => page.keyboard.press(key);

/** Waits for a kind of status line that `act` leads to; before, another one is shown. */
export const kind = (id, wanted, act) => causes(act, (i, k) => document.getElementById(i).dataset.kind === k, id, wanted);

/** Opens `path`, which asks for the key, and gives it; `shows` is the status line that is then ready. */
export async function signIn(path, shows = "list-status") {
  await giveKey(path);
  await kind(shows, "ready", press("Enter"));
}

/** Opens `path` and types the key; nothing is sent yet. */
export async function giveKey(path, key = KEY) {
  await open(path);
  await page.type("#key-input", key);
  assert.equal(mock.requests.filter(({ path: asked }) => asked.startsWith("/v1/")).length, 0, "nothing is asked without a key");
}
