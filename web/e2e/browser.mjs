// What the drivers and the page tests share: a headless Chromium, arguments, screenshots.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { wavFile } from "./wav.mjs";

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 860 } };

/** How long Chromium may take to start: seconds on a busy machine, half a second on an idle one. */
const START_MS = 60_000;

/** Options every driver takes. */
const COMMON = {
  url: { type: "string" },
  screenshots: { type: "string" },
  size: { type: "string", default: "desktop" },
  scheme: { type: "string", default: "light" },
  timeout: { type: "string", default: "30" },
  help: { type: "boolean", default: false },
};

/** Reads the command line; prints the usage and exits when it is invalid. */
export function readArguments(options, usage) {
  try {
    const { values } = parseArgs({ options: { ...COMMON, ...options } });
    if (values.help || !values.url) throw new Error(values.help ? "" : "--url is missing");
    if (!SIZES[values.size]) throw new Error(`--size is phone or desktop, not ${values.size}`);
    return { ...values, timeoutMs: seconds(values.timeout) };
  } catch (error) {
    process.stderr.write(`${error.message ? `${error.message}\n` : ""}${usage}\n`);
    process.exit(2);
  }
}

/** "2.5" as 2500. */
export function seconds(text) {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a number of seconds: ${text}`);
  return value * 1000;
}

/**
 * Starts Chromium with a profile of its own.
 * `microphone`: "fake" hears the file `wav` once and then silence, or silence alone without one;
 * "beep" is Chromium's own test tone; "denied" has no permission.
 */
export async function startBrowser({ wav, microphone = "fake" } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "teller-browser-"));
  const args = [
    "--no-sandbox",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    microphone === "denied" ? "--deny-permission-prompts" : "--use-fake-ui-for-media-stream",
  ];
  if (microphone === "fake") args.push(`--use-file-for-fake-audio-capture=${soundFile(wav, profile)}%noloop`);
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    userDataDir: profile,
    timeout: START_MS,
    args,
  });
  const close = async () => {
    await browser.close();
    // A process of Chromium's that outlives the first one may still write for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  return { browser, close };
}

/** Opens a page of a browser, or of one of its contexts; `errors` grows with the page's mistakes. */
export async function openPage(context, { size = "desktop", scheme = "light" } = {}) {
  const page = await context.newPage();
  await page.setViewport({ ...SIZES[size], deviceScaleFactor: 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  return { page, errors: watchErrors(page), close: () => page.close() };
}

/** A browser and one page; takes the options of both. */
export async function openBrowser(options = {}) {
  const { browser, close } = await startBrowser(options);
  const { page, errors } = await openPage(browser, options);
  return { browser, page, errors, close };
}

/** The file to hear; where none is given, half a second of silence. */
function soundFile(wav, folder) {
  if (wav) return resolve(wav);
  const silence = join(folder, "silence.wav");
  writeFileSync(silence, wavFile(Buffer.alloc(48_000), 48_000));
  return silence;
}

/** A function that saves the page under a numbered name; does nothing without a folder. */
export function screenshooter(page, folder) {
  let count = 0;
  if (folder) mkdirSync(folder, { recursive: true });
  return async (name) => {
    if (!folder) return;
    count += 1;
    await page.screenshot({ path: join(folder, `${String(count).padStart(2, "0")}-${name}.png`), fullPage: true });
  };
}

/** The page's mistakes: exceptions, console errors, breaches of the content security policy. */
function watchErrors(page) {
  const errors = [];
  page.on("pageerror", (error) => errors.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // A failed request is also printed by the browser itself; pages handle those.
    const own = !message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && own) errors.push(`console: ${message.text()}`);
  });
  return errors;
}
