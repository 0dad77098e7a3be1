// Runs inside the caller's page: notes every state and phase the page shows, and
// listens to what the caller hears. The page itself is not changed.

import { wavFile } from "./wav.mjs";

/** Installs the notes before the page's own scripts run. */
export async function installNotes(page) {
  await page.evaluateOnNewDocument(() => {
    const notes = { states: [], phases: [], samples: [], rate: 16000, listening: false };
    globalThis.tellerNotes = notes;
    const note = (list, value) => {
      if (value && list.at(-1) !== value) list.push(value);
    };
    const look = () => {
      note(notes.states, document.getElementById("agent-state")?.dataset.state);
      note(notes.phases, document.body?.dataset.phase);
    };
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      attributeFilter: ["data-state", "data-phase"],
    });
    // The page attaches the agent's track to an audio element; the same stream is listened to here.
    const listen = () => {
      const stream = document.querySelector("#speaker audio")?.srcObject;
      if (!stream || notes.listening === stream) return;
      notes.listening = stream;
      const context = new AudioContext({ sampleRate: notes.rate });
      const tap = context.createScriptProcessor(4096, 1, 1);
      tap.onaudioprocess = ({ inputBuffer }) => notes.samples.push(inputBuffer.getChannelData(0).slice());
      context.createMediaStreamSource(stream).connect(tap);
      tap.connect(context.destination);
      void context.resume();
    };
    setInterval(listen, 50);
  });
}

/** Seconds the agent was audible (10 ms frames above -50 dBFS), its level, and the samples as 16-bit PCM. */
export async function readHeard(page, withAudio) {
  const heard = await page.evaluate((audio) => {
    const { samples, rate } = globalThis.tellerNotes;
    const all = new Float32Array(samples.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of samples) {
      all.set(part, at);
      at += part.length;
    }
    const frame = rate / 100;
    let [loud, energy] = [0, 0];
    for (let start = 0; start + frame <= all.length; start += frame) {
      let power = 0;
      for (let index = start; index < start + frame; index += 1) power += all[index] ** 2;
      power /= frame;
      if (power < 1e-5) continue;
      loud += 1;
      energy += power;
    }
    const result = { seconds: all.length / rate, audible_seconds: loud / 100 };
    result.level_dbfs = loud > 0 ? 10 * Math.log10(energy / loud) : null;
    if (!audio) return result;
    const pcm = new Uint8Array(new Int16Array(all.map((value) => Math.max(-1, Math.min(1, value)) * 32767)).buffer);
    let binary = "";
    for (let start = 0; start < pcm.length; start += 32768) {
      binary += String.fromCharCode(...pcm.subarray(start, start + 32768));
    }
    return { ...result, rate, pcm: btoa(binary) };
  }, withAudio);
  const { pcm, rate, ...report } = heard;
  return { report, wav: pcm === undefined ? null : wavFile(Buffer.from(pcm, "base64"), rate) };
}

/**
 * Gives the page, instead of the browser's microphone, one that is silent until `speak`. Before the page's own
 * scripts run.
 */
export async function installMicrophone(page) {
  await page.evaluateOnNewDocument(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext();
      await context.resume();
      const microphone = context.createMediaStreamDestination();
      globalThis.tellerMicrophone = microphone;
      return microphone.stream;
    };
  });
}

/** Plays a sound file into that microphone, to its end. */
export async function speak(page, sound) {
  await page.evaluate(async (encoded) => {
    const microphone = globalThis.tellerMicrophone;
    if (!microphone) throw new Error("the page has not opened its microphone");
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const source = microphone.context.createBufferSource();
    source.buffer = await microphone.context.decodeAudioData(bytes.buffer);
    source.connect(microphone);
    const ended = new Promise((resolve) => {
      source.onended = resolve;
    });
    source.start();
    await ended;
  }, sound.toString("base64"));
}
