// Made by wire.mjs from api/openapi.json: not to be edited.

/** What each request is answered with when it goes well. */
export interface Answers {
  /** What was promised to callers */
  "GET /v1/callbacks": CallbackList;
  /** Notes that a promise was kept */
  "POST /v1/callbacks/{id}/done": CallbackChanged;
  /** Makes a promise this person's */
  "POST /v1/callbacks/{id}/take": CallbackChanged;
  /** Calls, newest first */
  "GET /v1/calls": CallList;
  /** One call's record */
  "GET /v1/calls/{id}": CallRecord;
  /** One call's recording */
  "GET /v1/calls/{id}/recording": Blob;
  /** The messages that would have been sent */
  "GET /v1/demo/messages": DemoMessages;
  /** Takes a message in place of a sender */
  "POST /v1/demo/messages": null;
  /** What callers asked and nobody wrote down */
  "GET /v1/gaps": Gaps;
  /** Makes a caller's phrasing a line of the draft */
  "POST /v1/gaps/adopt": Adopted;
  /** What is to be added to the pack */
  "GET /v1/gaps/draft": Draft;
  /** Takes a line out of the draft */
  "POST /v1/gaps/withdraw": Withdrawn;
  /** Who may take something that the company offers */
  "GET /v1/leads": Leads;
  /** A person's profiles, by any of them */
  "GET /v1/profiles/{id}": ProfileHistory;
  /** What an unmerge of this profile would separate */
  "GET /v1/profiles/{id}/unmerge": Separation;
  /** Takes a merge apart */
  "POST /v1/profiles/{id}/unmerge": Unmerged;
  /** Whether a call would be taken, and by what */
  "GET /v1/status": Status;
  /** The summary of the caller's own call, once */
  "GET /v1/summary/{token}": CallSummary | Pending;
  /** A token for a new room */
  "POST /v1/token": JoinToken;
  /** The topics that a call can have */
  "GET /v1/topics": Topics;
  /** How this worker and its record stand */
  "GET /v1/worker": WorkerState;
}

/** A phrasing that an administrator adopts. */
export interface AdoptRequest {
  /** The name of who does this. */
  actor: string;
  /** The source of the document that answers it. */
  document: string;
  /** The question, without digits and square brackets. */
  phrasing: string;
  /** The call in which it was asked: while it is in the draft it is erased with its caller. */
  session_id: string;
}

/** What became of it. */
export interface Adopted {
  document: string;
  /** As it is in the draft. */
  phrasing: string;
}

/** A row of the audit chain. */
export interface Attempt {
  number: number;
  at: string;
  actor: string;
  action: string;
  profile_id: string | null;
  /** What became of it, where the row has it: `merged`, `refused_erased`, `not_merged` … */
  outcome: string | null;
  /** A reason was given; its words are the merge's, and go when the person is erased. */
  reason_given: boolean;
  /** The merge it was about. */
  merge: number | null;
}

/** One call in a list, and the head of its record. */
export interface CallLine {
  session_id: string;
  started_at: string;
  ended_at: string | null;
  duration_seconds: number | null;
  status: CallStatus;
  channel: Channel;
  authenticated: boolean;
  username: string | null;
  /** Null, as the two fields after the topics, until there is a summary. */
  summary: string | null;
  /** Ids of `GET /v1/topics`; a topic may have left the pack since. */
  topics: string[];
  sentiment: Sentiment | null;
  resolution_status: Resolution | null;
  message_count: number;
}

/** One page of calls. */
export interface CallList {
  /** Newest first. */
  calls: CallLine[];
  /** Passed back as `cursor` to get the next page; null at the end. */
  next_cursor: string | null;
}

/** A call of a lead. */
export interface CallOfLead {
  session_id: string;
  started_at: string;
}

/** Everything kept of one call. */
export interface CallRecord {
  call: CallLine;
  /** Why it ended, such as `caller_left`; null while it goes on. */
  end_reason: string | null;
  summary: StoredSummary | null;
  identity: Identity | null;
  /** There is a recording: `GET /v1/calls/{id}/recording`. */
  recorded: boolean;
  line: Line | null;
  /** In the order in which they were said. */
  messages: Message[];
}

/** Where a call stands; `abandoned`: its worker died. */
export type CallStatus = "active" | "ended" | "abandoned";

/** What a call came to, for who was in it. */
export interface CallSummary {
  summary: string;
  topics: string[];
  sentiment: Sentiment;
  resolution_status: Resolution;
  duration_seconds: number;
  message_count: number;
}

/** What was changed. */
export interface CallbackChanged {
  /** As it was named: its id or its reference. */
  id: string;
}

