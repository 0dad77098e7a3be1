#!/usr/bin/env node
// Opens the supervisor's page with a key, reads the list, opens one call and
// prints one line of JSON about what the page showed; with --history also the
// history of the caller's profile, with --unmerge takes its newest merge apart;
// with --gaps what callers asked and nobody wrote down, with --callbacks what was
// promised to them, with --leads who may take something.
// Exit code 0: all of it was shown (the list may be empty); 1: not; 2: the
// command line is invalid.

import { openBrowser, readArguments, screenshooter } from "./browser.mjs";

const USAGE = `usage: node e2e/supervisor.mjs --url URL --key KEY [options]
  --query "topic=opening_hours&authenticated=true"   filters, as the page's address has them
  --session ID         the call to open (default: the newest listed)
  --wait-for-call      refresh until the list is not empty
  --wait-complaint RE  wait until the page shows such a complaint; the list may fail then
  --play SEQ           play this turn of the call, and say what was heard of it
  --history            from the call go on to the history of its profile
  --unmerge NAME       there, undo the newest merge that is in force, by this name (administrator's key)
  --gaps               from the list go on to what callers asked and nobody wrote down
  --adopt NAME         there, make the most asked question a line of the draft, by this name (administrator's key)
  --callbacks          from the list go on to what was promised to callers
  --take NAME          there, take the first that nobody has, by this name (administrator's key)
  --leads KIND         from the list go on to leads: hot, stuck, intent or all
  --screenshots DIR --size phone|desktop --scheme light|dark --timeout SECONDS (30)`;

const options = readArguments(
  {
    key: { type: "string" },
    query: { type: "string", default: "" },
    session: { type: "string" },
    "wait-for-call": { type: "boolean", default: false },
    "wait-complaint": { type: "string" },
    play: { type: "string" },
    history: { type: "boolean", default: false },
    unmerge: { type: "string" },
    gaps: { type: "boolean", default: false },
    adopt: { type: "string" },
    callbacks: { type: "boolean", default: false },
    take: { type: "string" },
    leads: { type: "string" },
  },
  USAGE,
);

const { page, errors, close } = await openBrowser(options);
const shoot = screenshooter(page, options.screenshots);
const until = (condition, ...values) => page.waitForFunction(condition, { timeout: options.timeoutMs, polling: 50 }, ...values);
const report = { ok: false, failure: null, gate: null, complaints: [], calls_taken: null, list: null, call: null, played: null, history: null, unmerged: null, gaps: null, callbacks: null, leads: null };

try {
  const address = new URL("/supervisor.html", options.url);
  address.search = options.query;
  await page.goto(address.href, { waitUntil: "load", timeout: options.timeoutMs });
  await page.waitForSelector("#key-input", { visible: true, timeout: options.timeoutMs });
  await shoot("gate");
  await page.type("#key-input", options.key ?? "");
  await page.click("[data-testid=key-submit]");
  if (await opened()) {
    report.list = await readList();
    await shoot("list");
    const session = options.session ?? report.list.calls[0]?.session_id;
    if (session) report.call = await readCall(session);
    report.ok = report.list.kind !== "error" && (!session || report.call.kind === "ready");
    if (options.play) {
      report.played = await playTurn(options.play);
      report.ok &&= report.played.message === "";
    }
    if (options["wait-complaint"]) report.ok = await complained(options["wait-complaint"]);
    if (options.history || options.unmerge) {
      await page.click("[data-testid=profile-link]");
      report.history = await readHistory();
      report.ok &&= report.history.kind === "ready";
    }
    if (options.unmerge) {
      const before = await page.$("#profile-merges > li");
      report.unmerged = await unmerge(options.unmerge);
      await until((item) => !item.isConnected, before);
      report.history = await readHistory();
    }
    if (options.gaps || options.adopt) {
      report.gaps = await readGaps();
      report.ok &&= report.gaps.kind !== "error";
    }
    if (options.callbacks || options.take) {
      report.callbacks = await readCallbacks();
      report.ok &&= report.callbacks.kind !== "error";
    }
    if (options.leads) {
      report.leads = await readLeads(options.leads);
      report.ok &&= report.leads.kind !== "error";
    }
  } else {
    report.gate = await page.$eval("#gate-message", (element) => element.textContent);
    await shoot("refused");
  }
} catch (error) {
  report.failure = error.message.split("\n")[0];
  await shoot("failed").catch(() => undefined);
} finally {
  await close();
}
process.stdout.write(`${JSON.stringify({ ...report, errors })}\n`);
process.exitCode = report.ok ? 0 : 1;

/** Whether the key was accepted: the list is shown, or the gate refuses. */
async function opened() {
  const settled = await until(() => {
    if (!document.getElementById("gate").hidden) return document.getElementById("gate-message").hidden ? false : "no";
    return document.getElementById("list-status").dataset.kind === "loading" ? false : "yes";
  });
  return (await settled.jsonValue()) === "yes";
}

