import assert from "node:assert/strict";
import test from "node:test";
import { apiQuery, fromQuery, restrictions, toQuery } from "../src/supervisor/filters.ts";

test("filters survive the way through the address", () => {
  const query = "?from=2026-05-01&to=2026-05-17&topic=lost_book&sentiment=negative&resolution=escalated&authenticated=true";
  assert.equal(toQuery(fromQuery(query)), query);
  assert.equal(restrictions(fromQuery(query)), 6);
});

test("no filters leave the address bare", () => {
  assert.equal(toQuery(fromQuery("")), "");
  assert.equal(restrictions(fromQuery("?utm=1")), 0);
});

test("invalid values are ignored", () => {
  assert.equal(toQuery(fromQuery("?from=yesterday&sentiment=angry&resolution=x&authenticated=yes&to=2026-5-1")), "");
});

test("a topic may be any text and is escaped", () => {
  assert.equal(toQuery(fromQuery("?topic=a%26b%3Dc")), "?topic=a%26b%3Dc");
});

test("days become instants that include the last day whole", () => {
  const query = apiQuery(fromQuery("?from=2026-05-01&to=2026-05-31"), 25, null);
  assert.equal(query.get("from"), new Date(2026, 4, 1).toISOString());
  assert.equal(query.get("to"), new Date(2026, 5, 1).toISOString());
  assert.equal(query.get("limit"), "25");
  assert.equal(query.has("cursor"), false);
});

test("the cursor is passed on", () => {
  assert.equal(apiQuery(fromQuery(""), 10, "abc").toString(), "limit=10&cursor=abc");
});