/** A promise that a person gets back to a caller. */
export interface CallbackLine {
  id: string;
  /** What the caller was told to ask again with. An id is all that one of an earlier version has. */
  reference: string | null;
  /** `callback`, or a kind of the pack's. */
  kind: string;
  /** Where to call; null: the number on file. */
  phone_number: string | null;
  /** What it is about. */
  reason: string | null;
  /** When to call, as the caller said it. */
  wanted: string | null;
  urgent: boolean;
  requested_at: string;
  /** Until when it is to be kept. */
  due_at: string;
  /** It should have been kept by now. */
  overdue: boolean;
  taken_at: string | null;
  taken_by: string | null;
  done_at: string | null;
  done_by: string | null;
  /** What was noted when it was done. */
  note: string | null;
  /** The call in which it was promised. */
  session_id: string;
  /** The caller was erased: what they asked for is gone. */
  erased: boolean;
}

/** One page of promises. */
export interface CallbackList {
  /** Of those to be kept the urgent first, then what is due soonest; of others the newest first. */
  callbacks: CallbackLine[];
  /** Passed back as `cursor` to get the next page; null at the end. */
  next_cursor: string | null;
  /** Whether the key that was shown may take them and say that they are done. */
  may_change: boolean;
}

/** How the caller came. */
export type Channel = "web" | "phone";

/** `degraded` while it talks and there is something to look at; `failing`: it cannot be sent callers. */
export type Condition = "ok" | "degraded" | "failing";

/** Whether rows reach the database; `unknown` until the first one was sent. */
export type DatabaseState = {
  state: "unknown";
} | {
  state: "up";
} | {
  since: string;
  /** In words, without values of rows. */
  why: string;
  state: "down";
};

/** One message that would have been sent. */
export interface DemoMessage {
  /** A phone number, E.164. */
  to: string;
  text: string;
  at: string;
}

/** What would have been sent. */
export interface DemoMessages {
  /** Newest first; at most 20. */
  messages: DemoMessage[];
}

/** Somebody kept a promise. */
export interface DoneRequest {
  /** The name of who does this. */
  actor: string;
  /** What there is to say of it. It is sealed, and goes with the caller's data. */
  note?: string | null;
}

/** The draft of the pack. */
export interface Draft {
  /** By document, oldest first. */
  lines: DraftLine[];
}

/** A way of asking that is to be added to a document. */
export interface DraftLine {
  line: number;
  /** The document's source. */
  document: string;
  phrasing: string;
  /** The call in which it was asked. */
  session_id: string;
  adopted_by: string;
  adopted_at: string;
}

/** How full the spool is: `alarm` from 80 % on; from 95 % on there are no new calls. */
export type Fullness = "normal" | "alarm" | "no_new_calls" | "full";

/** Questions that mean the same. */
export interface Gap {
  /** How often it was asked. */
  count: number;
  /** When it was asked last. */
  last_asked_at: string;
  /** In callers' words, each phrasing once; the newest five. */
  phrasings: Phrasing[];
  nearest: PackDocument | null;
}

/** What callers asked and nobody wrote down. */
export interface Gaps {
  /** From when on. */
  since: string;
  /** Questions without an answer that were looked at. */
  questions: number;
  /** There are older ones since then, beyond the limit. */
  more: boolean;
  /** The most asked first. */
  gaps: Gap[];
  /** The documents that a phrasing can be adopted for, in the pack's order. */
  documents: PackDocument[];
  /** Whether the key that was shown may adopt. */
  may_adopt: boolean;
}

/** Who called, and how their profiles came together. */
export interface Identity {
  profile_id: string;
  profile_type: ProfileType;
  username: string | null;
  auth_level: Proof | null;
  merges: Merge[];
}

/** What a turn of the caller says of them. */
export interface Insight {
  /** What read it: rules, or a model. */
  source: string;
  emotion: string;
  urgency: string;
  intent_category: string;
  /** From -1, as bad as can be, to 1. */
  sentiment: number;
  /** 0 to 10. */
  frustration: number;
  /** What brought the frustration there, the most recent first. */
  frustration_causes: string[];
  /** How sure emotion and intent are, 0 to 1. */
  confidence_score: number;
  /** The same as a word. */
  confidence: string;
  key_topics: string[];
  pain_points: string[];
  opportunities: string[];
  objections: string[];
  /** What would be best, best first. */
  next_best_actions: string[];
  /** How the caller wishes to be answered. */
  style: string | null;
  /** How much the caller knows of the matter. */
  level: string | null;
}

/** A way into a room, in the form of livekit-client's `TokenSource.endpoint`. */
export interface JoinToken {
  /** The LiveKit server as browsers reach it. */
  server_url: string;
  /** Valid for ten minutes; names the room, the identity and the rights. */
  participant_token: string;
}

