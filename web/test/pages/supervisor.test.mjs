// The supervisor's pages in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openBrowser } from "../../e2e/browser.mjs";
import { SEPARATION, TOPICS, WORKER, callRecord, profileHistory, someCalls } from "./fixtures.mjs";
import { startMock } from "./mock-worker.mjs";

const KEY = "right-key";
let mock;
let chromium;
let page;
let errors;

/** Answers what `make` gives to whoever has the key. */
const keyed = (make) => (request) =>
  request.headers.authorization === `Bearer ${KEY}` ? { status: 200, body: make(request.url) } : { status: 401, body: {} };

before(async () => {
  mock = await startMock();
  chromium = await openBrowser();
});

after(async () => {
  await chromium?.close();
  await mock?.close();
});

beforeEach(async () => {
  mock.requests.length = 0;
  mock.answers["GET /api/topics"] = keyed(() => ({ topics: TOPICS }));
  mock.answers["GET /api/calls"] = keyed(() => ({ calls: someCalls(), next_cursor: null }));
  mock.answers["GET /api/calls/*"] = keyed((url) => callRecord(url.pathname.split("/").pop()));
  mock.answers["GET /api/worker"] = keyed(() => WORKER);
  mock.answers["GET /api/profiles/*"] = keyed(() => profileHistory(false));
  await page?.close();
  page = await chromium.browser.newPage();
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load")) errors.push(message.text());
  });
});

const open = (path = "/supervisor.html") => page.goto(mock.url + path);
const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());
const until = (condition, ...rest) => page.waitForFunction(condition, { timeout: 5000, polling: 20 }, ...rest);
const kind = (id, wanted) => until((i, k) => document.getElementById(i).dataset.kind === k, id, wanted);

async function signIn(path, key = KEY) {
  await open(path);
  await page.type("#key-input", key);
  await page.keyboard.press("Enter");
}

test("a wrong key is said to be wrong and is forgotten", async () => {
  await signIn("/supervisor.html", "wrong");
  await until(() => !document.getElementById("gate-message").hidden);
  assert.match(await text("#gate-message"), /not accepted/);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.equal(await page.$eval("#list-page", (element) => element.hidden), true);
});

test("a key that no header can carry is refused without asking", async () => {
  await signIn("/supervisor.html", "schlüssel");
  await until(() => !document.getElementById("gate-message").hidden);
  assert.equal(mock.requests.some(({ path }) => path.startsWith("/api/")), false);
});

test("the key outlives a reload and not a sign-out", async () => {
  await signIn();
  await kind("list-status", "ready");
  await page.reload();
  await kind("list-status", "ready");
  await page.click("#sign-out");
  await until(() => !document.getElementById("gate").hidden);
  assert.equal(await page.$$eval("#call-rows > tr", (rows) => rows.length), 0);
});

test("filters of a shared address reach the form and the server", async () => {
  await signIn("/supervisor.html?topic=fees&authenticated=true&sentiment=rubbish");
  await kind("list-status", "ready");
  const asked = new URLSearchParams(mock.requests.findLast(({ path }) => path === "/api/calls").query);
  assert.deepEqual([asked.get("topic"), asked.get("authenticated"), asked.has("sentiment")], ["fees", "true", false]);
  assert.equal(await page.$eval("#filter-topic", (field) => field.value), "fees");
});

test("choosing a filter changes the address, and going back restores it", async () => {
  await signIn();
  await kind("list-status", "ready");
  await page.select("#filter-resolution", "escalated");
  await until(() => location.search === "?resolution=escalated");
  await page.goBack();
  await until(() => location.search === "" && document.getElementById("filter-resolution").value === "");
});

test("an empty list says whether filters are why", async () => {
  mock.answers["GET /api/calls"] = keyed(() => ({ calls: [], next_cursor: null }));
  await signIn();
  await kind("list-status", "empty");
  assert.equal(await text("#list-status"), "There are no calls yet.");
  await page.select("#filter-sentiment", "negative");
  await until(() => document.getElementById("list-status").textContent.includes("filters"));
});

test("load more appends by the cursor and goes away at the end", async () => {
  mock.answers["GET /api/calls"] = keyed((url) =>
    url.searchParams.get("cursor") === "next"
      ? { calls: someCalls(8).slice(6), next_cursor: null }
      : { calls: someCalls(), next_cursor: "next" },
  );
  await signIn();
  await kind("list-status", "ready");
  await page.click("#load-more");
  await until(() => document.querySelectorAll("#call-rows > tr").length === 8);
  assert.equal(await page.$eval("#load-more", (element) => element.hidden), true);
});

