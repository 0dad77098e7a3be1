#!/usr/bin/env node
// Drives the caller's page as a person would, and prints one line of JSON about
// what the page showed. Exit code 0: every action succeeded; 1: one failed (the
// line names it); 2: the command line is invalid.

import { readFileSync, writeFileSync } from "node:fs";
import { openBrowser, readArguments, screenshooter, seconds } from "./browser.mjs";
import { installMicrophone, installNotes, readHeard, speak } from "./listening.mjs";

const USAGE = `usage: node e2e/caller.mjs --url URL [options]
  --wav FILE           what the microphone hears, once, from the moment it opens; without it, silence
  --microphone KIND    fake (default), beep (Chromium's test tone) or denied
  --actions "a; b; …"  what to do, in order:
      call                         press the call button
      wait-state STATE[|STATE]     until the page shows one of these states
      wait-phase PHASE             idle connecting waiting talking reconnecting ended
      wait-transcript [SIDE] [/RE/|COUNT]   until so many finished lines of SIDE (caller, assistant,
                                   any), or one that matches RE (case aside), came after the last wait
      type TEXT                    write to the assistant
      speak FILE [/RE/]            play a sound file into the page's microphone, to its end; there is no
                                   other sound then, and no --wav. Until a finished line of the caller
                                   matches RE: a busy machine tears sound; said three times at most
      authenticate USER PHONE      fill in the form, read the code from the message on the page, confirm
      request-code USER PHONE      the first half of it
      enter-code [CODE]            the second half of it; without CODE, the one in the message on the page
      mute                         press mute (again: unmute)
      wait SECONDS
      leave-file FILE              create an empty file: who waits for it knows that all before is done
      wait-notice [TEXT]           until a notice that contains TEXT is shown
      hangup                       press hang up
      wait-summary                 until the summary is shown
      screenshot NAME
  --screenshots DIR    where pictures go (each step that fails leaves one)
  --record FILE        what the caller heard, as 16 kHz mono WAV
  --size phone|desktop --scheme light|dark --timeout SECONDS (each wait; 30)`;

const options = readArguments(
  {
    wav: { type: "string" },
    microphone: { type: "string", default: "fake" },
    actions: { type: "string", default: "call; wait-transcript assistant; hangup; wait-summary" },
    record: { type: "string" },
  },
  USAGE,
);

/** What livekit-client logs when the other end closes the data channels before it sends a reason. */
const HANG_UP = /^console: (DataChannel error on \w+: User-Initiated Abort|publisher data channel '\w+' closed)/;

const { page, errors, close } = await openBrowser(options);
const shoot = screenshooter(page, options.screenshots);
/** How long a sentence may take to be shown before it is said again. */
const HEARD_MS = 20_000;
/** Finished lines that an earlier wait-transcript has already counted. */
let consumed = 0;
/** When each action was done, in milliseconds since the page was opened. */
const timeline = [];
let failure = null;

try {
  await installNotes(page);
  const actions = options.actions.split(";").map((text) => text.trim());
  if (actions.some((action) => action.startsWith("speak "))) await installMicrophone(page);
  await page.goto(new URL("/", options.url).href, { waitUntil: "load", timeout: options.timeoutMs });
  const began = Date.now();
  for (const action of actions) {
    if (!action) continue;
    try {
      await perform(action);
    } catch (error) {
      failure = `${action}: ${error.message.split("\n")[0]}`;
      await shoot("failed");
      break;
    }
    timeline.push({ action: action.split(" ")[0], at_ms: Date.now() - began });
  }
  const heard = await readHeard(page, options.record !== undefined);
  if (options.record) writeFileSync(options.record, heard.wav);
  const seen = await page.evaluate(readPage);
  const report = { ok: failure === null, failure, ...seen, heard: heard.report, timeline };
  report.errors = errors.filter((error) => !(HANG_UP.test(error) && endedInOrder(seen.phases)));
  process.stdout.write(`${JSON.stringify(report)}\n`);
} catch (error) {
  failure = error.message;
  process.stdout.write(`${JSON.stringify({ ok: false, failure, errors })}\n`);
} finally {
  await close();
}
process.exitCode = failure === null ? 0 : 1;

/** The call is over and its connection never broke. */
function endedInOrder(phases) {
  return phases.at(-1) === "ended" && !phases.includes("reconnecting");
}

async function perform(action) {
  const [verb, ...rest] = action.split(/\s+/);
  const text = action.slice(verb.length).trim();
  switch (verb) {
    case "call":
      return press("call-button");
    case "hangup":
      return press("hangup-button");
    case "mute":
      return toggleMute();
    case "wait":
      return new Promise((resolve) => setTimeout(resolve, seconds(text)));
    case "speak":
      return speakUntilHeard(rest[0], text.slice(rest[0].length).trim());
    case "leave-file":
      return writeFileSync(text, "");
    case "wait-state":
      return reach("states", text.split("|"));
    case "wait-phase":
      return reach("phases", [text]);
    case "wait-transcript":
      return waitTranscript(text);
    case "wait-notice":
      return until(noticeShown, text);
    case "wait-summary":
      return until(() => !["none", "pending"].includes(document.getElementById("summary").dataset.kind));
    case "type":
      await until(() => !document.getElementById("text-input").disabled);
      await fill("text-input", text);
      return press("send-button");
    case "request-code":
      return requestCode(rest[0], rest.slice(1).join(" "));
    case "enter-code":
      return enterCode(text || (await codeOnPage()));
    case "authenticate":
      await requestCode(rest[0], rest.slice(1).join(" "));
      return enterCode(await codeOnPage());
    case "screenshot":
      return shoot(text);
    default:
      throw new Error("there is no such action");
  }
}