async function readList() {
  if (options["wait-for-call"]) await waitForCall();
  return page.evaluate(() => ({
    kind: document.getElementById("list-status").dataset.kind,
    message: document.getElementById("list-status").textContent,
    more: !document.getElementById("load-more").hidden,
    topics: [...document.querySelectorAll("#filter-topic option")].map(({ value }) => value).filter(Boolean),
    calls: [...document.querySelectorAll("#call-rows > tr")].map((row) => ({
      session_id: row.dataset.session,
      ...Object.fromEntries([...row.cells].map((cell) => [cell.dataset.label.toLowerCase(), cell.innerText.trim()])),
    })),
  }));
}

/** Whether the page shows a complaint like this in time. */
async function complained(pattern) {
  const deadline = Date.now() + options.timeoutMs;
  // The page looks when it is opened and then every fifteen seconds: opened again, it looks sooner.
  // Each time it gets longer for its look, because a busy worker answers late.
  for (let patience = 1000; ; patience *= 2) {
    const timeout = Math.max(1, Math.min(patience, deadline - Date.now()));
    const shown = await page.waitForFunction(complaintShown, { timeout, polling: 50 }, pattern).catch(() => null);
    report.complaints = await page.$$eval("#worker-complaints li", (items) => items.map((item) => item.textContent));
    if (shown) {
      report.calls_taken = await page.$eval("#worker-calls", (element) => element.textContent);
      await shoot("complaint");
      return true;
    }
    if (Date.now() >= deadline) return false;
    await page.reload({ waitUntil: "load" });
  }
}

/** Runs in the page. */
function complaintShown(pattern) {
  if (document.getElementById("worker-notice").hidden) return false;
  return [...document.querySelectorAll("#worker-complaints li")].some((item) => new RegExp(pattern).test(item.textContent));
}

/** Presses a turn's button and listens until what it plays is over. */
async function playTurn(seq) {
  const button = await page.waitForSelector(`#call-turns > li[data-seq="${seq}"] [data-testid=play-turn]`, { timeout: options.timeoutMs });
  await page.evaluate(() => {
    const audio = document.getElementById("call-audio");
    const heard = (window.played = { from: null, to: null, loudest: 0, duration: null, over: false });
    audio.addEventListener("play", () => {
      heard.from ??= audio.currentTime;
      heard.duration = audio.duration;
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(audio.captureStream()).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      const listen = () => {
        analyser.getFloatTimeDomainData(samples);
        heard.loudest = Math.max(heard.loudest, ...samples.map(Math.abs));
        if (!heard.over) setTimeout(listen, 20);
      };
      listen();
    });
    audio.addEventListener("pause", () => Object.assign(heard, { to: audio.currentTime, over: true }));
  });
  await button.click();
  await until(() => window.played.over || document.getElementById("call-audio-status").textContent.includes("cannot"));
  await shoot("played");
  const played = await page.evaluate(() => ({ ...window.played, message: document.getElementById("call-audio-status").textContent }));
  return { ...played, audible: played.loudest > 0.01 };
}

async function readHistory() {
  await until(() => {
    const status = document.getElementById("profile-status").dataset.kind;
    return !document.getElementById("profile-page").hidden && status !== "loading";
  });
  await shoot("history");
  return page.evaluate(() => {
    const text = (element) => element?.textContent.trim() ?? null;
    return {
      kind: document.getElementById("profile-status").dataset.kind,
      title: text(document.getElementById("profile-title")),
      merges: [...document.querySelectorAll("#profile-merges > li")].map(text),
      attempts: [...document.querySelectorAll("#profile-attempts > li")].map(text),
      buttons: document.querySelectorAll("[data-testid=unmerge-open]").length,
    };
  });
}

/** What callers asked, and the draft; after adopting, if that is wanted. */
async function readGaps() {
  await page.evaluate(() => location.assign("#/gaps"));
  await until(() => !document.getElementById("gaps-page").hidden && document.getElementById("gaps-status").dataset.kind !== "loading");
  await shoot("gaps");
  if (options.adopt) {
    await page.type("#gaps-actor", options.adopt);
    await page.click("[data-testid=adopt]");
    await until(() => [...document.querySelectorAll("[data-testid=gap-done], [data-testid=gap-note]")].some(({ hidden }) => !hidden));
    await until(() => document.getElementById("draft-status").dataset.kind !== "loading");
    await shoot("adopted");
  }
  return page.evaluate(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map(({ innerText }) => innerText.trim());
    return {
      kind: document.getElementById("gaps-status").dataset.kind,
      message: document.getElementById("gaps-status").textContent,
      count: document.getElementById("gaps-count").textContent,
      gaps: texts("#gaps-list > li"),
      problems: texts("[data-testid=gap-note]:not([hidden])"),
      draft: texts("#draft-lines > li"),
    };
  });
}

