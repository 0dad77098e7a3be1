import assert from "node:assert/strict";
import test from "node:test";
import { AGENT_DEADLINE_MS, deadline, inCall, step, type Phase, type PhaseEvent } from "../src/caller/phase.ts";
import { describe } from "../src/caller/describe.ts";

const JOINED: PhaseEvent[] = [{ kind: "dialled" }, { kind: "microphone_settled" }, { kind: "joined", now: 100 }];
const TALKING: PhaseEvent[] = [...JOINED, { kind: "agent", state: "listening" }];
const LATE = 100 + AGENT_DEADLINE_MS;

/** Plays events from idle and compares the phase that is reached. */
function check(script: PhaseEvent[], expected: Phase): void {
  assert.deepEqual(play(script), expected);
}

function play(script: PhaseEvent[]): Phase {
  return script.reduce<Phase>(step, { at: "idle" });
}

test("a call goes from the click to the conversation", () => {
  check(TALKING, { at: "talking", agent: "listening" });
});

test("the agent's state is followed", () => {
  check([...TALKING, { kind: "agent", state: "speaking" }], { at: "talking", agent: "speaking" });
});

test("no agent within ten seconds is reported, and the call stays open", () => {
  const phase = play([...JOINED, { kind: "tick", now: LATE }]);
  assert.deepEqual(phase, { at: "waiting", since: 100, late: true, again: false });
  assert.equal(inCall(phase), true);
  assert.match(describe(phase).notice?.text ?? "", /^No assistant is available/);
  assert.equal(describe(phase).notice?.action, "redial");
});

test("a tick before the deadline changes nothing", () => {
  check([...JOINED, { kind: "tick", now: LATE - 1 }], { at: "waiting", since: 100, late: false, again: false });
});

test("an agent that comes late still begins the conversation", () => {
  check([...JOINED, { kind: "tick", now: LATE }, { kind: "agent", state: "listening" }], { at: "talking", agent: "listening" });
});

test("there is a deadline only while no agent has joined", () => {
  assert.equal(deadline(play(JOINED)), LATE);
  assert.equal(deadline(play(TALKING)), null);
  assert.equal(deadline(play([...JOINED, { kind: "tick", now: LATE }])), null);
});

test("an agent that leaves on purpose ends the call", () => {
  const phase = play([...TALKING, { kind: "agent_left", deliberate: true, now: 500 }]);
  assert.deepEqual(phase, { at: "ended", ending: { why: "assistant_ended" } });
  assert.equal(describe(phase).notice?.text, "The assistant ended the call.");
});

test("an agent that is cut off is waited for once more", () => {
  const lost: PhaseEvent[] = [...TALKING, { kind: "agent_left", deliberate: false, now: 500 }];
  check(lost, { at: "waiting", since: 500, late: false, again: true });
  check([...lost, { kind: "agent", state: "listening" }], { at: "talking", agent: "listening" });
  check([...lost, { kind: "tick", now: 500 + AGENT_DEADLINE_MS }], { at: "ended", ending: { why: "assistant_lost" } });
});

test("a reconnection returns to where the call was", () => {
  const away: PhaseEvent[] = [...TALKING, { kind: "reconnecting" }];
  assert.equal(play(away).at, "reconnecting");
  check([...away, { kind: "agent", state: "thinking" }, { kind: "reconnected" }], { at: "talking", agent: "thinking" });
});

test("a connection that does not come back ends the call with a way to redial", () => {
  const phase = play([...TALKING, { kind: "reconnecting" }, { kind: "over", ending: { why: "connection_lost" } }]);
  assert.equal(phase.at, "ended");
  assert.equal(describe(phase).notice?.action, "redial");
});

test("the first ending stands", () => {
  check(
    [...TALKING, { kind: "over", ending: { why: "hung_up" } }, { kind: "over", ending: { why: "connection_lost" } }],
    { at: "ended", ending: { why: "hung_up" } },
  );
});

test("nothing of an ended call reopens it but a new dial", () => {
  const ended: PhaseEvent[] = [...TALKING, { kind: "over", ending: { why: "hung_up" } }];
  check([...ended, { kind: "agent", state: "listening" }, { kind: "reconnected" }], { at: "ended", ending: { why: "hung_up" } });
  check([...ended, { kind: "dialled" }], { at: "connecting", step: "microphone" });
});

test("hanging up needs no explanation", () => {
  assert.equal(describe({ at: "ended", ending: { why: "hung_up" } }).notice, null);
});
