// The JSON that the worker speaks, one type per message. Names are the wire's.

/** `GET /v1/status`. */
export interface Status {
  ready: boolean;
  agent_name: string;
  bank_name: string;
  /** The model that hears, such as "tiny.en". */
  speech_model: string;
  /** null: answers come from the bank's documents alone. */
  language_model: string | null;
  authentication: boolean;
  /** The worker's build, when it says. */
  version?: string;
}

/** `POST /v1/token`, the form of livekit-client's TokenSource.endpoint. */
export interface JoinToken {
  server_url: string;
  participant_token: string;
}

/** Answer of the RPC `teller.session`. */
export interface SessionInfo {
  /** Opens the summary of this call once it is over. */
  summary_token: string;
  authentication: boolean;
  speech_model: string;
  language_model: string | null;
}

/** Answer of the RPC `teller.authenticate`. */
export interface CodeRequested {
  status: "code_sent" | "unavailable" | "limited";
  message: string;
}

/** Answer of the RPC `teller.verify`. */
export interface CodeChecked {
  status: "authenticated" | "wrong_code" | "expired" | "limited";
  message: string;
}

/** `GET /v1/demo/messages`: what would have been sent, on loopback only. */
export interface DemoMessages {
  messages: DemoMessage[];
}

/** One message that a sender would have sent. */
export interface DemoMessage {
  to: string;
  text: string;
  at: string;
}

/** How the caller sounded. */
export type Sentiment = "positive" | "neutral" | "negative";
/** What became of the caller's request. */
export type Resolution = "resolved" | "escalated" | "incomplete";

/** `GET /v1/summary/{token}` when ready. */
export interface CallSummary {
  summary: string;
  topics: string[];
  sentiment: Sentiment | null;
  resolution_status: Resolution | null;
  duration_seconds: number | null;
  message_count: number;
}

/** `GET /v1/topics`. */
export interface Topics {
  topics: Topic[];
}

/** One topic of the bank's taxonomy. */
export interface Topic {
  id: string;
  label: string;
}

/** A line of `GET /v1/calls`. */
export interface CallLine {
  session_id: string;
  /** RFC 3339. */
  started_at: string;
  ended_at: string | null;
  duration_seconds: number | null;
  status: "active" | "ended" | "abandoned";
  channel: "web" | "phone";
  authenticated: boolean;
  username: string | null;
  summary: string | null;
  topics: string[] | null;
  sentiment: Sentiment | null;
  resolution_status: Resolution | null;
  message_count: number;
}

/** `GET /v1/calls`. */
export interface CallList {
  calls: CallLine[];
  /** Passed back to get the next lines; null at the end. */
  next_cursor: string | null;
}

/** `GET /v1/calls/{id}`. */
export interface CallRecord {
  call: CallLine;
  end_reason: string | null;
  summary: StoredSummary | null;
  identity: Identity | null;
  messages: Message[];
}

/** The row in conversation_summaries. */
export interface StoredSummary {
  summary: string;
  extracted_info: Record<string, unknown>;
  method: string;
}

/** Who called, and how their profiles came together. */
export interface Identity {
  profile_id: string;
  profile_type: string;
  username: string | null;
  auth_level: string | null;
  merges: Merge[];
}

/** One profile merged into another. */
export interface Merge {
  source_id: string;
  target_id: string;
  outcome: string;
  at: string;
}

/** `GET /v1/profiles/{id}`. */
export interface ProfileHistory {
  profile: ProfileLine;
  /** The live profile of the same person; the same one, if it was not merged. */
  live: ProfileLine;
  /** Profiles merged into the live one. */
  merged_profiles: number;
  /** Newest first, refused and undone ones too. */
  merges: MergeLine[];
  /** The audit chain's rows, newest first. */
  attempts: Attempt[];
  /** Whether the key that was shown may unmerge. */
  may_unmerge: boolean;
}

export interface ProfileLine {
  profile_id: string;
  profile_type: "anonymous" | "authenticated";
  username: string | null;
  first_seen_at: string;
  last_seen_at: string;
  total_sessions: number;
  total_messages: number;
  merged_into: string | null;
  erased_at: string | null;
}

/** One merge that was done or refused. */
export interface MergeLine {
  merge: number;
  source_id: string;
  target_id: string;
  outcome: string;
  actor: string;
  reason: string | null;
  session_id: string | null;
  sessions_moved: number;
  messages_moved: number;
  at: string;
  undone_at: string | null;
  undone_by: string | null;
  undone_reason: string | null;
  /** It holds now: an unmerge of its source would undo it. */
  in_force: boolean;
}

/** A row of the audit chain about a profile. */
export interface Attempt {
  number: number;
  at: string;
  actor: string;
  action: string;
  profile_id: string | null;
  outcome: string | null;
  /** Its words are the merge's. */
  reason_given: boolean;
  merge: number | null;
}

/** `GET /v1/profiles/{id}/unmerge`: what would come apart. */
export interface Separation {
  /** What a confirmation names. */
  merge: number;
  source: string;
  from: string;
  from_username: string | null;
  profiles: number;
  sessions: number;
  messages: number;
}

/** Body of `POST /v1/profiles/{id}/unmerge`. */
export interface UnmergeRequest {
  actor: string;
  reason: string | null;
  /** `Separation.merge`. */
  confirm: number;
}

/** Its answer. Refusals are 409 with `{"outcome", "error"}`. */
export interface Unmerged {
  outcome: "unmerged";
  merge: number;
  source_id: string;
}

/** `GET /v1/worker`, the same as `/health` of the operators' server. */
export interface WorkerState {
  status: "ok" | "degraded" | "failing";
  /** What somebody should look at, in words. */
  complaints: string[];
  takes_calls: boolean;
  record: RecordState | null;
}

/** How the record of calls stands. */
export interface RecordState {
  spool: "normal" | "alarm" | "no_new_calls" | "full";
  spool_used_bytes: number;
  spool_budget_bytes: number;
  /** Records on the worker's disk that the database does not have yet. */
  waiting: number;
  damaged: number;
  dead_letters: number;
  /** Calls with turns that are in memory alone, and those turns. */
  unsafe_calls: number;
  unsafe_turns: number;
  database: { state: "unknown" | "up" } | { state: "down"; since: string; why: string };
}

/** One finished turn of either side. */
export interface Message {
  seq: number;
  role: "user" | "assistant" | "system" | "tool";
  content: string;
  created_at: string;
  interrupted: boolean;
  intent: string | null;
  latency: Latency | null;
  sources: Source[] | null;
}

/** Milliseconds of each stage; absent or null where the stage did not run. */
export interface Latency {
  endpointing_ms?: number | null;
  stt_ms?: number | null;
  retrieval_ms?: number | null;
  llm_first_token_ms?: number | null;
  tts_first_audio_ms?: number | null;
  /** End of the caller's speech to the first audio of the reply. */
  reply_ms?: number | null;
}

/** A passage that an answer rests on. */
export interface Source {
  title: string;
  source: string;
  score: number;
}
