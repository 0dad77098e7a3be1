// How calls end, and what they survive: the caller's page in rooms of a real LiveKit server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, inRoom, openCaller, roomsOfOneTest } from "./caller-page.mjs";
import { SUMMARY } from "./fixtures.mjs";

test("the page explains that no agent came within ten seconds, and trying again requests a new room", inRoom, async () => {
  const rooms = await roomsOfOneTest();
  const { page, text, causes, state } = await openCaller(rooms.mock.url);
  const first = rooms.room();
  await causes(
    () => page.click("#call-button"),
    () => !document.getElementById("notice").hidden,
  );
  assert.match(await text("#notice-text"), /^No assistant is available/);
  assert.equal(await page.evaluate(() => document.body.dataset.phase), "waiting", "the caller may stay on the line");
  const second = rooms.room();
  await state("listening", async () => {
    await page.click("#notice-action");
    await rooms.agent(await second);
  });
  assert.notEqual(await second, await first);
  assert.equal(await page.$eval("#notice", (notice) => notice.hidden), true);
});

test("an agent that leaves ends the call, which then shows its summary once", inRoom, async () => {
  const { rooms, agent, phase, text, until } = await call();
  await phase("ended", () => agent.evaluate(() => globalThis.agent.leave()));
  assert.equal(await text("#notice-text"), "The assistant ended the call.");
  await until(() => document.getElementById("summary").dataset.kind === "ready");
  assert.equal(await text("#summary-text"), SUMMARY.summary);
  assert.equal(rooms.mock.requests.filter(({ path }) => path === "/v1/summary/one-time").length, 1);
});

test("a room that is deleted counts as ended by the assistant", inRoom, async () => {
  const { rooms, room, phase, text } = await call();
  await phase("ended", () => rooms.service("DeleteRoom", room));
  assert.equal(await text("#notice-text"), "The assistant ended the call.");
});

test("the page shows that an agent was cut off, and another one takes over", inRoom, async () => {
  const { rooms, room, agent, phase, state, text } = await call();
  const identity = await agent.evaluate(() => globalThis.agent.room.localParticipant.identity);
  // The page waits ten seconds for another one: that one is ready beforehand.
  const next = await rooms.readyAgent();
  await phase("waiting", () => rooms.service("RemoveParticipant", room, { identity }));
  assert.match(await text("#notice-text"), /was cut off\. Another one/);
  await state("listening", () => rooms.agent(room, undefined, next));
});

test("the page shows that its connection broke, and the call goes on once it is back", inRoom, async () => {
  const { rooms, phase, text, until } = await call(undefined, { breakable: true });
  await phase("reconnecting", () => rooms.proxy.cut());
  assert.match(await text("#notice-text"), /interrupted/);
  await phase("talking", () => rooms.proxy.mend());
  await until(() => document.getElementById("notice").hidden);
});
