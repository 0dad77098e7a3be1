// What was promised to callers, in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { KEY, causes, click, errors, keyed, kind, mock, page, press, signIn, text } from "./supervisor-page.mjs";
import { somePromises } from "./fixtures.mjs";

const CALLBACKS = "/supervisor.html#/callbacks";
/** What was sent to change promises: the path, and the body. */
let sent;
/** What the worker has. */
let promises;
let mayChange;

beforeEach(() => {
  sent = [];
  promises = somePromises();
  mayChange = true;
  const shown = { open: ({ done_at }) => done_at === null, overdue: ({ overdue }) => overdue, all: () => true };
  mock.answers["GET /v1/callbacks"] = keyed((url) => ({
    callbacks: promises.filter(shown[url.searchParams.get("state")]), next_cursor: null, may_change: mayChange,
  }));
  const change = (then) => ({ url, headers, sent: body }) => {
    if (headers.authorization !== `Bearer ${KEY}`) return { status: 401, body: {} };
    const [, , , id] = url.pathname.split("/");
    sent.push([url.pathname, JSON.parse(body)]);
    promises = promises.map((line) => (line.id === id ? { ...line, ...then(JSON.parse(body)) } : line));
    return { status: 200, body: { id } };
  };
  mock.answers["POST /v1/callbacks/*/take"] = change(({ actor }) => ({ taken_by: actor, taken_at: new Date().toISOString() }));
  mock.answers["POST /v1/callbacks/*/done"] = change(({ actor }) => ({ done_by: actor, done_at: new Date().toISOString() }));
});

const line = (number, rest = "") => `#callbacks-list > li:nth-child(${number}) ${rest}`.trim();
const lines = (count) => document.querySelectorAll("#callbacks-list > li").length === count;

