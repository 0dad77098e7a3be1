// The supervisor's pages: the key, then the list of calls or one call, by the
// address: `#/calls/ID` is a call, anything else the list.

import { ApiFailure, SupervisorApi } from "../api.ts";
import { byId, setText } from "../dom.ts";
import { CallPage } from "./call-page.ts";
import { ListPage } from "./list-page.ts";
import { TopicNames } from "./topic-names.ts";

const KEY = "teller.supervisor-key";

const gate = byId<HTMLFormElement>("gate");
const keyInput = byId<HTMLInputElement>("key-input");
const gateMessage = byId("gate-message");
const signOut = byId("sign-out");
const topics = new TopicNames();
const list = new ListPage(topics);
const call = new CallPage(topics);

/** Shows what the address names, or asks for the key first. */
async function route(): Promise<void> {
  const key = sessionStorage.getItem(KEY);
  const id = /^#\/calls\/(.+)$/.exec(location.hash)?.[1];
  gate.hidden = key !== null;
  signOut.hidden = key === null;
  list.hidden = key === null || id !== undefined;
  call.hidden = key === null || id === undefined;
  if (key === null) return keyInput.focus();
  const api = new SupervisorApi(key);
  try {
    await (id === undefined ? list.open(api) : call.open(api, decode(id)));
  } catch (error) {
    if (!(error instanceof ApiFailure) || (error.status !== 401 && error.status !== 403)) throw error;
    refuse("This key was not accepted. Please check it and try again.");
  }
}

function refuse(message: string): void {
  sessionStorage.removeItem(KEY);
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
  // A header can carry visible ASCII only; anything else is surely not the key.
  if (!/^[\x21-\x7e]+$/.test(key)) return refuse("This key was not accepted. Please check it and try again.");
  sessionStorage.setItem(KEY, key);
  keyInput.value = "";
  gateMessage.hidden = true;
  keyInput.removeAttribute("aria-invalid");
  void route();
});
signOut.addEventListener("click", () => {
  list.forget();
  call.forget();
  refuse("");
});
addEventListener("hashchange", () => void route());
addEventListener("popstate", () => list.readAddress());
void route();
