// What the stand-in worker knows: a library, a few calls, one of them in full. `npm run check` holds
// it against the interface's types.

/** @import * as wire from "../../src/wire.ts" */

const HOUR = 3_600_000;

/** @type {wire.Status} */
export const STATUS = {
  ready: true,
  agent_name: "teller",
  company_name: "Harbour Library",
  speech_model: "tiny.en",
  language_model: null,
  authentication: true,
  recording: false,
  version: "0.1.0",
};

/** @type {wire.Topic[]} */
export const TOPICS = [
  { id: "lost_book", label: "Lost or damaged book" },
  { id: "reservation", label: "Reservations" },
  { id: "opening_hours", label: "Opening hours" },
];

/** @type {wire.CallSummary} */
export const SUMMARY = {
  summary: "Caller inquired about a lost book and about opening hours. A copy of the same edition replaces it.",
  topics: ["lost_book", "opening_hours"],
  sentiment: "positive",
  resolution_status: "resolved",
  duration_seconds: 95,
  message_count: 8,
};

/** @type {wire.Sentiment[]} */
const SENTIMENTS = ["positive", "neutral", "negative"];
/** @type {wire.Resolution[]} */
const RESOLUTIONS = ["resolved", "escalated", "incomplete"];

/**
 * Newest first; call 2 has no topics and no caller's name, call 3 is going on.
 * @returns {wire.CallLine[]}
 */
export function someCalls(count = 6) {
  return Array.from({ length: count }, (_, index) => ({
    session_id: `0190-${index}`,
    started_at: new Date(Date.UTC(2026, 4, 17, 14, 5) - index * 3 * HOUR).toISOString(),
    ended_at: index === 3 ? null : new Date(Date.UTC(2026, 4, 17, 14, 7) - index * 3 * HOUR).toISOString(),
    duration_seconds: index === 3 ? null : 64 + index * 13,
    status: index === 3 ? "active" : index === 4 ? "abandoned" : "ended",
    channel: index % 2 === 0 ? "web" : "phone",
    authenticated: index % 3 === 0,
    username: index % 3 === 0 ? "jane.miller" : null,
    summary: index === 3 ? null : SUMMARY.summary,
    topics: index === 2 || index === 3 ? [] : ["lost_book", "opening_hours"],
    sentiment: index === 3 ? null : (SENTIMENTS[index % 3] ?? null),
    resolution_status: index === 3 ? null : (RESOLUTIONS[index % 3] ?? null),
    message_count: 8 + index,
  }));
}

/** @param {number} seconds */
const at = (seconds) => new Date(Date.UTC(2026, 4, 17, 14, 5, seconds)).toISOString();

/**
 * A call whose texts look like markup: they must be shown as they are.
 * @param {string} id
 * @returns {wire.CallRecord}
 */
