#!/usr/bin/env node
// Joins a room with stock livekit-client in headless Chromium, encrypted end to end: plays a file
// into the microphone, sends one data packet a second, and prints what it hears and receives, a
// line of JSON each. Ends when standard input does, or after --timeout seconds.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { openBrowser, readArguments } from "./browser.mjs";

const USAGE = `usage: node e2e/encrypted.mjs --url ws://SERVER --token TOKEN --passphrase TEXT --wav FILE [--timeout SECONDS]`;
const options = readArguments(
  { token: { type: "string" }, passphrase: { type: "string" }, wav: { type: "string" } },
  USAGE,
);

/** The published library, and a page for it: cryptography needs an origin that counts as secure. */
const dist = new URL("../node_modules/livekit-client/dist/", import.meta.url);
const files = {
  "/": ["text/html", "<!doctype html><title>encrypted</title><script src=client.js></script>"],
  "/client.js": ["text/javascript", readFileSync(new URL("livekit-client.umd.js", dist))],
  "/worker.js": ["text/javascript", readFileSync(new URL("livekit-client.e2ee.worker.js", dist))],
};
const server = createServer((request, response) => {
  const [type, content] = files[request.url] ?? ["text/plain", ""];
  response.writeHead(200, { "content-type": type }).end(content);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const { page, errors, close } = await openBrowser(options);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
let status = 0;
try {
  await page.exposeFunction("report", say);
  await page.goto(`http://127.0.0.1:${server.address().port}/`, { waitUntil: "load" });
  await page.evaluate(join, options.url, options.token, options.passphrase);
  await new Promise((over) => {
    process.stdin.on("end", over).resume();
    setTimeout(over, options.timeoutMs);
  });
} catch (error) {
  say({ failure: error.message, errors });
  status = 1;
}
await close();
server.close();
process.exit(status);

/** Runs in the page. */
async function join(url, token, passphrase) {
  const { ExternalE2EEKeyProvider, Room, RoomEvent } = globalThis.LivekitClient;
  const keyProvider = new ExternalE2EEKeyProvider();
  const room = new Room({
    encryption: { keyProvider, worker: new Worker("/worker.js") },
    // These filters would remove a tone.
    audioCaptureDefaults: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const { report } = globalThis;
  room.on(RoomEvent.DataReceived, (payload, from) => {
    report({ data: new TextDecoder().decode(payload), from: from?.identity ?? "" });
  });
  room.on(RoomEvent.EncryptionError, (error) => report({ encryption_error: error.message }));
  room.on(RoomEvent.TrackSubscribed, (track, _publication, from) => {
    if (track.kind !== "audio") return;
    document.body.append(track.attach()); // else Chromium decodes nothing
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192 });
    context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(analyser);
    const levels = new Float32Array(analyser.frequencyBinCount);
    setInterval(() => {
      context.resume();
      analyser.getFloatFrequencyData(levels);
      const loudest = levels.indexOf(Math.max(...levels));
      report({
        from: from.identity,
        encrypted: from.isEncrypted,
        hz: (loudest * context.sampleRate) / analyser.fftSize,
        level_db: levels[loudest],
      });
    }, 500);
  });
  await keyProvider.setKey(passphrase);
  await room.setE2EEEnabled(true);
  await room.connect(url, token);
  await room.localParticipant.setMicrophoneEnabled(true);
  setInterval(() => {
    room.localParticipant.publishData(new TextEncoder().encode("said in the browser"), { reliable: true });
  }, 1000);
  report({ joined: true });
}
