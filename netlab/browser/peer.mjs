#!/usr/bin/env node
// A browser as one end of the network lab's calls: headless Chromium with stock livekit-client joins one room of a
// plan, says that room's sentences through its microphone and records every other sender. It takes the arguments of
// netlab-peer (netlab/src/peer.rs) and writes the same files; it speaks and listens at once, so it has no role.

import { createHmac } from "node:crypto";
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openBrowser } from "../../web/e2e/browser.mjs";
import { wavFile } from "../../web/e2e/wav.mjs";

const RATE_HZ = 16_000;
const TAIL_MS = 2_000;
const USAGE = `usage: node netlab/browser/peer.mjs --plan FILE --url ws://… --key KEY --secret SECRET --out DIR
  --start-at UNIX_MS [--name browser] [--room ROOM (the plan's first)] [--e2ee PASSPHRASE] [--relay] [--seconds S]`;

const client = fileURLToPath(new URL("../../web/node_modules/livekit-client/dist/", import.meta.url));
const FILES = {
  "/": [fileURLToPath(new URL("page.html", import.meta.url)), "text/html"],
  "/page.js": [fileURLToPath(new URL("page.js", import.meta.url)), "text/javascript"],
  "/livekit-client.js": [join(client, "livekit-client.esm.mjs"), "text/javascript"],
  "/e2ee-worker.js": [join(client, "livekit-client.e2ee.worker.js"), "text/javascript"],
};

const options = readArguments();
const plan = JSON.parse(readFileSync(options.plan, "utf8"));
const stream = plan.streams.find(({ room }) => !options.room || room === options.room);
if (!stream) fail(`the plan has no room ${options.room}`);
mkdirSync(options.out, { recursive: true });
const lastMs = Math.max(...stream.sentences.map((said) => said.start_ms + said.duration_ms));
const lengthMs = options.seconds ? Number(options.seconds) * 1000 : lastMs + TAIL_MS;
const startAt = Number(options["start-at"]);

const microphone = join(options.out, "microphone.wav");
writeFileSync(microphone, wavFile(timeline(stream, lengthMs), RATE_HZ));
const server = await serve();
const { page, errors, close } = await openBrowser({ wav: microphone });
let stopped = false;
const stop = new Promise((resolve) => {
  const end = () => {
    stopped = true;
    resolve();
  };
  process.once("SIGTERM", end);
  setTimeout(end, startAt + lengthMs - Date.now());
});
let code = 0;
try {
  const files = new Map();
  // A line for one sender's statistics.
  await page.exposeFunction("tellLine", (sender, line) => {
    if (!files.has(sender)) files.set(sender, createWriteStream(path(sender, "stats.jsonl")));
    files.get(sender).write(`${line}\n`);
  });
  await page.exposeFunction("tellEvent", (text) => console.log(`${stream.room}: ${text}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/`, { waitUntil: "load" });
  const call = {
    url: options.url,
    token: token(),
    startAt,
    lengthMs,
    rateHz: RATE_HZ,
    passphrase: options.e2ee ?? null,
    relay: options.relay,
  };
  await Promise.race([page.evaluate((call) => globalThis.lab.join(call), call), stop]);
  await stop;
  for (const [sender, pcm] of Object.entries(await page.evaluate(() => globalThis.lab.finish()))) {
    writeFileSync(path(sender, "wav"), wavFile(Buffer.from(pcm, "base64"), RATE_HZ));
  }
  for (const file of files.values()) await new Promise((resolve) => file.end(resolve));
} catch (error) {
  code = 1;
  console.log(`failed: ${error.message}`);
} finally {
  errors.forEach((error) => console.log(`page: ${error}`));
  await close();
  server.close();
}
process.exit(stopped ? code : 1);

function readArguments() {
  const text = { type: "string" };
  try {
    const { values } = parseArgs({
      options: {
        ...{ plan: text, url: text, key: text, secret: text, out: text, "start-at": text },
        ...{ room: text, e2ee: text, seconds: text },
        name: { type: "string", default: "browser" },
        relay: { type: "boolean", default: false },
      },
    });
    for (const name of ["plan", "url", "key", "secret", "out", "start-at"]) {
      if (!values[name]) throw new Error(`--${name} is missing`);
    }
    return values;
  } catch (error) {
    return fail(`${error.message}\n${USAGE}`);
  }
}

function fail(why) {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}

function path(sender, kind) {
  return join(options.out, `${stream.room}.${sender}.${kind}`);
}

/** All that is said in the room, as 16-bit PCM. */
function timeline({ sentences }, lengthMs) {
  const bytes = (ms) => 2 * Math.round((ms * RATE_HZ) / 1000);
  const sound = Buffer.alloc(bytes(lengthMs));
  for (const { wav, start_ms } of sentences) readFileSync(wav).subarray(44).copy(sound, bytes(start_ms));
  return sound;
}

/** The page, from the loopback of the namespace this runs in: elsewhere it would be no secure context. */
function serve() {
  const server = createServer((request, response) => {
    const [file, type] = FILES[request.url.split("?")[0]] ?? [];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": type }).end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** What lets the page into the room (a JSON Web Token, HS256). */
function token() {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: options.key,
    sub: `send-${options.name}`,
    nbf: now - 60,
    exp: now + 24 * 3600,
    video: { roomJoin: true, room: stream.room, canPublish: true, canSubscribe: true },
  };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${body}.${createHmac("sha256", options.secret).update(body).digest("base64url")}`;
}
