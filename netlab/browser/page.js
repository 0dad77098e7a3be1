// Runs in the browser: joins, opens the microphone at the run's start, records who else speaks.

import {
  ConnectionState,
  createLocalAudioTrack,
  ExternalE2EEKeyProvider,
  ParticipantEvent,
  Room,
  RoomEvent,
  Track,
} from "/livekit-client.js";

/** Recorded pieces follow each other by their own count; off by more than this, the clock is right. */
const SLACK_MS = 500;
/** Samples the recorder hands over at once. */
const PIECE = 1024;
const STATISTICS_MS = 500;

const senders = new Map();
const events = [];
let [call, room, context] = [];

globalThis.lab = { join, finish };

async function join(wanted) {
  call = wanted;
  context = new AudioContext({ sampleRate: call.rateHz });
  const options = { disconnectOnPageLeave: false };
  if (call.passphrase !== null) {
    const keyProvider = new ExternalE2EEKeyProvider();
    await keyProvider.setKey(call.passphrase);
    options.encryption = { keyProvider, worker: new Worker("/e2ee-worker.js") };
  }
  room = new Room(options);
  listen();
  if (call.passphrase !== null) await room.setE2EEEnabled(true);
  const rtcConfig = call.relay ? { iceTransportPolicy: "relay" } : {};
  while (room.state !== ConnectionState.Connected) {
    try {
      await room.connect(call.url, call.token, { rtcConfig });
    } catch (error) {
      note(`not joined: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  note("joined");
  setInterval(count, STATISTICS_MS);
  // Chromium plays the file from the moment the microphone opens: that moment is the plan's zero.
  await new Promise((resolve) => setTimeout(resolve, call.startAt - Date.now()));
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const track = await createLocalAudioTrack(plain);
  await room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
  note("published");
}

function listen() {
  room.on(RoomEvent.Reconnecting, () => note("reconnecting"));
  room.on(RoomEvent.SignalReconnecting, () => note("signal reconnecting"));
  room.on(RoomEvent.Reconnected, () => note("reconnected"));
  room.on(RoomEvent.Disconnected, (reason) => note(`disconnected: ${reason}`));
  room.on(RoomEvent.EncryptionError, (error) => note(`encryption failed: ${error.message}`));
  room.on(ParticipantEvent.TrackUnsubscribed, (track, publication, who) => note(`unsubscribed: ${who.identity}`));
  room.on(RoomEvent.TrackSubscribed, (track, publication, who) => {
    note(`subscribed: ${who.identity}`);
    if (track.kind === Track.Kind.Audio) hear(who.identity, track);
  });
}

/** Writes an event down for every sender, and for those to come. */
function note(event) {
  const line = JSON.stringify({ t_ms: Date.now(), event });
  events.push(line);
  void globalThis.tellEvent(line);
  for (const sender of senders.keys()) void globalThis.tellLine(sender, line);
}

/** A sender's track, the first or another one: the recording goes on at the right time. */
function hear(sender, track) {
  let heard = senders.get(sender);
  if (!heard) {
    heard = { samples: new Int16Array((call.lengthMs * call.rateHz) / 1000), length: 0 };
    senders.set(sender, heard);
    for (const line of events) void globalThis.tellLine(sender, line);
  }
  heard.tap?.disconnect();
  heard.track = track;
  heard.fresh = true;
  // Without an element that plays it, Chromium does not decode a remote track.
  const element = track.attach();
  element.muted = true;
  heard.tap = context.createScriptProcessor(PIECE, 1, 1);
  heard.tap.onaudioprocess = ({ inputBuffer }) => record(heard, inputBuffer.getChannelData(0));
  context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(heard.tap);
  heard.tap.connect(context.destination);
  void context.resume();
}

/** The same rule as in netlab/src/peer/record.rs. */
function record(heard, piece) {
  const perMs = call.rateHz / 1000;
  const arrived = (Date.now() - call.startAt) * perMs - piece.length;
  const late = arrived - heard.length;
  if (arrived < 0 || late < -SLACK_MS * perMs) return;
  if (late > SLACK_MS * perMs || (heard.fresh && late > 0)) {
    heard.length = Math.min(arrived, heard.samples.length);
  }
  heard.fresh = false;
  const room = Math.min(piece.length, heard.samples.length - heard.length);
  for (let index = 0; index < room; index += 1) {
    heard.samples[heard.length + index] = Math.max(-1, Math.min(1, piece[index])) * 32_767;
  }
  heard.length += room;
}

async function count() {
  for (const [sender, { track }] of senders) {
    const report = await track.receiver?.getStats().catch(() => null);
    for (const record of report?.values() ?? []) {
      if (record.type !== "inbound-rtp" || record.kind !== "audio") continue;
      const line = {
        t_ms: Date.now(),
        concealed_samples: record.concealedSamples ?? 0,
        total_samples_received: record.totalSamplesReceived ?? 0,
        jitter_buffer_delay: record.jitterBufferDelay ?? 0,
        jitter_buffer_emitted_count: record.jitterBufferEmittedCount ?? 0,
        inserted_samples_for_deceleration: record.insertedSamplesForDeceleration ?? 0,
        removed_samples_for_acceleration: record.removedSamplesForAcceleration ?? 0,
        packets_lost: record.packetsLost ?? 0,
        packets_received: record.packetsReceived ?? 0,
      };
      void globalThis.tellLine(sender, JSON.stringify(line));
    }
  }
}

/** Every sender's recording, as 16-bit PCM in base64. */
async function finish() {
  const recordings = {};
  for (const [sender, { samples, length, tap }] of senders) {
    tap.disconnect();
    const bytes = new Uint8Array(samples.buffer, 0, 2 * Math.min(length, samples.length));
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    }
    recordings[sender] = btoa(text);
  }
  room.removeAllListeners();
  await Promise.race([room.disconnect(), new Promise((resolve) => setTimeout(resolve, 1000))]);
  return recordings;
}