export function callRecord(id) {
  /** @type {(seq: number, role: wire.Role, content: string, rest?: Partial<wire.Message>) => wire.Message} */
  const message = (seq, role, content, rest = {}) => ({
    seq, role, content, created_at: at(seq * 7), started_ms: null, ended_ms: null, interrupted: false, intent: null, latency: null, sources: null,
    insight: null, ...rest,
  });
  return {
    call: { .../** @type {wire.CallLine} */ (someCalls(1)[0]), session_id: id },
    end_reason: "caller_left",
    summary: {
      summary: SUMMARY.summary,
      extracted_info: { book: "Middlemarch", branches: ["Harbour", "North Quay"], note: "" },
      method: "rules",
    },
    identity: {
      profile_id: "b7c9c1de-4f0a-4c58-9a57-0c2f5d7b9f11",
      profile_type: "authenticated",
      username: "jane.miller",
      auth_level: "one-time code",
      merges: [
        { source_id: "aaaa1111-4f0a-4c58-9a57-0c2f5d7b9f11", target_id: "b7c9c1de-4f0a-4c58-9a57-0c2f5d7b9f11", outcome: "merged", at: at(30) },
      ],
    },
    recorded: false,
    line: { lost: 0.004, concealed: 0.002, jitter_ms: 3, mos: 4.3 },
    messages: [
      message(1, "assistant", "Hello, I am the automated assistant of the Harbour Library. This call is recorded."),
      message(2, "user", "I lost a book <b>yesterday</b> <img src=x onerror=alert(1)>", {
        intent: "lost_book",
        insight: {
          source: "rules", emotion: "worried", urgency: "critical", intent_category: "problem_solving", sentiment: -0.4, frustration: 7,
          frustration_causes: ["repeated_question"], confidence_score: 0.61, confidence: "Medium", key_topics: ["lost_book"],
          pain_points: [], opportunities: [], objections: [], next_best_actions: ["say_what_to_do_now"], style: null, level: null,
        },
      }),
      message(3, "assistant", "I am sorry to hear that. A copy of the same edition replaces a lost book.", {
        interrupted: true,
        latency: { endpointing_ms: 400, stt_ms: 310, retrieval_ms: 2, llm_first_token_ms: null, tts_first_audio_ms: 95, reply_ms: 807 },
        sources: [{ title: "Lost books", source: "library/lost-books", score: 7.3141, origin: "pack" }],
      }),
      message(4, "system", "Identity confirmed by code."),
      message(5, "user", "Thank you, goodbye", { intent: "goodbye" }),
      message(6, "assistant", "Goodbye, and thank you for calling.", {
        latency: { endpointing_ms: 400, stt_ms: 280, retrieval_ms: null, llm_first_token_ms: null, tts_first_audio_ms: 3, reply_ms: 1210 },
      }),
    ],
  };
}

const DEVICE = "aaaa1111-4f0a-4c58-9a57-0c2f5d7b9f11";
const CUSTOMER = "b7c9c1de-4f0a-4c58-9a57-0c2f5d7b9f11";

/**
 * A customer with one merge in force, a refused one, and the audit's rows of both.
 * @param {boolean} may_unmerge
 * @param {string | null} undone_by
 * @returns {wire.ProfileHistory}
 */
export function profileHistory(may_unmerge, undone_by = null) {
  /** @type {wire.ProfileLine} */
  const live = {
    profile_id: CUSTOMER, profile_type: "authenticated", username: "jane.miller", first_seen_at: at(0), last_seen_at: at(9),
    total_sessions: 12, total_messages: 80, merged_into: null, erased_at: null,
  };
  /** @type {(number: number, rest: Partial<wire.MergeLine>) => wire.MergeLine} */
  const merge = (number, rest) => ({
    merge: number, source_id: DEVICE, target_id: CUSTOMER, outcome: "merged", actor: "caller", reason: null, session_id: "0190-0",
    sessions_moved: 12, messages_moved: 80, at: at(number), undone_at: null, undone_by: null, undone_reason: null, in_force: true, ...rest,
  });
  /** @type {(number: number, rest?: Partial<wire.Attempt>) => wire.Attempt} */
  const attempt = (number, rest = {}) => ({
    number, at: at(number), actor: "caller", action: "profile.merge", profile_id: DEVICE, outcome: "merged", reason_given: false, merge: 17, ...rest,
  });
  return {
    profile: live,
    live,
    merged_profiles: undone_by ? 0 : 1,
    merges: [
      merge(18, { outcome: "refused_source_authenticated", in_force: false, actor: "joe <b>", reason: "same number", sessions_moved: 0 }),
      merge(17, undone_by ? { undone_by, undone_reason: "shared phone", undone_at: at(30), in_force: false } : {}),
    ],
    attempts: [
      ...(undone_by ? [attempt(31, { action: "profile.unmerge", actor: undone_by, outcome: "unmerged" })] : []),
      attempt(30, { outcome: "refused_source_authenticated", merge: 18 }),
      attempt(29),
    ],
    may_unmerge,
  };
}

/** @type {wire.Separation} */
export const SEPARATION = {
  merge: 17, source: DEVICE, from: CUSTOMER, from_username: "jane.miller", profiles: 1, sessions: 12, messages: 80,
};

/** @type {wire.WorkerState} */
export const WORKER = { status: "ok", complaints: [], takes_calls: true, record: null };

/**
 * Two gaps, one of them asked in three ways, the newest redacted; words that look like markup, and one that was redacted.
 * @param {boolean} may_adopt
 * @returns {wire.Gaps}
 */