/** Milliseconds of each stage of a turn; null where the stage did not run. */
export interface Latency {
  endpointing_ms: number | null;
  stt_ms: number | null;
  retrieval_ms: number | null;
  llm_first_token_ms: number | null;
  tts_first_audio_ms: number | null;
  /** From the end of the caller's speech to the first audio of the reply. */
  reply_ms: number | null;
}

/** A person who may take something, with their score at this moment. */
export interface LeadLine {
  profile_id: string;
  profile_type: ProfileType;
  username: string | null;
  /** Version 1: engagement and intent together, 0 to 20. */
  total_score: number;
  /** By version 1. */
  temperature: Temperature;
  /** The temperature as it is to be shown: a hot lead of whom it is not known that they want it and soon is `warm (unqualified)`. */
  shown: string;
  /** That they want it and soon is known. */
  qualified: boolean;
  /** 0 to 10. */
  engagement: Points;
  /** 0 to 10. */
  intent: Points;
  /** Version 2, 0 to 20: time, what is known of them and what makes them hesitate count too. */
  second: Points;
  /** By version 2. */
  second_temperature: Temperature;
  selling_off: SellingOff | null;
  /** Things that they want. */
  wanted: number;
  /** Times they hesitated. */
  objections: number;
  /** When something that counts happened last. */
  last_event_at: string | null;
  /** Their last calls, newest first; at most five. */
  calls: CallOfLead[];
}

/** One page of leads. */
export interface Leads {
  /** The highest score by version 1 first. */
  leads: LeadLine[];
  /** Passed back as `cursor` to get the next page; null at the end. A lead whose score changes meanwhile may be missed or come twice. */
  next_cursor: string | null;
}

/** How well a caller was heard, over the whole call. */
export interface Line {
  /** The part of the packets of sound that never arrived, 0 to 1. */
  lost: number;
  /** The part of the sound that was made up where none had arrived in time, 0 to 1. */
  concealed: number;
  /** How unevenly packets arrived at the end, milliseconds. */
  jitter_ms: number;
  /** Mean opinion score, estimated by the E-model (ITU-T G.107), 1 to 4.5. */
  mos: number;
}

/** One profile merged into another, or the attempt. */
export interface Merge {
  source_id: string;
  target_id: string;
  outcome: MergeOutcome;
  at: string;
}

