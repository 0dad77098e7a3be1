// The supervisor's pages: the key, then the list of calls or one call, by the
// address: `#/calls/ID` is a call, `#/profiles/ID` a profile's history, `#/gaps`
// what callers asked and nobody wrote down, `#/callbacks` what was promised to
// them, `#/leads` who may take something, anything else the list.

import { ApiFailure, SupervisorApi } from "../api.ts";
import { byId, setText } from "../dom.ts";
import { CallPage } from "./call-page.ts";
import { CallbacksPage } from "./callbacks-page.ts";
import { GapsPage } from "./gaps-page.ts";
import { LeadsPage } from "./leads-page.ts";
import { ListPage } from "./list-page.ts";
import { ProfilePage } from "./profile-page.ts";
import { isKeyRefused } from "./status.ts";
import { TopicNames } from "./topic-names.ts";
import { WorkerNotice } from "./worker-notice.ts";

const KEY = "teller.supervisor-key";
const WRONG_KEY = "This key was not accepted. Please check it and try again.";
const TOO_MANY = "Too many wrong keys came from your connection. Please wait a minute and try again.";

const gate = byId<HTMLFormElement>("gate");
const keyInput = byId<HTMLInputElement>("key-input");
const gateMessage = byId("gate-message");
const signOut = byId("sign-out");
const topics = new TopicNames();
const list = new ListPage(topics, refused);
const call = new CallPage(topics);
const profile = new ProfilePage();
const gaps = new GapsPage(refused);
const callbacks = new CallbacksPage(refused);
const leads = new LeadsPage(topics, refused);
const worker = new WorkerNotice();
const findProfile = byId<HTMLFormElement>("find-profile");
const profileInput = byId<HTMLInputElement>("profile-input");

/** Shows what the address names, or asks for the key first. */
async function route(): Promise<void> {
  const key = sessionStorage.getItem(KEY);
  const [, other = "list"] = /^#\/(gaps|callbacks|leads)$/.exec(location.hash) ?? [];
  const [, kind = other, id = ""] = /^#\/(calls|profiles)\/(.+)$/.exec(location.hash) ?? [];
  gate.hidden = key !== null;
  signOut.hidden = key === null;
  list.hidden = key === null || kind !== "list";
  call.hidden = key === null || kind !== "calls";
  profile.hidden = key === null || kind !== "profiles";
  gaps.hidden = key === null || kind !== "gaps";
  callbacks.hidden = key === null || kind !== "callbacks";
  leads.hidden = key === null || kind !== "leads";
  if (key === null) return keyInput.focus();
  const api = new SupervisorApi(key);
  worker.watch(api);
  try {
    if (kind === "list") await list.open(api);
    else if (kind === "gaps") await gaps.open(api);
    else if (kind === "callbacks") await callbacks.open(api);
    else if (kind === "leads") await leads.open(api);
    else await (kind === "calls" ? call : profile).open(api, decode(id));
  } catch (error) {
    refused(error);
  }
}

/** Asks for another key after one was refused; other errors are not for here. */
function refused(error: unknown): void {
  if (!(error instanceof ApiFailure) || !isKeyRefused(error)) throw error;
  refuse(error.status === 429 ? TOO_MANY : WRONG_KEY);
}

function refuse(message: string): void {
  sessionStorage.removeItem(KEY);
  worker.forget();
  void route();
  gateMessage.hidden = message === "";
  setText(gateMessage, message);
  keyInput.setAttribute("aria-invalid", String(message !== ""));
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

gate.addEventListener("submit", (event) => {
  event.preventDefault();
  const key = keyInput.value.trim();
  if (!key) return;
  // A header carries visible ASCII only, so anything else cannot be the key.
  if (!/^[\x21-\x7e]+$/.test(key)) return refuse(WRONG_KEY);
  sessionStorage.setItem(KEY, key);
  keyInput.value = "";
  gateMessage.hidden = true;
  keyInput.removeAttribute("aria-invalid");
  void route();
});
signOut.addEventListener("click", () => {
  list.forget();
  call.forget();
  profile.forget();
  gaps.forget();
  callbacks.forget();
  leads.forget();
  worker.forget();
  refuse("");
});
findProfile.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = profileInput.value.trim();
  if (id) location.hash = `#/profiles/${encodeURIComponent(id)}`;
});
addEventListener("hashchange", () => void route());
addEventListener("popstate", () => list.readAddress());
void route();