/** What was promised to callers; after one was taken, if that is wanted. */
async function readCallbacks() {
  await page.evaluate(() => location.assign("#/callbacks"));
  await until(() => !document.getElementById("callbacks-page").hidden && document.getElementById("callbacks-status").dataset.kind !== "loading");
  await shoot("callbacks");
  if (options.take) {
    await page.type("#callbacks-actor", options.take);
    const before = await page.$("[data-testid=take]");
    await before.click();
    await until((button) => !button.isConnected || document.querySelector("[data-testid=callback-problem]:not([hidden])"), before);
    await until(() => document.getElementById("callbacks-status").dataset.kind !== "loading");
    await shoot("taken");
  }
  return page.evaluate(() => ({
    kind: document.getElementById("callbacks-status").dataset.kind,
    message: document.getElementById("callbacks-status").textContent,
    promises: [...document.querySelectorAll("#callbacks-list > li")].map(({ innerText }) => innerText.trim()),
  }));
}

/** Leads of this kind, with why. */
async function readLeads(kind) {
  await page.evaluate(() => location.assign("#/leads"));
  const settled = () => !document.getElementById("leads-page").hidden && document.getElementById("leads-status").dataset.kind !== "loading";
  await until(settled);
  if (kind !== "hot") {
    await page.select("#leads-kind", kind);
    await until(settled);
  }
  await page.evaluate(() => document.querySelectorAll("#leads-list details").forEach((part) => part.setAttribute("open", "")));
  await shoot("leads");
  return page.evaluate(() => ({
    kind: document.getElementById("leads-status").dataset.kind,
    message: document.getElementById("leads-status").textContent,
    leads: [...document.querySelectorAll("#leads-list > li")].map((line) => ({ profile_id: line.dataset.id, text: line.innerText.trim() })),
  }));
}

/** Presses the button, confirms with a name, and returns the question and the result as shown. */
async function unmerge(name) {
  await page.click("[data-testid=unmerge-open]");
  await until(() => !document.getElementById("unmerge-confirm").disabled);
  await page.type("#unmerge-actor", name);
  const asked = await page.$eval("#unmerge-what", (element) => element.textContent);
  await shoot("confirm");
  await page.click("#unmerge-confirm");
  await until(() => !document.getElementById("unmerge").open && !document.getElementById("profile-done").hidden);
  return { asked, said: await page.$eval("#profile-done", (element) => element.textContent) };
}

async function waitForCall() {
  const deadline = Date.now() + options.timeoutMs;
  while (Date.now() < deadline && (await page.$$("#call-rows > tr")).length === 0) {
    await refresh();
    // The pace of looking, as a person would look: the call may take seconds to appear.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Reads the list again. From the press of the button until the answer is shown, the page shows that it loads. */
async function refresh() {
  const isList = (response) => new URL(response.url()).pathname === "/v1/calls";
  await Promise.all([page.waitForResponse(isList, { timeout: options.timeoutMs }), page.click("#refresh")]);
  await until(() => document.getElementById("list-status").dataset.kind !== "loading");
}

async function readCall(session) {
  const link = await page.$(`#call-rows a[href="#/calls/${encodeURIComponent(session)}"]`);
  if (link) await link.click();
  else await page.evaluate((id) => location.assign(`#/calls/${encodeURIComponent(id)}`), session);
  await until(() => {
    const status = document.getElementById("call-status").dataset.kind;
    return !document.getElementById("call-page").hidden && status !== "loading";
  });
  await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
  await shoot("call");
  return page.evaluate((id) => {
    const text = (element) => element?.textContent.trim() ?? null;
    const facts = (parent) =>
      Object.fromEntries(
        [...parent.querySelectorAll(".entry")].map((item) => [text(item.querySelector("dt")), text(item.querySelector("dd"))]),
      );
    return {
      session_id: id,
      page: document.body.textContent,
      kind: document.getElementById("call-status").dataset.kind,
      message: text(document.getElementById("call-status")),
      title: text(document.getElementById("call-title")),
      summary: text(document.getElementById("call-summary")),
      topics: [...document.querySelectorAll("#call-topics li")].map(text),
      facts: facts(document.getElementById("call-facts")),
      extracted: facts(document.getElementById("call-extracted")),
      identity: facts(document.getElementById("call-identity")),
      merges: [...document.querySelectorAll(".merges li")].map(text),
      turns: [...document.querySelectorAll("#call-turns > li")].map((turn) => ({
        seq: Number(turn.dataset.seq),
        role: turn.dataset.role,
        text: text(turn.querySelector(".turn-text")),
        marks: [...turn.querySelectorAll(".turn-head .chip")].map(text),
        latency: [...turn.querySelectorAll(".stages li")].map(text),
        sources: [...turn.querySelectorAll(".sources li")].map(text),
      })),
    };
  }, session);
}