/** One merge; of a refused one the profiles are those that were asked for. */
export interface MergeLine {
  merge: number;
  source_id: string;
  target_id: string;
  outcome: MergeOutcome;
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

/** What became of a merge. */
export type MergeOutcome = "merged" | "already_merged" | "not_found" | "refused_source_authenticated" | "refused_erased" | "refused_blocked" | "refused_shared_device" | "session_not_found";

/** One finished turn of either side. */
export interface Message {
  /** Counts from 0 without gaps. */
  seq: number;
  role: Role;
  /** Redacted; of the assistant's words, those that were heard. */
  content: string;
  created_at: string;
  /** When its sound began, milliseconds since the call did; null for what was typed. */
  started_ms: number | null;
  /** When it ended. */
  ended_ms: number | null;
  /** The assistant was cut short. */
  interrupted: boolean;
  /** Topic of the answer. */
  intent: string | null;
  latency: Latency | null;
  sources: Source[] | null;
  insight: Insight | null;
}

/** Where what an answer rests on is from. */
export type Origin = "pack" | "web";

/** A document of the pack. */
export interface PackDocument {
  /** Its name in citations, such as `library/opening-hours`. */
  source: string;
  /** Its title. */
  title: string;
}

/** One part of a score. */
export interface Part {
  /** Such as `sessions`. */
  name: string;
  points: number;
  /** Why, in words. */
  reason: string;
}

/** There is no summary yet. */
export interface Pending {
  status: PendingStatus;
}

export type PendingStatus = "pending";

/** A question in a caller's words. */
export interface Phrasing {
  /** Redacted. */
  words: string;
  /** The call in which it was asked so last. */
  session_id: string;
  /** It cannot be adopted as it is, and why. */
  unfit: string | null;
}

/** A sum, with what it is made of. */
export interface Points {
  total: number;
  parts: Part[];
}

/** Why a request was not answered with what it asked for. */
export interface Problem {
  /** A sentence for people. */
  error: string;
}

/** What is known of a person's profiles. */
export interface ProfileHistory {
  profile: ProfileLine;
  /** The live profile of the same person; the same one, if it was not merged. */
  live: ProfileLine;
  /** Profiles merged into the live one. */
  merged_profiles: number;
  /** Newest first, refused and undone ones too; at most 200. */
  merges: MergeLine[];
  /** Rows of the audit chain, newest first; at most 200. */
  attempts: Attempt[];
  /** Whether the key that was shown may unmerge. */
  may_unmerge: boolean;
}

/** One profile. */
export interface ProfileLine {
  profile_id: string;
  profile_type: ProfileType;
  username: string | null;
  first_seen_at: string;
  last_seen_at: string;
  total_sessions: number;
  total_messages: number;
  merged_into: string | null;
  erased_at: string | null;
}

/** Whether a profile is a device's or number's, or a customer's. */
export type ProfileType = "anonymous" | "authenticated";

/** How the caller proved who they are. */
export type Proof = "vouched" | "one-time code";

/** How the record of calls stands. */
export interface RecordState {
  spool: Fullness;
  spool_used_bytes: number;
  spool_budget_bytes: number;
  /** Records on the worker's disk that the database does not have yet. */
  waiting: number;
  /** Damaged places in the spool, since the start. */
  damaged: number;
  /** Records that wait for an administrator. */
  dead_letters: number;
  /** Calls with turns that are in memory alone. */
  unsafe_calls: number;
  /** Those turns. */
  unsafe_turns: number;
  database: DatabaseState;
}

/** Why something in order was not done. */
export interface Refusal {
  /** A sentence for people. */
  error: string;
  outcome: UnmergeOutcome;
}

/** What became of the caller's request. */
export type Resolution = "resolved" | "escalated" | "incomplete";

/** Who a message is from. */
export type Role = "user" | "assistant" | "system" | "tool";

/** Why nothing is sold, and until when. */
export interface SellingOff {
  /** What they spoke of, an id of `GET /v1/topics`. */
  topic: string;
  until: string;
}

/** The body that the code sender posts. */
export interface SentMessage {
  /** A phone number, E.164. */
  to: string;
  text: string;
}

/** How the caller felt. */
export type Sentiment = "positive" | "neutral" | "negative";

/** What would come apart. */
export interface Separation {
  /** The merge that would be undone: what a confirmation names. */
  merge: number;
  /** The profile that would live again. */
  source: string;
  /** The live profile that would lose it. */
  from: string;
  /** That one's name, if it is a customer. */
  from_username: string | null;
  /** Profiles that would go: the source and those merged into it before. */
  profiles: number;
  /** Calls that would go with them. */
  sessions: number;
  /** Messages of those calls. */
  messages: number;
}

/** A passage that an answer rests on. */
export interface Source {
  title: string;
  source: string;
  /** Its rank in the search; comparable within one answer only. */
  score: number;
  /** Where it is from. */
  origin: Origin;
}

/** What the caller's page shows of this worker. */
export interface Status {
  /** A call would be taken now. */
  ready: boolean;
  /** The agent's name for dispatch; empty with automatic dispatch. */
  agent_name: string;
  company_name: string;
  /** The model that recognises speech, such as `tiny.en`. */
  speech_model: string;
  /** Null: answers come from the pack's documents alone. */
  language_model: string | null;
  /** A caller can prove who they are. */
  authentication: boolean;
  /** Calls are recorded: the page says so before one begins. */
  recording: boolean;
  /** The worker's build. */
  version: string;
}

/** What was noted of the call when it ended. */
export interface StoredSummary {
  summary: string;
  /** What the caller mentioned of themselves and their request, by name. */
  extracted_info: Record<string, unknown>;
  /** `rules` or `llm`. */
  method: string;
}

/** Somebody makes a promise theirs. */
export interface TakeRequest {
  /** The name of who does this. */
  actor: string;
}

/** How near a lead is: from 15 points on hot, from 10 on warm. */
export type Temperature = "hot" | "warm" | "cold";

/** One topic of the pack's taxonomy. */
export interface Topic {
  /** What a summary carries. */
  id: string;
  /** What people read. */
  label: string;
}

/** The pack's taxonomy. */
export interface Topics {
  topics: Topic[];
}

/** What became of an unmerge. */
export type UnmergeOutcome = "unmerged" | "not_merged" | "refused_name_taken" | "refused_erased" | "refused_changed";

/** What an administrator asks for. */
export interface UnmergeRequest {
  /** The name of who does this. */
  actor: string;
  /** Without personal data: it is kept for good. */
  reason?: string | null;
  /** The merge that was shown: `merge` of a separation. */
  confirm: number;
}

/** What was done. */
export interface Unmerged {
  outcome: UnmergeOutcome;
  merge: number;
  source_id: string;
}

/** A line that an administrator takes back. */
export interface WithdrawRequest {
  /** The name of who does this. */
  actor: string;
  /** `line` of the draft. */
  line: number;
}

/** What was taken back. */
export interface Withdrawn {
  line: number;
}

/** How the worker, its record and its upkeep stand. */
export interface WorkerState {
  status: Condition;
  /** What somebody should look at, in words. */
  complaints: string[];
  takes_calls: boolean;
  record: RecordState | null;
}
