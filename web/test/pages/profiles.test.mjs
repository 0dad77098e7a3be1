// A person's profiles and taking a merge apart, in a real browser against the stand-in worker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { causes, click, errors, keyed, kind, mock, page, press, signIn, text } from "./supervisor-page.mjs";
import { SEPARATION, profileHistory } from "./fixtures.mjs";

const PROFILE = "/supervisor.html#/profiles/b7c9";

/** Opens the dialog and waits until what would come apart has been looked up. */
const askToUnmerge = () =>
  causes(click("[data-testid=unmerge-open]"), () => !document.getElementById("unmerge-confirm").disabled);

test("from a call to the history of its profile: what was merged, undone and refused, and no button for supervisors", async () => {
  await signIn("/supervisor.html#/calls/0190-0", "call-status");
  await kind("profile-status", "ready", click("[data-testid=profile-link]"));
  assert.equal(await text("#profile-title"), "Profile of jane.miller");
  const merges = await page.$$eval("#profile-merges > li", (items) => items.map((item) => item.textContent));
  assert.match(merges[0], /Refused source authenticated.*was not merged into.*By joe <b>: same number\./);
  assert.match(merges[1], /In force.*By caller\. 12 calls with 80 messages moved\./);
  const attempts = await page.$$eval("#profile-attempts > li", (items) => items.map(({ dataset }) => dataset.outcome));
  assert.deepEqual(attempts, ["refused_source_authenticated", "merged"]);
  assert.equal(await page.$("[data-testid=unmerge-open]"), null);
});

test("a profile is found by its id, and the page explains that one does not exist", async () => {
  mock.answers["GET /v1/profiles/*"] = () => ({ status: 404, body: {} });
  await signIn();
  await page.type("#profile-input", " b7c9 ");
  await kind("profile-status", "error", press("Enter"));
  assert.equal(await text("#profile-status"), "There is no such profile.");
  assert.ok(mock.requests.some(({ path }) => path === "/v1/profiles/b7c9"));
});

test("an administrator sees what comes apart, gives a name and unmerges", async () => {
  let undoneBy = null;
  const asked = [];
  mock.answers["GET /v1/profiles/*"] = keyed(() => profileHistory(true, undoneBy));
  mock.answers["GET /v1/profiles/*/unmerge"] = keyed(() => SEPARATION);
  mock.answers["POST /v1/profiles/*/unmerge"] = ({ sent }) => {
    asked.push(JSON.parse(sent));
    undoneBy = asked.at(-1).actor;
    return { status: 200, body: { outcome: "unmerged", merge: 17, source_id: SEPARATION.source } };
  };
  await signIn(PROFILE, "profile-status");
  assert.equal((await page.$$("[data-testid=unmerge-open]")).length, 1, "what is refused cannot be undone");
  await askToUnmerge();
  assert.match(await text("#unmerge-what"), /lives again\. 12 calls with 80 messages leave jane\.miller/);
  assert.equal(await text("#unmerge-confirm"), "Take 12 calls apart");
  await causes(click("#unmerge-cancel"), () => !document.getElementById("unmerge").open);
  assert.deepEqual(asked, [], "cancelled");
  await askToUnmerge();
  await page.click("#unmerge-confirm");
  assert.equal(await page.$eval("#unmerge-actor", (field) => field.validity.valueMissing), true);
  await page.type("#unmerge-actor", "Ann Moyo");
  await page.type("#unmerge-reason", "shared phone");
  await causes(click("#unmerge-confirm"), () => document.querySelectorAll("[data-testid=unmerge-open]").length === 0);
  assert.deepEqual(asked, [{ actor: "Ann Moyo", reason: "shared phone", confirm: 17 }], "once, and not without a name");
  assert.deepEqual(
    [await page.$eval("#unmerge", (dialog) => dialog.open), await page.$eval("#profile-done", (notice) => notice.hidden)],
    [false, false],
  );
  assert.match(await text("#profile-merges"), /Undone .* By Ann Moyo: shared phone\./);
  assert.deepEqual(errors, []);
});

test("a refused unmerge is explained in the worker's words and the profile is read again", async () => {
  let somebodyElse = null;
  mock.answers["GET /v1/profiles/*"] = keyed(() => profileHistory(true, somebodyElse));
  mock.answers["GET /v1/profiles/*/unmerge"] = keyed(() => SEPARATION);
  mock.answers["POST /v1/profiles/*/unmerge"] = () => {
    somebodyElse = "Bea Ncube";
    return { status: 409, body: { outcome: "refused_changed", error: "another merge holds this profile" } };
  };
  await signIn(PROFILE, "profile-status");
  await askToUnmerge();
  await page.type("#unmerge-actor", "Ann Moyo");
  await causes(click("#unmerge-confirm"), () => !document.getElementById("unmerge-status").hidden);
  assert.equal(await text("#unmerge-status"), "Not unmerged: another merge holds this profile.");
  assert.equal(await page.$eval("#unmerge-confirm", (button) => button.disabled), true);
  const readings = () => mock.requests.filter(({ path }) => path === "/v1/profiles/b7c9").length;
  assert.equal(readings(), 1, "nothing is read again under an open dialog");
  // The status was "ready" all along: what Bea did can only come from a second reading.
  await causes(press("Escape"), () => document.getElementById("profile-merges").textContent.includes("By Bea Ncube"));
  assert.equal(readings(), 2);
});