test("a server error is shown and a refresh recovers", async () => {
  const working = mock.answers["GET /api/calls"];
  mock.answers["GET /api/calls"] = () => ({ status: 500, body: {} });
  await signIn();
  await kind("list-status", "error");
  mock.answers["GET /api/calls"] = working;
  await page.click("#refresh");
  await kind("list-status", "ready");
});

test("a call shows what was said as text, never as markup", async () => {
  await signIn("/supervisor.html#/calls/0190-0");
  await kind("call-status", "ready");
  const said = await page.$$eval(".turn-text", (turns) => turns.map((turn) => turn.textContent));
  assert.equal(said[1], "I lost my card <b>yesterday</b> <img src=x onerror=alert(1)>");
  assert.equal(await page.$("#call-turns img"), null);
});

test("a call shows its stages, sources and identity", async () => {
  await signIn("/supervisor.html#/calls/0190-0");
  await kind("call-status", "ready");
  const stages = await page.$$eval('[data-seq="3"] .stages li', (items) => items.map((item) => item.textContent));
  assert.deepEqual(stages, ["Endpointing 400 ms", "Hearing 310 ms", "Retrieval 2 ms", "Voice 95 ms", "To first audio 807 ms"]);
  const widths = await page.$$eval('[data-seq="3"] .bar span', (parts) => parts.map((part) => part.getBoundingClientRect().width));
  assert.ok(Math.abs(widths[0] / widths[1] - 400 / 310) < 0.05, `the bar's parts are not to scale: ${widths}`);
  assert.match(await text('[data-seq="3"] .sources'), /Lost card – packs\/bank\/lost-card\.md \(score 7\.31\)/);
  assert.match(await text("#call-identity"), /jane\.miller/);
});

test("a call that does not exist is said not to", async () => {
  mock.answers["GET /api/calls/*"] = () => ({ status: 404, body: {} });
  await signIn("/supervisor.html#/calls/nowhere");
  await kind("call-status", "error");
  assert.equal(await text("#call-status"), "There is no such call.");
});

test("from the list to a call and back by keyboard alone, filters kept", async () => {
  await signIn("/supervisor.html?authenticated=true");
  await kind("list-status", "ready");
  await page.focus("#call-rows a");
  await page.keyboard.press("Enter");
  await kind("call-status", "ready");
  await page.focus("#back");
  await page.keyboard.press("Enter");
  await until(() => !document.getElementById("list-page").hidden);
  assert.equal(await page.evaluate(() => location.search), "?authenticated=true");
});

test("from a call to the history of its profile: what was merged, undone and refused, and no button for supervisors", async () => {
  await signIn("/supervisor.html#/calls/0190-0");
  await kind("call-status", "ready");
  await page.click("[data-testid=profile-link]");
  await kind("profile-status", "ready");
  assert.equal(await text("#profile-title"), "Profile of jane.miller");
  const merges = await page.$$eval("#profile-merges > li", (items) => items.map((item) => item.textContent));
  assert.match(merges[0], /Refused source authenticated.*was not merged into.*By joe <b>: same number\./);
  assert.match(merges[1], /In force.*By caller\. 12 calls with 80 messages moved\./);
  const attempts = await page.$$eval("#profile-attempts > li", (items) => items.map(({ dataset }) => dataset.outcome));
  assert.deepEqual(attempts, ["refused_source_authenticated", "merged"]);
  assert.equal(await page.$("[data-testid=unmerge-open]"), null);
});

test("a profile is found by its id, and one that is not there is said not to be", async () => {
  mock.answers["GET /api/profiles/*"] = () => ({ status: 404, body: {} });
  await signIn();
  await kind("list-status", "ready");
  await page.type("#profile-input", " b7c9 ");
  await page.keyboard.press("Enter");
  await kind("profile-status", "error");
  assert.equal(await text("#profile-status"), "There is no such profile.");
  assert.ok(mock.requests.some(({ path }) => path === "/api/profiles/b7c9"));
});

