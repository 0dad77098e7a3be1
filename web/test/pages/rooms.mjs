// Real calls between the caller's page and a stand-in agent, for page tests.

import { connect, createServer } from "node:net";
import { startMock, accessToken, tokenEndpoint } from "./mock-worker.mjs";
import { openBrowser } from "../../e2e/browser.mjs";
import { STATUS, SUMMARY } from "./fixtures.mjs";

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
 * A mock worker whose token endpoint opens rooms on a real server, and a browser for the agent.
 * `room()` resolves to the name of the next room; `agent(room)` joins it and returns its page.
 */
export async function startRooms(livekit, answers = {}) {
  const waiting = [];
  const rooms = [];
  const mock = await startMock({
    livekit,
    answers: {
      "GET /api/status": () => ({ status: 200, body: STATUS }),
      "POST /api/token": tokenEndpoint(livekit, (room) => (waiting.shift() ?? ((name) => rooms.push(name)))(room)),
      "GET /api/summary/*": () => ({ status: 200, body: SUMMARY }),
      ...answers,
    },
  });
  const stage = await openBrowser();
  const room = () => (rooms.length > 0 ? Promise.resolve(rooms.shift()) : new Promise((resolve) => waiting.push(resolve)));
  const agent = async (name, replies = AGENT_ANSWERS) => {
    const page = await stage.browser.newPage();
    await page.goto(`${mock.url}/mock/agent.html`);
    const token = accessToken(livekit, name, `agent-${Date.now()}`, {
      kind: "agent",
      video: { agent: true, canUpdateOwnMetadata: true },
    });
    await page.evaluate((url, jwt) => globalThis.agent.start(url, jwt), livekit.url, token);
    await page.evaluate((all) => globalThis.agent.answer(all), replies);
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
    await stage.close();
    await mock.close();
  };
  return { mock, room, agent, service, close };
}

/** A TCP line to the server that a test can cut: signalling goes through it, media does not. */
export async function startProxy(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const line = [near, far];
    open.add(line);
    for (const [from, to] of [line, line.toReversed()]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        open.delete(line);
      });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (lines) => lines.flat().forEach((socket) => socket.destroy());
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    lines: () => [...open],
    cut,
    close: () => {
      cut([...open]);
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
