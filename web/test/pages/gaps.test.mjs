// What callers asked and nobody wrote down, and the draft, in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { KEY, causes, click, errors, giveKey, keyed, kind, mock, open, page, press, signIn, text, until } from "./supervisor-page.mjs";
import { draftLines, someGaps } from "./fixtures.mjs";

const GAPS = "/supervisor.html#/gaps";
/** What was sent to adopt and to withdraw. */
let sent;

beforeEach(() => {
  sent = [];
  let lines = [];
  const change = (then) => ({ headers, sent: body }) => {
    if (headers.authorization !== `Bearer ${KEY}`) return { status: 401, body: {} };
    sent.push(JSON.parse(body));
    return { status: 200, body: then(sent.at(-1)) };
  };
  mock.answers["GET /v1/gaps"] = keyed(() => someGaps(true));
  mock.answers["GET /v1/gaps/draft"] = keyed(() => ({ lines }));
  mock.answers["POST /v1/gaps/adopt"] = change(({ document, phrasing }) => {
    lines = draftLines([[document, phrasing]]);
    return { document, phrasing };
  });
  mock.answers["POST /v1/gaps/withdraw"] = change(({ line }) => {
    lines = lines.filter((known) => known.line !== line);
    return { line };
  });
});

/** Types over what is in a field. */
async function fill(selector, words) {
  await page.$eval(selector, (field) => field.select());
  await page.type(selector, words);
}

const gap = (number, rest) => `#gaps-list > li:nth-child(${number}) ${rest}`;
const gapText = (number) => text(`#gaps-list > li:nth-child(${number})`);
const inDraft = (count) => document.querySelectorAll("#draft-lines > li").length === count;

test("from the list to what nobody wrote down: how often, last when, the nearest document, the call", async () => {
  mock.answers["GET /v1/gaps"] = keyed(() => someGaps(false));
  await signIn();
  await kind("gaps-status", "ready", click("[data-testid=gaps-link]"));
  assert.equal(await text("#gaps-count"), "5 questions without an answer, 2 different; there are older ones beyond these.");
  assert.match(await gapText(1), /^May I bring a <b>dog<\/b>\?.*Asked 4 times.*2026.*Also.*\[number\].*bring my dog.*Nearest: Study rooms – library\/study-rooms/s);
  assert.match(await gapText(2), /Asked once.*No document comes near\./s);
  assert.equal(await page.$("#gaps-list b"), null, "words are text, never markup");
  assert.equal(await page.$("[data-testid=adopt-form]"), null, "a supervisor reads");
  assert.equal(await text("#gaps-reading"), "Adopting needs the administrator's key.");
  assert.equal(await text("#draft-status"), "Nothing is in the draft.");
  await kind("call-status", "ready", click(gap(1, ".small a")));
  assert.ok(mock.requests.some(({ path }) => path === "/v1/calls/0190-0"));
  assert.deepEqual(errors, []);
});

test("one click makes a phrasing a line of the draft, by the name of who does it", async () => {
  await signIn(GAPS, "gaps-status");
  await causes(click(gap(1, "[data-testid=adopt]")), () => !document.getElementById("gaps-actor-missing").hidden);
  assert.equal(await page.evaluate(() => document.activeElement.id), "gaps-actor");
  assert.deepEqual(sent, [], "not without a name");
  await page.type("#gaps-actor", "Ann Moyo");
  await causes(click(gap(1, "[data-testid=adopt]")), inDraft, 1);
  const first = { actor: "Ann Moyo", phrasing: "May I bring a <b>dog</b>?", document: "library/study-rooms", session_id: "0190-0" };
  assert.deepEqual(sent, [first]);
  assert.equal(await text(gap(1, "[data-testid=gap-done]")), "In the draft for library/study-rooms: May I bring a <b>dog</b>?");
  assert.match(await text("#draft-text"), /source = "library\/study-rooms"\nasks = \[\n {2}"May I bring a <b>dog<\/b>\?",\n\]/);
  assert.match(await page.$eval("#draft-download", ({ href, download }) => `${download} ${href}`), /^draft\.toml blob:/);

  await causes(click(gap(1, ".phrasings > li:nth-child(2) button")), (words) => document.activeElement.value === words, "can I bring my dog");
  await page.keyboard.type(" in");
  await fill(gap(1, "[list]"), "library/printing");
  await causes(press("Enter"), () => document.getElementById("draft-text").textContent.includes("my dog in"));
  assert.deepEqual(sent.at(-1), { actor: "Ann Moyo", phrasing: "can I bring my dog in", document: "library/printing", session_id: "0190-1" });

  await causes(click("[data-testid=withdraw]"), inDraft, 0);
  assert.deepEqual(sent.at(-1), { actor: "Ann Moyo", line: 1 });
  assert.equal(await page.$eval("#draft-download", (link) => link.hidden), true);
  assert.deepEqual(errors, []);
});

test("a phrasing with what was redacted is adopted only after it was edited", async () => {
  await signIn(GAPS, "gaps-status");
  await page.type("#gaps-actor", "Ann Moyo");
  const note = gap(2, "[data-testid=gap-note]");
  assert.match(await text(gap(2, "[data-testid=gap-hint]")), /^Please edit this wording .* square brackets/);
  await fill(gap(2, "[list]"), "library/printing");
  await causes(click(gap(2, "[data-testid=adopt]")), (selector) => !document.querySelector(selector).hidden, note);
  assert.match(await text(note), /^Please edit this wording/);
  assert.match(await page.evaluate(() => document.activeElement.id), /^gap-words-/, "the wording is asked for");
  await fill(gap(2, "input"), "is my card right");
  await causes(click(gap(2, "[data-testid=adopt]")), inDraft, 1);
  assert.deepEqual(sent.map(({ phrasing }) => phrasing), ["is my card right"]);
  assert.equal(await page.$eval(note, (element) => element.hidden), true);
});