export function someGaps(may_adopt) {
  const rooms = { source: "library/study-rooms", title: "Study rooms" };
  return {
    since: at(0),
    questions: 5,
    more: true,
    gaps: [
      {
        count: 4,
        last_asked_at: at(9),
        phrasings: [
          { words: "may my dog [number] come", session_id: "0190-0", unfit: "it has no square brackets: word it without what was taken out" },
          { words: "May I bring a <b>dog</b>?", session_id: "0190-0", unfit: null },
          { words: "can I bring my dog", session_id: "0190-1", unfit: null },
        ],
        nearest: rooms,
      },
      {
        count: 1,
        last_asked_at: at(3),
        phrasings: [{ words: "is [card number] right", session_id: "0190-2", unfit: "it has no square brackets: word it without what was taken out" }],
        nearest: null,
      },
    ],
    documents: [rooms, { source: "library/printing", title: "Printing and scanning" }],
    may_adopt,
  };
}

/**
 * Lines of the draft, each a document and a phrasing.
 * @param {[string, string][]} asks
 * @returns {wire.DraftLine[]}
 */
export function draftLines(asks) {
  return asks.map(([document, phrasing], index) => ({
    line: index + 1, document, phrasing, session_id: "0190-0", adopted_by: "Ann Moyo", adopted_at: at(20),
  }));
}

/**
 * Promises to callers: one that is late and taken, one of nobody's with words that look like markup, one of an earlier
 * version, one that is done, one of an erased caller.
 * @returns {wire.CallbackLine[]}
 */
export function somePromises() {
  /** @type {wire.CallbackLine} */
  const plain = {
    id: "0190-c0", reference: "KM482915", kind: "callback", phone_number: "+263771234567", reason: null, wanted: null, urgent: false,
    requested_at: at(0), due_at: at(50), overdue: false, taken_at: null, taken_by: null, done_at: null, done_by: null, note: null,
    session_id: "0190-0", erased: false,
  };
  return [
    { ...plain, overdue: true, urgent: true, wanted: "after four, please", taken_at: at(5), taken_by: "Bea Ndlovu" },
    { ...plain, id: "0190-c1", reference: "AF000001", kind: "late_delivery", reason: "the <b>sofa</b> is late", phone_number: null },
    { ...plain, id: "0190-c2", reference: null },
    { ...plain, id: "0190-c3", reference: "RW777777", done_at: at(9), done_by: "Ann Moyo", note: "a new one is on its way" },
    { ...plain, id: "0190-c4", reference: "XY123456", phone_number: null, done_at: at(9), done_by: "erased", erased: true },
  ];
}

/** A hot lead that is qualified, one that is not and to whom nothing is sold, and a cold one without a name. */
export function someLeads() {
  /** @type {wire.LeadLine} */
  const plain = {
    profile_id: "0190-p0", profile_type: "authenticated", username: "sarah", total_score: 17.25, temperature: "hot", shown: "hot", qualified: true,
    engagement: { total: 8.25, parts: [{ name: "sessions", points: 3, reason: "9 calls and chats" }, { name: "sentiment", points: 1.25, reason: "mean sentiment 0.25 over 10 turns" }] },
    intent: { total: 9, parts: [{ name: "appointments", points: 3, reason: "1 appointments" }] },
    second: { total: 11.5, parts: [{ name: "objections", points: -0.5, reason: "1 <b>objections</b>" }] },
    second_temperature: "warm", selling_off: null, wanted: 2, objections: 1, last_event_at: at(50),
    calls: [{ session_id: "0190-0", started_at: at(50) }, { session_id: "0190-1", started_at: at(0) }],
  };
  return [
    plain,
    { ...plain, profile_id: "0190-p1", username: "john", total_score: 15, shown: "warm (unqualified)", qualified: false, selling_off: { topic: "lost_card", until: at(900) } },
    { ...plain, profile_id: "0190-p2", profile_type: "anonymous", username: null, total_score: 1, temperature: "cold", shown: "cold", qualified: false, last_event_at: null, calls: [] },
  ];
}
