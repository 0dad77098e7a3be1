// Real calls between the caller's page and a stand-in agent, for page tests.

import { randomUUID } from "node:crypto";
import { connect, createServer } from "node:net";
import { openPage } from "../../e2e/browser.mjs";
import { STATUS, SUMMARY } from "./fixtures.mjs";
import { accessToken, startMock, tokenEndpoint } from "./mock-worker.mjs";

/** A LiveKit server from the environment, or null: then page tests that need a room are skipped. */
export function livekitFromEnvironment() {
  const { TELLER_TEST_LIVEKIT_URL: url, TELLER_TEST_LIVEKIT_KEY: key, TELLER_TEST_LIVEKIT_SECRET: secret } = process.env;
  return url ? { url, key: key ?? "devkey", secret: secret ?? "secret" } : null;
}

/** What the stand-in agent answers. */
export const AGENT_ANSWERS = {
  "teller.session": { summary_token: "one-time", authentication: true, speech_model: "tiny.en", language_model: null },
  "teller.authenticate": { status: "code_sent", message: "If the details match, a code is on its way." },
  "teller.verify": { status: "authenticated", message: "Thank you, you are identified." },
};

/**
 * A stand-in worker whose token endpoint opens rooms on a real server, and agents in pages of `context`.
 * `room()` resolves to the name of the room that the next token is for; `agent(room)` joins it and
 * returns the agent's page. Callers reach the server at `callersUrl`.
 */
export async function startRooms(livekit, context, callersUrl = livekit.url) {
  let onRoom = () => undefined;
  const callers = { ...livekit, url: callersUrl };
  const mock = await startMock({
    livekit: callers,
    answers: {
      "GET /v1/status": () => ({ status: 200, body: STATUS }),
      "POST /v1/token": tokenEndpoint(callers, (name) => onRoom(name)),
      "GET /v1/summary/*": () => ({ status: 200, body: SUMMARY }),
    },
  });
  const room = () => new Promise((resolve) => (onRoom = resolve));
  const pages = [];
  /** An agent's page, ready to join a room at once. */
  const readyAgent = async () => {
    const { page, close } = await openPage(context);
    pages.push(close);
    await page.goto(`${mock.url}/mock/agent.html`);
    return page;
  };
  const agent = async (name, answers = AGENT_ANSWERS, ready = readyAgent()) => {
    const page = await ready;
    const claims = { kind: "agent", video: { agent: true, canUpdateOwnMetadata: true } };
    const token = accessToken(livekit, name, `agent-${randomUUID()}`, claims);
    await page.evaluate((url, jwt, all) => globalThis.agent.start(url, jwt, all), livekit.url, token, answers);
    return page;
  };
  /** Calls the server's room service as an administrator of the room. */
  const service = async (method, name, body = {}) => {
    const token = accessToken(livekit, name, "test", { video: { roomAdmin: true, roomCreate: true } });
    const response = await fetch(`${livekit.url.replace(/^ws/, "http")}/twirp/livekit.RoomService/${method}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ room: name, ...body }),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  };
  const close = async () => {
    for (const closePage of pages) await closePage();
    await mock.close();
  };
  return { mock, room, agent, readyAgent, service, close };
}

/**
 * A TCP line to the server that a test can break: signalling goes through it, media does not.
 * `cut` ends all connections and lets none through until `mend`.
 */
export async function startProxy(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let whole = Promise.resolve();
  let mend = () => undefined;
  const forget = (socket) => {
    socket.destroy();
    open.delete(socket);
  };
  const server = createServer(async (near) => {
    open.add(near);
    near.on("error", () => forget(near)).on("close", () => forget(near));
    await whole;
    if (near.destroyed) return;
    const far = connect(Number(port), hostname);
    open.add(far);
    far.on("error", () => forget(near)).on("close", () => forget(near));
    near.on("close", () => forget(far));
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => [...open].forEach(forget);
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    cut() {
      whole = new Promise((resolve) => (mend = resolve));
      end();
    },
    mend: () => mend(),
    close() {
      end();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