test("a refusal is explained in the worker's words, and the wording stays for another try", async () => {
  mock.answers["POST /v1/gaps/adopt"] = () => ({ status: 403, body: { error: "the worker's database login may not change drafts" } });
  await signIn(GAPS, "gaps-status");
  await page.type("#gaps-actor", "Ann Moyo");
  const note = gap(1, "[data-testid=gap-note]");
  await causes(click(gap(1, "[data-testid=adopt]")), (selector) => !document.querySelector(selector).hidden, note);
  assert.equal(await text(note), "Not adopted: the worker's database login may not change drafts.");
  assert.equal(await page.$eval(gap(1, "input"), (field) => field.value), "May I bring a <b>dog</b>?");
  assert.equal(await page.$eval("#gate", (form) => form.hidden), true, "the key was not refused");
});

test("nothing unanswered, a busy worker and a longer time", async () => {
  mock.answers["GET /v1/gaps"] = keyed(() => ({ ...someGaps(false), questions: 0, more: false, gaps: [] }));
  await giveKey(GAPS);
  await kind("gaps-status", "empty", press("Enter"));
  assert.match(await text("#gaps-status"), /^Every question .* answered/);
  mock.answers["GET /v1/gaps"] = () => ({ status: 503, body: { error: "somebody else looks at what callers asked right now" } });
  await kind("gaps-status", "error", click("[data-testid=gaps-refresh]"));
  assert.equal(await text("#gaps-status"), "Not now: somebody else looks at what callers asked right now. Please try again.");
  assert.equal(await page.$eval("#gaps-record", (record) => record.hidden), true);
  mock.answers["GET /v1/gaps"] = keyed(() => someGaps(false));
  await kind("gaps-status", "ready", () => page.select("#gaps-days", "365"));
  const { query } = mock.requests.findLast(({ path }) => path === "/v1/gaps");
  const days = (Date.now() - new Date(new URLSearchParams(query).get("since"))) / 86_400_000;
  assert.ok(days >= 365 && days < 365.01, `${days} days`);
  assert.deepEqual(errors.filter((error) => !/503/.test(error)), []);
});

test("while questions are put together the page says so", async () => {
  let finish;
  const held = new Promise((resolve) => (finish = resolve));
  const answer = mock.answers["GET /v1/gaps"];
  mock.answers["GET /v1/gaps"] = async (request) => {
    await held;
    return answer(request);
  };
  await giveKey(GAPS);
  await causes(press("Enter"), () => document.getElementById("gaps-status").textContent.startsWith("Putting together"));
  assert.equal(await page.$eval("#gaps-status", (status) => status.dataset.kind), "loading");
  await kind("gaps-status", "ready", finish);
});

test("signing out forgets words and names, and a key that is changed is asked for again", async () => {
  await signIn(GAPS, "gaps-status");
  await page.type("#gaps-actor", "Ann Moyo");
  await causes(click(gap(1, "[data-testid=adopt]")), inDraft, 1);
  await causes(click("#sign-out"), () => !document.getElementById("gate").hidden);
  const left = await page.evaluate(() => document.getElementById("gaps-page").textContent + document.getElementById("gaps-actor").value);
  assert.doesNotMatch(left, /dog|Ann Moyo/);
  await page.type("#key-input", KEY);
  await causes(press("Enter"), () => document.querySelectorAll("#gaps-list > li").length === 2);
  mock.answers["GET /v1/gaps"] = () => ({ status: 401, body: {} });
  await causes(click("[data-testid=gaps-refresh]"), () => !document.getElementById("gate").hidden);
  assert.match(await text("#gate-message"), /not accepted/);
});

test("by keyboard alone from the list to a line of the draft and back, filters kept; every field has a label", async () => {
  await signIn("/supervisor.html?authenticated=true");
  await page.focus("[data-testid=gaps-link]");
  await kind("gaps-status", "ready", press("Enter"));
  const unlabelled = await page.$$eval("#gaps-page :is(input, select)", (fields) => fields.filter(({ labels }) => labels.length === 0).length);
  assert.equal(unlabelled, 0);
  await page.focus("#gaps-actor");
  await page.keyboard.type("Ann");
  for (let presses = 0; presses < 9 && !(await page.evaluate(() => document.activeElement.matches(".gap input"))); presses += 1) {
    await page.keyboard.press("Tab");
  }
  await causes(press("Enter"), inDraft, 1);
  await page.focus("#gaps-back");
  await causes(press("Enter"), () => !document.getElementById("list-page").hidden);
  assert.equal(await page.evaluate(() => location.search), "?authenticated=true");
});

test("nothing scrolls sideways at 360 pixels", async () => {
  await page.setViewport({ width: 360, height: 740 });
  mock.answers["GET /v1/gaps/draft"] = keyed(() => ({ lines: draftLines([["library/study-rooms", "a-very-long-word-of-a-question".repeat(5)]]) }));
  const gaps = someGaps(true);
  gaps.gaps[0].phrasings[0].words = "an-other-very-long-word-of-a-question".repeat(4);
  mock.answers["GET /v1/gaps"] = keyed(() => gaps);
  await page.evaluateOnNewDocument((key) => sessionStorage.setItem("teller.supervisor-key", key), KEY);
  await open(GAPS);
  await until(() => document.querySelectorAll("#draft-lines > li").length === 1);
  await page.$eval("#draft-lines-part details", (details) => (details.open = true));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  assert.deepEqual(errors, []);
});
