// The supervisor's list of calls and one call, in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY, causes, click, errors, giveKey, keyed, kind, mock, open, page, press, signIn, text, until } from "./supervisor-page.mjs";
import { WORKER, someCalls } from "./fixtures.mjs";

test("a wrong key is refused with a message and is forgotten", async () => {
  await giveKey("/supervisor.html", "wrong");
  await causes(press("Enter"), () => !document.getElementById("gate-message").hidden);
  assert.match(await text("#gate-message"), /not accepted/);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.equal(await page.$eval("#list-page", (element) => element.hidden), true);
});

test("after too many wrong keys the page says to wait, and forgets the key", async () => {
  mock.answers["GET /v1/topics"] = () => ({ status: 429, body: { error: "too many wrong keys; try again in 6 s" } });
  await giveKey("/supervisor.html");
  await causes(press("Enter"), () => !document.getElementById("gate-message").hidden);
  assert.match(await text("#gate-message"), /Too many wrong keys .* wait a minute/);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test("a key that is changed on the worker is asked for again at the next look", async () => {
  await signIn();
  mock.answers["GET /v1/calls"] = () => ({ status: 401, body: {} });
  await causes(click("#refresh"), () => !document.getElementById("gate").hidden);
  assert.match(await text("#gate-message"), /not accepted/);
  assert.deepEqual(errors, []);
});

test("a key that no header can carry is refused without a request", async () => {
  await giveKey("/supervisor.html", "schlüssel");
  await causes(press("Enter"), () => !document.getElementById("gate-message").hidden);
  assert.equal(mock.requests.some(({ path }) => path.startsWith("/v1/")), false);
});

test("the key outlives a reload and not a sign-out", async () => {
  await signIn();
  await page.reload();
  await until(() => document.getElementById("list-status").dataset.kind === "ready");
  await causes(click("#sign-out"), () => !document.getElementById("gate").hidden);
  assert.equal(await page.$$eval("#call-rows > tr", (rows) => rows.length), 0);
});

test("filters of a shared address reach the form and the server", async () => {
  await signIn("/supervisor.html?topic=opening_hours&authenticated=true&sentiment=rubbish");
  const asked = new URLSearchParams(mock.requests.findLast(({ path }) => path === "/v1/calls").query);
  assert.deepEqual([asked.get("topic"), asked.get("authenticated"), asked.has("sentiment")], ["opening_hours", "true", false]);
  assert.equal(await page.$eval("#filter-topic", (field) => field.value), "opening_hours");
});

test("choosing a filter changes the address, and going back restores it", async () => {
  await signIn();
  await causes(
    () => page.select("#filter-resolution", "escalated"),
    () => location.search === "?resolution=escalated",
  );
  await causes(
    () => page.goBack(),
    () => location.search === "" && document.getElementById("filter-resolution").value === "",
  );
});

test("an empty list shows whether filters are the reason", async () => {
  mock.answers["GET /v1/calls"] = keyed(() => ({ calls: [], next_cursor: null }));
  await giveKey();
  await kind("list-status", "empty", press("Enter"));
  assert.equal(await text("#list-status"), "There are no calls yet.");
  await causes(
    () => page.select("#filter-sentiment", "negative"),
    () => document.getElementById("list-status").textContent.includes("filters"),
  );
});

test("load more appends by the cursor and goes away at the end", async () => {
  mock.answers["GET /v1/calls"] = keyed((url) =>
    url.searchParams.get("cursor") === "next"
      ? { calls: someCalls(8).slice(6), next_cursor: null }
      : { calls: someCalls(), next_cursor: "next" },
  );
  await signIn();
  await causes(click("#load-more"), () => document.querySelectorAll("#call-rows > tr").length === 8);
  assert.equal(await page.$eval("#load-more", (element) => element.hidden), true);
});

test("a server error is shown and a refresh recovers", async () => {
  const working = mock.answers["GET /v1/calls"];
  mock.answers["GET /v1/calls"] = () => ({ status: 500, body: {} });
  await giveKey();
  await kind("list-status", "error", press("Enter"));
  mock.answers["GET /v1/calls"] = working;
  await kind("list-status", "ready", click("#refresh"));
});

test("a call shows what was said as text, never as markup", async () => {
  await signIn("/supervisor.html#/calls/0190-0", "call-status");
  const said = await page.$$eval(".turn-text", (turns) => turns.map((turn) => turn.textContent));
  assert.equal(said[1], "I lost a book <b>yesterday</b> <img src=x onerror=alert(1)>");
  assert.equal(await page.$("#call-turns img"), null);
  const asked = await page.$eval('[data-testid="turn"][data-seq="2"]', (turn) => turn.textContent);
  for (const shown of ["Worried", "Critical urgency", "Frustration 7/10", "Problem solving", "Say what to do now", "Medium (0.61)"]) {
    assert.ok(asked?.includes(shown), `${shown} is not shown in ${asked}`);
  }
});

test("a call shows its stages, sources and identity", async () => {
  await signIn("/supervisor.html#/calls/0190-0", "call-status");
  const stages = await page.$$eval('[data-seq="3"] .stages li', (items) => items.map((item) => item.textContent));
  assert.deepEqual(stages, ["Endpointing 400 ms", "Hearing 310 ms", "Retrieval 2 ms", "Voice 95 ms", "To first audio 807 ms"]);
  const widths = await page.$$eval('[data-seq="3"] .bar span', (parts) => parts.map((part) => part.getBoundingClientRect().width));
  assert.ok(Math.abs(widths[0] / widths[1] - 400 / 310) < 0.05, `the bar's parts are not to scale: ${widths}`);
  assert.match(await text('[data-seq="3"] .sources'), /Lost books – library\/lost-books \(score 7\.31\)/);
  assert.match(await text("#call-identity"), /jane\.miller/);
});

test("turns of a recorded call that have a sound can be played, and what fails is said", async () => {
  const record = mock.answers["GET /v1/calls/*"];
  mock.answers["GET /v1/calls/*"] = async (request) => {
    const { status, body } = await record(request);
    const [first, second, ...rest] = body.messages;
    const messages = [{ ...first, started_ms: 200, ended_ms: 3100 }, { ...second, started_ms: null, ended_ms: 5000 }, ...rest];
    return { status, body: { ...body, recorded: true, messages } };
  };
  await signIn("/supervisor.html#/calls/0190-1", "call-status");
  assert.equal(await page.$eval("#call-recording", (part) => part.hidden), false);
  const played = await page.$$eval("[data-testid=play-turn]", (buttons) => buttons.map((button) => button.closest("li").dataset.seq));
  assert.deepEqual(played, ["1"], "what was typed has none");
  await causes(click("[data-testid=play-turn]"), () => document.getElementById("call-audio-status").textContent.includes("could not be loaded (404)"));
  const asked = mock.requests.findLast(({ path }) => path.endsWith("/recording"));
  assert.equal(asked.headers.authorization, `Bearer ${KEY}`);
});

test("a call that was not recorded has nothing to play", async () => {
  await signIn("/supervisor.html#/calls/0190-1", "call-status");
  assert.equal(await page.$eval("#call-recording", (part) => part.hidden), true);
  assert.equal(await page.$("[data-testid=play-turn]"), null);
});

test("the page explains that a call does not exist", async () => {
  mock.answers["GET /v1/calls/*"] = () => ({ status: 404, body: {} });
  await giveKey("/supervisor.html#/calls/nowhere");
  await kind("call-status", "error", press("Enter"));
  assert.equal(await text("#call-status"), "There is no such call.");
});

test("from the list to a call and back by keyboard alone, filters kept", async () => {
  await signIn("/supervisor.html?authenticated=true");
  await page.focus("#call-rows a");
  await kind("call-status", "ready", press("Enter"));
  await page.focus("#back");
  await causes(press("Enter"), () => !document.getElementById("list-page").hidden);
  assert.equal(await page.evaluate(() => location.search), "?authenticated=true");
});

test("complaints of the worker are shown over a list that cannot be read", async () => {
  mock.answers["GET /v1/calls"] = () => ({ status: 503, body: {} });
  const complaints = ["the database takes no rows since 2026-05-17 14:05:00 UTC: <b>away</b>; 7 records wait on the disk"];
  mock.answers["GET /v1/worker"] = keyed(() => ({ ...WORKER, status: "degraded", complaints, takes_calls: false }));
  await giveKey();
  await kind("list-status", "error", press("Enter"));
  await until(() => !document.getElementById("worker-notice").hidden);
  assert.deepEqual(await page.$$eval("#worker-complaints li", (items) => items.map((item) => item.textContent)), complaints);
  assert.equal(await text("#worker-calls"), "It takes no new calls.");
  await causes(click("#sign-out"), () => document.getElementById("worker-notice").hidden);
});

test("nothing scrolls sideways at 360 pixels and nothing breaks the content security policy", async () => {
  await page.setViewport({ width: 360, height: 740 });
  const complaints = ["a-very-long-word-of-a-database-address".repeat(4)];
  mock.answers["GET /v1/worker"] = keyed(() => ({ ...WORKER, complaints }));
  await page.evaluateOnNewDocument((key) => sessionStorage.setItem("teller.supervisor-key", key), KEY);
  const pages = { "": "list-status", "#/calls/0190-0": "call-status", "#/profiles/b7c9": "profile-status" };
  for (const [path, status] of Object.entries(pages)) {
    // Another document in between: a new fragment alone would not load the page again.
    await open("/favicon.svg");
    await open(`/supervisor.html${path}`);
    await until((id) => document.getElementById(id).dataset.kind === "ready", status);
    await until(() => !document.getElementById("worker-notice").hidden);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page with the ${status} is ${overflow} pixels too wide`);
  }
  assert.deepEqual(errors, []);
});
