// What page and agent exchange in the room: calls of methods (RPC), text streams, attributes. It is
// not part of the interface over HTTP; the agent's side of it is agent/src/room/rpc.rs.

/** Topics of text streams. */
export const CHAT = "lk.chat";
export const TRANSCRIPTION = "lk.transcription";

/** Attributes of a transcription's stream. */
export const SEGMENT = "lk.segment_id";
export const FINAL = "lk.transcription_final";
/** What a reply rests on: titles as a list in JSON. It comes with the stream's end. */
export const CITATIONS = "teller.citations";

/** Attributes of an agent. */
export const AGENT_STATE = "lk.agent.state";
export const ON_BEHALF = "lk.publish_on_behalf";

/** What each method of the agent answers. */
export interface RoomAnswers {
  "teller.session": SessionInfo;
  "teller.authenticate": CodeRequested;
  "teller.verify": CodeChecked;
}

/** What the agent offers in this call. */
export interface SessionInfo {
  /** Opens the summary of this call once it is over. */
  summary_token: string;
  authentication: boolean;
  speech_model: string;
  language_model: string | null;
}

/** Whether a code was sent; not whether there is such a customer. */
export interface CodeRequested {
  status: "code_sent" | "unavailable" | "limited" | "malformed";
  message: string;
}

/** Whether the code was right. */
export interface CodeChecked {
  status: "authenticated" | "wrong_code" | "expired" | "limited";
  message: string;
}