/** Waits until the page shows one of these, if only for a moment between two looks: the notes keep it. */
async function reach(list, wanted) {
  const from = await page.evaluate((name) => Math.max(0, globalThis.tellerNotes[name].length - 1), list);
  await until((name, since, values) => globalThis.tellerNotes[name].slice(since).some((value) => values.includes(value)), list, from, wanted);
}

async function toggleMute() {
  const before = await page.$eval("#mute-button", (button) => button.getAttribute("aria-pressed"));
  await press("mute-button");
  await until((old) => document.getElementById("mute-button").getAttribute("aria-pressed") !== old, before);
}

async function requestCode(user, phone) {
  await until(() => !document.getElementById("identify").hidden);
  await fill("identify-username", user);
  await fill("identify-phone", phone);
  await answered("identify-submit");
}

async function codeOnPage() {
  await until(() => !document.getElementById("demo-message").hidden);
  const message = await page.$eval("#demo-text", (element) => element.textContent);
  const code = /\d{4,10}/.exec(message)?.[0];
  if (!code) throw new Error("the message on the page has no code");
  return code;
}

async function enterCode(code) {
  await until(() => !document.getElementById("code-form").hidden);
  await fill("code-input", code);
  await answered("code-submit");
}

/** Presses a button of the form and waits for the answer: a new node, also when its words are the old ones. */
async function answered(button) {
  const before = await page.evaluateHandle(() => document.getElementById("identify-message").firstChild);
  await press(button);
  await until((old) => {
    const message = document.getElementById("identify-message");
    return !message.hidden && message.firstChild !== old;
  }, before);
}

async function waitTranscript(text, timeout = options.timeoutMs) {
  const [, side = "any", what = "1"] = /^(caller|assistant|any)?\s*(.*)$/.exec(text);
  const pattern = /^\/(.*)\/$/.exec(what)?.[1] ?? null;
  const wanted = { side, pattern, count: pattern === null ? Number(what || "1") : 1, from: consumed };
  if (!(wanted.count > 0)) throw new Error("neither a count nor /a pattern/");
  const handle = await page.waitForFunction(transcriptReached, { timeout, polling: 50 }, wanted);
  consumed = await handle.jsonValue();
}

async function speakUntilHeard(file, pattern) {
  const sound = readFileSync(file);
  for (let times = 1; ; times += 1) {
    await speak(page, sound);
    if (!pattern) return;
    try {
      return await waitTranscript(`caller ${pattern}`, HEARD_MS);
    } catch (error) {
      if (times === 3) throw error;
    }
  }
}

async function press(id) {
  await page.waitForSelector(`#${id}:not([hidden])`, { visible: true, timeout: options.timeoutMs });
  await page.click(`#${id}`);
}

async function fill(id, text) {
  await page.waitForSelector(`#${id}`, { visible: true, timeout: options.timeoutMs });
  await page.$eval(`#${id}`, (element) => {
    element.value = "";
  });
  await page.type(`#${id}`, text);
}

function until(condition, ...values) {
  return page.waitForFunction(condition, { timeout: options.timeoutMs, polling: 50 }, ...values);
}

/* The functions below run inside the page. */

/** The position after the last line needed, or false. */
function transcriptReached({ side, pattern, count, from }) {
  const lines = [...document.querySelectorAll("#transcript > li")].map((line) => ({
    fits:
      line.dataset.final === "true" &&
      (side === "any" || line.dataset.speaker === side) &&
      (pattern === null || new RegExp(pattern, "i").test(line.querySelector("p").textContent)),
  }));
  let missing = count;
  for (let index = from; index < lines.length; index += 1) {
    if (lines[index].fits) missing -= 1;
    if (missing === 0) return index + 1;
  }
  return false;
}

function noticeShown(part) {
  return [...document.querySelectorAll(".notice")].some(
    (element) => !element.hidden && element.textContent.toLowerCase().includes((part ?? "").toLowerCase()),
  );
}

function readPage() {
  const text = (id) => document.getElementById(id)?.textContent.trim() ?? null;
  const shown = (id) => (document.getElementById(id).hidden ? null : text(id));
  const summary = document.getElementById("summary");
  return {
    transcript: [...document.querySelectorAll("#transcript > li")].map((line) => ({
      speaker: line.dataset.speaker,
      text: line.querySelector("p").textContent,
      final: line.dataset.final === "true",
    })),
    states: globalThis.tellerNotes.states,
    phases: globalThis.tellerNotes.phases,
    notice: shown("notice") && text("notice-text"),
    microphone_notice: shown("microphone-notice"),
    identify_message: text("identify-message") || null,
    authenticated: document.getElementById("identify").dataset.done === "true",
    summary: summary.hidden
      ? null
      : {
          kind: summary.dataset.kind,
          text: text("summary-text"),
          topics: [...document.querySelectorAll("#summary-topics li")].map((item) => item.textContent),
          facts: Object.fromEntries(
            [...document.querySelectorAll("#summary-facts .entry")].map((item) => [
              item.querySelector("dt").textContent,
              item.querySelector("dd").textContent,
            ]),
          ),
        },
    company: text("company-name"),
    page: document.body.textContent,
    build: text("build"),
  };
}