test("from the list of calls to what was promised: where, what about, until when, late, whose, the call", async () => {
  mayChange = false;
  await signIn();
  await kind("callbacks-status", "ready", click("[data-testid=callbacks-link]"));
  assert.equal(await page.title(), "Promises to callers");
  assert.match(await text(line(1)), /^Callback KM482915Overdue.*Urgent.*Taken by Bea Ndlovu.*2026.*\+263771234567.*after four, please/s);
  assert.equal(await page.$eval(line(1, "a[href^='tel:']"), (link) => link.href), "tel:+263771234567");
  assert.match(await text(line(2)), /^Late delivery AF000001Nobody has it.*The number on file.*the <b>sofa<\/b> is late/s);
  assert.equal(await page.$("#callbacks-list b"), null, "words are text, never markup");
  assert.match(await text(line(3, "h3")), /^Callback$/, "one of an earlier version has no reference");
  assert.equal(await page.$("#callbacks-list form"), null, "a supervisor reads");
  assert.match(await text("#callbacks-reading"), /needs the administrator's key/);
  await kind("call-status", "ready", click(line(1, "a[href^='#/calls/']")));
  assert.ok(mock.requests.some(({ path }) => path === "/v1/calls/0190-0"));
  assert.deepEqual(errors, []);
});

test("one is taken and then done, by the name of who does it and with a note", async () => {
  await signIn(CALLBACKS, "callbacks-status");
  assert.equal(await page.$(line(1, "[data-testid=take]")), null, "it is somebody's");
  await causes(click(line(2, "[data-testid=take]")), () => !document.getElementById("callbacks-actor-missing").hidden);
  assert.equal(await page.evaluate(() => document.activeElement.id), "callbacks-actor");
  assert.deepEqual(sent, [], "not without a name");
  await page.type("#callbacks-actor", "Ann Moyo");
  const isAnns = () => document.querySelector("#callbacks-list > li:nth-child(2)")?.textContent.includes("Taken by Ann Moyo");
  await causes(click(line(2, "[data-testid=take]")), isAnns);
  assert.deepEqual(sent, [["/v1/callbacks/0190-c1/take", { actor: "Ann Moyo" }]]);
  assert.equal(await page.evaluate(() => document.activeElement.id), "callbacks-title", "the button is gone");

  await page.type(line(2, "input"), "it comes on Monday");
  await causes(press("Enter"), lines, 2);
  assert.deepEqual(sent.at(-1), ["/v1/callbacks/0190-c1/done", { actor: "Ann Moyo", note: "it comes on Monday" }]);
  assert.deepEqual(errors, []);
});

test("what somebody else has meanwhile is said where the button is, and the note stays", async () => {
  const reason = "Bea Ndlovu has it since 2026-11-30T12:00:00Z";
  mock.answers["POST /v1/callbacks/*/take"] = () => ({ status: 409, body: { error: reason } });
  await signIn(CALLBACKS, "callbacks-status");
  await page.type("#callbacks-actor", "Ann Moyo");
  await page.type(line(2, "input"), "half written");
  const told = () => !document.querySelector("#callbacks-list > li:nth-child(2) [data-testid=callback-problem]").hidden;
  await causes(click(line(2, "[data-testid=take]")), told);
  assert.equal(await text(line(2, "[data-testid=callback-problem]")), `Not taken: ${reason}.`);
  assert.equal(await page.$eval(line(2, "input"), ({ value }) => value), "half written");
  assert.equal(await page.$eval(line(2, "[data-testid=take]"), ({ disabled }) => disabled), false);
  assert.deepEqual(errors, []);
});

test("of erased callers there is nothing to call, and what is done has no buttons", async () => {
  await signIn(CALLBACKS, "callbacks-status");
  await causes(() => page.select("#callbacks-state", "all"), lines, 5);
  assert.match(await text(line(4)), /Done by Ann Moyo.*a new one is on its way/s);
  assert.match(await text(line(5)), /^Callback XY123456Caller erased.*Number–/s);
  assert.equal(await page.$(`${line(4, "form")}, ${line(5, "form")}, ${line(5, "a[href^='tel:']")}`), null);
  assert.deepEqual(errors, []);
});

test("the list goes on where it was cut, and says why it is empty", async () => {
  const [first, second] = promises;
  mock.answers["GET /v1/callbacks"] = keyed(({ searchParams }) => {
    if (searchParams.get("state") === "overdue") return { callbacks: [], next_cursor: null, may_change: true };
    const rest = searchParams.get("cursor") === "0_9_x";
    return { callbacks: rest ? [second] : [first], next_cursor: rest ? null : "0_9_x", may_change: true };
  });
  await signIn(CALLBACKS, "callbacks-status");
  await causes(click("#callbacks-more"), lines, 2);
  assert.match(await text(line(1)), /KM482915/);
  assert.match(await text(line(2)), /AF000001/);
  assert.equal(await page.$eval("#callbacks-more", ({ hidden }) => hidden), true);
  await kind("callbacks-status", "empty", () => page.select("#callbacks-state", "overdue"));
  assert.equal(await text("#callbacks-status"), "Nothing is overdue.");
  assert.deepEqual(errors, []);
});

test("a key that is refused meanwhile is asked for again, and a fault can be tried again", async () => {
  await signIn(CALLBACKS, "callbacks-status");
  const works = mock.answers["GET /v1/callbacks"];
  mock.answers["GET /v1/callbacks"] = () => ({ status: 503, body: { error: "the database is away" } });
  await kind("callbacks-status", "error", click("[data-testid=callbacks-refresh]"));
  assert.match(await text("#callbacks-status"), /promises could not be loaded \(503\)/);
  mock.answers["GET /v1/callbacks"] = works;
  await kind("callbacks-status", "ready", click("[data-testid=callbacks-refresh]"));
  mock.answers["GET /v1/callbacks"] = () => ({ status: 401, body: {} });
  await causes(click("[data-testid=callbacks-refresh]"), () => !document.getElementById("gate").hidden);
  assert.deepEqual(errors, []);
});
