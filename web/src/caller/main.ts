// The caller's page: one call at a time, from the click to the summary.

import { fetchStatus } from "../api.ts";
import { byId, setText } from "../dom.ts";
import { Call } from "./call.ts";
import { CallView } from "./call-view.ts";
import { Identify } from "./identify.ts";
import { SummaryView } from "./summary-view.ts";
import { TranscriptView } from "./transcript-view.ts";

declare const __BUILD__: string;

const view = new CallView();
const transcript = new TranscriptView();
const identify = new Identify();
const summary = new SummaryView();
let call: Call | null = null;

/** Starts a call; one that is still open is left first. */
function dial(): void {
  call?.hangUp();
  summary.hide();
  transcript.clear();
  call = new Call({ view, transcript, identify, summary });
  void call.start();
}

view.on({
  dial,
  hangUp: () => call?.hangUp(),
  toggleMute: () => void call?.toggleMute(),
  sound: () => void call?.startAudio(),
});
transcript.onSend((text) => call?.say(text) ?? Promise.reject(new Error("there is no call")));
void showStatus();

/** The company's name, and in the footer what hears and what answers. */
async function showStatus(): Promise<void> {
  const build = `Page build ${__BUILD__}`;
  try {
    const status = await fetchStatus();
    if (status.company_name) {
      setText(byId("company-name"), status.company_name);
      document.title = `Call ${status.company_name}`;
    }
    const parts = [
      `Hears with ${status.speech_model}`,
      status.language_model ? `answers with ${status.language_model}` : "answers from documents",
      `Teller ${status.version}`,
    ];
    setText(byId("build"), parts.join(" · "));
    if (status.recording) setText(byId("disclosure"), "You will talk with an automated assistant. Calls are recorded.");
    if (!status.ready) view.showProblem("The service is starting. A call may not be answered yet.");
  } catch {
    setText(byId("build"), build);
    view.showProblem("The service cannot be reached at the moment. Please try again later.");
  }
}
