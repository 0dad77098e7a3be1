// Who may take something that the company offers, in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { causes, click, errors, keyed, kind, mock, page, signIn, text } from "./supervisor-page.mjs";
import { someLeads } from "./fixtures.mjs";

const LEADS = "/supervisor.html#/leads";

beforeEach(() => {
  mock.answers["GET /v1/leads"] = keyed(({ searchParams }) => {
    const leads = someLeads().filter(({ temperature }) => searchParams.get("kind") === "all" || temperature === "hot");
    return { leads: searchParams.get("kind") === "stuck" ? [] : leads, next_cursor: null };
  });
});

const line = (number, rest = "") => `#leads-list > li:nth-child(${number}) ${rest}`.trim();
const lines = (count) => document.querySelectorAll("#leads-list > li").length === count;

test("from the list of calls to the leads: how near each is, why, and their calls", async () => {
  await signIn();
  await kind("leads-status", "ready", click("[data-testid=leads-link]"));
  assert.equal(await page.title(), "Leads");
  assert.match(await text(line(1)), /^sarah17\.3 of 20HotQualified.*Wants2.*Hesitated1 times/s);
  await page.click(line(1, "summary"));
  const why = await text(line(1, "details"));
  assert.match(why, /Engagement: 8\.3 of 10.*3\.0: 9 calls and chats.*Intent: 9\.0 of 10.*3\.0: 1 appointments/s);
  assert.match(why, /Version 2: 11\.5 of 20, warm.*-0\.5: 1 <b>objections<\/b>/s);
  assert.equal(await page.$("#leads-list b"), null, "words are text, never markup");
  assert.equal((await page.$$(line(1, "a[href^='#/calls/']"))).length, 2);
  await kind("call-status", "ready", click(line(1, "a[href^='#/calls/']")));
  assert.ok(mock.requests.some(({ path }) => path === "/v1/calls/0190-0"));
  assert.deepEqual(errors, []);
});

test("a hot lead of whom too little is known is shown as such, and to whom nothing is sold, too", async () => {
  await signIn(LEADS, "leads-status");
  assert.match(await text(line(2)), /^john15\.0 of 20Warm \(unqualified\)Sell nothing until .*2026.*: /s);
  assert.equal(await page.$eval(line(2, ".chip:nth-child(2)"), ({ dataset }) => dataset.tone), "notable");
  assert.deepEqual(errors, []);
});

test("all, the stuck and none: what a kind means stands above it", async () => {
  await signIn(LEADS, "leads-status");
  assert.match(await text("#leads-explained"), /15 points and more/);
  await causes(() => page.select("#leads-kind", "all"), lines, 3);
  assert.match(await text(line(3)), /^Anonymous1\.0 of 20Cold/);
  await kind("leads-status", "empty", () => page.select("#leads-kind", "stuck"));
  assert.equal(await text("#leads-status"), "Nobody is stuck.");
  assert.match(await text("#leads-explained"), /hesitated twice/);
  assert.deepEqual(errors, []);
});

test("the list goes on where it was cut", async () => {
  const [first, second] = someLeads();
  mock.answers["GET /v1/leads"] = keyed(({ searchParams }) => {
    const rest = searchParams.get("cursor") === "17.25_x";
    return { leads: rest ? [second] : [first], next_cursor: rest ? null : "17.25_x" };
  });
  await signIn(LEADS, "leads-status");
  await causes(click("#leads-more"), lines, 2);
  assert.match(await text(line(2)), /^john/);
  assert.equal(await page.$eval("#leads-more", ({ hidden }) => hidden), true);
  assert.deepEqual(errors, []);
});

test("a key that is refused meanwhile is asked for again, and a fault can be tried again", async () => {
  await signIn(LEADS, "leads-status");
  const works = mock.answers["GET /v1/leads"];
  mock.answers["GET /v1/leads"] = () => ({ status: 503, body: { error: "the database is away" } });
  await kind("leads-status", "error", click("[data-testid=leads-refresh]"));
  assert.match(await text("#leads-status"), /leads could not be loaded \(503\)/);
  mock.answers["GET /v1/leads"] = works;
  await kind("leads-status", "ready", click("[data-testid=leads-refresh]"));
  mock.answers["GET /v1/leads"] = () => ({ status: 401, body: {} });
  await causes(click("[data-testid=leads-refresh]"), () => !document.getElementById("gate").hidden);
  assert.deepEqual(errors, []);
});