test("an administrator sees what comes apart, gives a name and unmerges", async () => {
  let undoneBy = null;
  const asked = [];
  mock.answers["GET /api/profiles/*"] = keyed(() => profileHistory(true, undoneBy));
  mock.answers["GET /api/profiles/*/unmerge"] = keyed(() => SEPARATION);
  mock.answers["POST /api/profiles/*/unmerge"] = ({ sent }) => {
    asked.push(JSON.parse(sent));
    undoneBy = asked.at(-1).actor;
    return { status: 200, body: { outcome: "unmerged", merge: 17, source_id: SEPARATION.source } };
  };
  await signIn("/supervisor.html#/profiles/b7c9");
  await kind("profile-status", "ready");
  assert.equal((await page.$$("[data-testid=unmerge-open]")).length, 1, "what is refused cannot be undone");
  await page.click("[data-testid=unmerge-open]");
  await until(() => !document.getElementById("unmerge-confirm").disabled);
  assert.match(await text("#unmerge-what"), /lives again\. 12 calls with 80 messages leave jane\.miller/);
  assert.equal(await text("#unmerge-confirm"), "Take 12 calls apart");
  await page.click("#unmerge-cancel");
  await until(() => !document.getElementById("unmerge").open);
  assert.deepEqual(asked, [], "cancelled");
  await page.click("[data-testid=unmerge-open]");
  await until(() => !document.getElementById("unmerge-confirm").disabled);
  await page.click("#unmerge-confirm");
  assert.deepEqual(asked, [], "without a name nothing is asked");
  await page.type("#unmerge-actor", "Ann Moyo");
  await page.type("#unmerge-reason", "shared phone");
  await page.click("#unmerge-confirm");
  await until(() => !document.getElementById("unmerge").open && !document.getElementById("profile-done").hidden);
  assert.deepEqual(asked, [{ actor: "Ann Moyo", reason: "shared phone", confirm: 17 }]);
  await until(() => document.querySelectorAll("[data-testid=unmerge-open]").length === 0);
  assert.match(await text("#profile-merges"), /Undone .* By Ann Moyo: shared phone\./);
  assert.deepEqual(errors, []);
});

test("a refused unmerge is explained in the worker's words and the profile is read again", async () => {
  let somebodyElse = null;
  mock.answers["GET /api/profiles/*"] = keyed(() => profileHistory(true, somebodyElse));
  mock.answers["GET /api/profiles/*/unmerge"] = keyed(() => SEPARATION);
  mock.answers["POST /api/profiles/*/unmerge"] = () => {
    somebodyElse = "Bea Ncube";
    return { status: 409, body: { outcome: "refused_changed", error: "another merge holds this profile" } };
  };
  await signIn("/supervisor.html#/profiles/b7c9");
  await kind("profile-status", "ready");
  await page.click("[data-testid=unmerge-open]");
  await until(() => !document.getElementById("unmerge-confirm").disabled);
  await page.type("#unmerge-actor", "Ann Moyo");
  await page.click("#unmerge-confirm");
  await until(() => !document.getElementById("unmerge-status").hidden);
  assert.equal(await text("#unmerge-status"), "Not unmerged: another merge holds this profile.");
  assert.equal(await page.$eval("#unmerge-confirm", (button) => button.disabled), true);
  const readings = () => mock.requests.filter(({ path }) => path === "/api/profiles/b7c9").length;
  assert.equal(readings(), 1, "nothing is read again under an open dialog");
  await page.keyboard.press("Escape");
  // The status was "ready" all along: what Bea did can only come from a second reading.
  await until(() => document.getElementById("profile-merges").textContent.includes("By Bea Ncube"));
  assert.equal(readings(), 2);
});

test("what somebody should look at is shown over a list that cannot be read", async () => {
  mock.answers["GET /api/calls"] = () => ({ status: 503, body: {} });
  const complaints = ["the database takes no rows since 2026-05-17 14:05:00 UTC: <b>away</b>; 7 records wait on the disk"];
  mock.answers["GET /api/worker"] = keyed(() => ({ ...WORKER, status: "degraded", complaints, takes_calls: false }));
  await signIn();
  await kind("list-status", "error");
  await until(() => !document.getElementById("worker-notice").hidden);
  assert.deepEqual(await page.$$eval("#worker-complaints li", (items) => items.map((item) => item.textContent)), complaints);
  assert.equal(await text("#worker-calls"), "It takes no new calls.");
  await page.click("#sign-out");
  await until(() => document.getElementById("worker-notice").hidden);
});

test("nothing scrolls sideways at 360 pixels and nothing breaks the content security policy", async () => {
  await page.setViewport({ width: 360, height: 740 });
  const complaints = ["a-very-long-word-of-a-database-address".repeat(4)];
  mock.answers["GET /api/worker"] = keyed(() => ({ ...WORKER, complaints }));
  for (const path of ["/supervisor.html", "/supervisor.html#/calls/0190-0", "/supervisor.html#/profiles/b7c9"]) {
    await page.evaluateOnNewDocument((key) => sessionStorage.setItem("teller.supervisor-key", key), KEY);
    await open("/favicon.svg");
    await open(path);
    const status = path.includes("profiles") ? "profile-status" : path.includes("calls/") ? "call-status" : "list-status";
    await kind(status, "ready");
    await until(() => !document.getElementById("worker-notice").hidden);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`);
  }
  assert.deepEqual(errors, []);
});
