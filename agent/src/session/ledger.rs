//! The turns of one call as they become rows: numbering, latency.
//!
//! Rows are written once, when they are final: the caller's when the turn is
//! committed, the agent's when its playout ended or was cut, with what was heard.

mod person;

use std::{collections::HashMap, sync::Arc, time::Duration};

use call::{CallEnding, Speaker};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use dialogue::{ModelFailure, Recall, ReplyMeta};
use insight::{
    facts::FactReader,
    lead::{self, AgentTurn, Happened},
    moment::{Course, Moment, Trade},
    turn::Reply,
};
use record::{MessageRow, Recorder, SessionEnd, lead_events, turn_insight};
use voice::speak::SpeechId;
use voice::turn::UserTurn;

use super::memory::Memory;

/// Why the agent speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpeechKind {
    /// The opening, with its disclosure.
    Greeting,
    /// The answer to a turn.
    Reply,
    /// "I did not catch that", "are you still there?", an authentication's progress.
    Announcement,
    /// The last words; hanging up follows.
    Goodbye,
}

impl SpeechKind {
    /// On record.
    fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Reply => "reply",
            Self::Announcement => "announcement",
            Self::Goodbye => "goodbye",
        }
    }
}

/// One speech of the agent from its order to its row.
#[derive(Debug, Clone)]
pub(crate) struct Spoken {
    pub(crate) kind: SpeechKind,
    pub(crate) segment: String,
    /// Number of the turn it answers, if it answers one.
    pub(crate) turn: Option<i32>,
    /// When that turn ended.
    pub(crate) asked_at: Option<Duration>,
    pub(crate) endpointing: Option<Duration>,
    pub(crate) stt: Option<Duration>,
    /// How long before the turn counted as over its reply was begun, if it was.
    pub(crate) head_start: Option<Duration>,
    pub(crate) first_audio: Option<Duration>,
    /// The second voice said its first sentence.
    pub(crate) tts_fallback: bool,
    pub(crate) started_at: Option<Duration>,
    pub(crate) meta: Option<ReplyMeta>,
}

impl Spoken {
    /// The titles of what it rests on, each once, best first.
    pub(crate) fn citations(&self) -> Vec<String> {
        let mut titles: Vec<String> = Vec::new();
        for source in self.meta.iter().flat_map(|meta| &meta.sources) {
            if !titles.contains(&source.title) {
                titles.push(source.title.clone());
            }
        }
        titles
    }
}

/// A finished turn of the caller.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its number.
    pub(crate) seq: i32,
    /// How the caller is.
    pub(crate) moment: Moment,
    /// What they wish of what is remembered.
    pub(crate) recall: Option<Recall>,
}

/// Books of one call.
#[derive(Debug)]
pub(crate) struct Ledger {
    recorder: Recorder,
    session: call::SessionId,
    /// The pack's words for what turns say.
    trade: Arc<Trade>,
    /// What the call was like so far.
    course: Course,
    /// What is remembered of the caller.
    pub(crate) memory: Memory,
    seq: i32,
    spoken: HashMap<SpeechId, Spoken>,
    next_speech: u64,
    last_stt: Option<Duration>,
    /// The second recogniser heard a part of the caller's turn.
    stt_fallback: bool,
    opened_at: DateTime<Utc>,
    closed: bool,
}

impl Ledger {
    pub(crate) fn new(
        recorder: Recorder,
        session: call::SessionId,
        trade: Arc<Trade>,
        facts: Arc<FactReader>,
    ) -> Self {
        Self {
            recorder,
            session,
            trade,
            course: Course::default(),
            memory: Memory::new(facts),
            seq: 0,
            spoken: HashMap::new(),
            next_speech: 0,
            last_stt: None,
            stt_fallback: false,
            opened_at: Utc::now(),
            closed: false,
        }
    }

    /// Closes the record of the session.
    pub(crate) fn close(&mut self, end: SessionEnd) {
        self.closed = true;
        self.recorder.session_ended(end);
    }

    /// How long recognition of the newest utterance took.
    pub(crate) fn heard_in(&mut self, stt: Duration, by_fallback: bool) {
        self.last_stt = Some(stt);
        self.stt_fallback |= by_fallback;
    }

    /// What a turn would be if it were over now.
    pub(crate) fn would_say(&self, turn: &UserTurn) -> Said {
        let mut course = self.course.clone();
        Said {
            seq: self.seq,
            moment: course.caller(&turn.text, turn.typed, None, &self.trade),
            recall: self.memory.would_wish(&turn.text),
        }
    }

    /// A finished turn of the caller becomes a row, what it says another, what it counts for a lead, and
    /// each fact that it tells one.
    pub(crate) fn caller_said(&mut self, turn: &UserTurn, now: Duration) -> Said {
        let seq = self.next_seq();
        let meta = json!({
            "typed": turn.typed,
            "stt_fallback": std::mem::take(&mut self.stt_fallback).then_some(true),
            "latency": { "endpointing_ms": millis(turn.endpointing), "stt_ms": self.last_stt.filter(|_| !turn.typed).map(millis) },
        });
        let row = MessageRow {
            session: self.session,
            seq,
            speaker: Speaker::Caller,
            redacted: insight::redact::has_placeholder(&turn.text),
            content: turn.text.clone(),
            started_ms: turn.began_at.map(clamp_millis),
            ended_ms: Some(clamp_millis(turn.stopped_at)),
            interrupted: false,
            intent: None,
            latency_ms: None,
            meta,
        };
        tracing::debug!(
            turn.seq = row.seq,
            at_ms = millis(now),
            "the caller's turn is complete"
        );
        let at = Utc::now();
        self.recorder.message_at(row, at);
        let moment = self
            .course
            .caller(&turn.text, turn.typed, None, &self.trade);
        self.recorder
            .turn_insight(turn_insight(self.session, seq, &moment, at));
        self.counts_for_lead(lead::of_caller(seq, &moment, &self.trade), at);
        let of = (self.session, seq);
        let recall = self.memory.hear(&turn.text, of, at, &self.recorder);
        Said {
            seq,
            moment,
            recall,
        }
    }

    /// Words of the caller that came too late for a turn: kept, unanswered.
    pub(crate) fn caller_left_saying(&mut self, text: String, now: Duration) -> Moment {
        self.last_stt = None;
        let turn = UserTurn {
            text,
            typed: false,
            began_at: None,
            stopped_at: now,
            endpointing: Duration::ZERO,
            unanswered: String::new(),
        };
        self.caller_said(&turn, now).moment
    }

    /// Opens the books for one speech; for a reply, with its turn and the number of that.
    pub(crate) fn speech(
        &mut self,
        kind: SpeechKind,
        answers: Option<(&UserTurn, i32)>,
    ) -> SpeechId {
        let turn = answers.map(|(turn, _)| turn);
        self.next_speech += 1;
        let id = SpeechId(self.next_speech);
        let spoken = Spoken {
            kind,
            segment: format!("SG_agent_{}", self.next_speech),
            turn: answers.map(|(_, seq)| seq),
            asked_at: turn.map(|turn| turn.stopped_at),
            endpointing: turn.map(|turn| turn.endpointing),
            stt: self
                .last_stt
                .filter(|_| turn.is_some_and(|turn| !turn.typed)),
            head_start: None,
            first_audio: None,
            tts_fallback: false,
            started_at: None,
            meta: None,
        };
        self.spoken.insert(id, spoken);
        id
    }

    /// A speech that nobody heard anything of will not be reported: its books are closed.
    pub(crate) fn forget(&mut self, id: SpeechId) {
        if self
            .spoken
            .get(&id)
            .is_some_and(|spoken| spoken.started_at.is_none())
        {
            self.spoken.remove(&id);
        }
    }

    /// The open books of one speech.
    pub(crate) fn spoken(&mut self, id: SpeechId) -> Option<&mut Spoken> {
        self.spoken.get_mut(&id)
    }

    /// Closes the books: what was heard becomes a row; a speech nobody heard leaves none.
    pub(crate) fn agent_said(
        &mut self,
        id: SpeechId,
        heard: &str,
        interrupted: bool,
        now: Duration,
    ) -> Option<Spoken> {
        let spoken = self.spoken.remove(&id)?;
        let heard = heard.trim();
        if heard.is_empty() {
            return Some(spoken);
        }
        let reply = spoken
            .started_at
            .zip(spoken.asked_at)
            .map(|(started, asked)| started.saturating_sub(asked));
        self.course.agent(reply_of(&spoken), interrupted);
        let row = MessageRow {
            session: self.session,
            seq: self.next_seq(),
            speaker: Speaker::Agent,
            redacted: insight::redact::has_placeholder(heard),
            content: heard.to_owned(),
            started_ms: spoken.started_at.map(clamp_millis),
            ended_ms: Some(clamp_millis(now)),
            interrupted,
            intent: spoken.meta.as_ref().and_then(|meta| meta.intent.clone()),
            latency_ms: reply.map(clamp_millis),
            meta: agent_meta(&spoken, reply),
        };
        let (seq, at) = (row.seq, Utc::now());
        self.recorder.message_at(row, at);
        let counts = lead::of_agent(&agent_turn(&spoken, seq), &self.trade);
        self.counts_for_lead(counts, at);
        Some(spoken)
    }

    fn counts_for_lead(&self, happened: impl IntoIterator<Item = Happened>, at: DateTime<Utc>) {
        if let Some(events) = lead_events(self.session, happened, at) {
            self.recorder.lead_events(events);
        }
    }

    /// Speeches that are audible and have no row yet.
    pub(crate) fn audible(&self) -> usize {
        self.spoken
            .values()
            .filter(|spoken| spoken.started_at.is_some())
            .count()
    }

    fn next_seq(&mut self) -> i32 {
        let seq = self.seq;
        self.seq += 1;
        seq
    }
}

/// A session that panics closes its record all the same; what was written stays.
impl Drop for Ledger {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let ended_at = Utc::now();
        self.recorder.session_ended(SessionEnd {
            session: self.session,
            ending: CallEnding::Broken,
            ended_at,
            duration: (ended_at - self.opened_at).to_std().unwrap_or_default(),
            transferred: false,
            callback_requested: false,
            authentication_attempted: false,
            line: None,
        });
    }
}

/// What a speech was to the caller's matter, as its row says.
fn reply_of(spoken: &Spoken) -> Option<Reply> {
    let meta = spoken.meta.as_ref();
    let route = meta.map(|meta| meta.route.as_str());
    let made_by = meta.map_or("", |meta| meta.model.as_str());
    let has_sources = meta.is_some_and(|meta| !meta.sources.is_empty());
    Reply::of(spoken.kind.name(), route, made_by, has_sources)
}

/// A speech, as far as it counts for a lead.
fn agent_turn(spoken: &Spoken, seq: i32) -> AgentTurn<'_> {
    // The rest of a reply shows and does nothing again.
    let Some(meta) = spoken.meta.as_ref().filter(|meta| !meta.continues) else {
        return AgentTurn::default();
    };
    AgentTurn {
        seq,
        deed: (meta.model == "deed").then_some(&*meta.route),
        intent: meta.intent.as_deref(),
        sources: meta.sources.iter().map(|cited| &*cited.source).collect(),
    }
}

fn agent_meta(spoken: &Spoken, reply: Option<Duration>) -> Value {
    let meta = spoken.meta.as_ref();
    let sources = meta.map(|meta| &meta.sources[..]).unwrap_or_default();
    json!({
        "kind": spoken.kind.name(),
        "route": meta.map(|meta| meta.route.as_str()),
        "model": meta.map(|meta| meta.model.as_str()),
        "continues": meta.is_some_and(|meta| meta.continues).then_some(true),
        "sources": sources,
        "tts_fallback": spoken.tts_fallback.then_some(true),
        "model_failure": meta.and_then(|meta| meta.failure.as_ref()).map(ModelFailure::kind),
        "model_requests": meta.map(|meta| &meta.model_requests).filter(|all| !all.is_empty()),
        "withheld": meta.map(|meta| &meta.withheld).filter(|withheld| !withheld.is_empty()),
        "latency": {
            "endpointing_ms": spoken.endpointing.map(millis),
            "stt_ms": spoken.stt.map(millis),
            "head_start_ms": spoken.head_start.map(millis),
            "retrieval_ms": meta.and_then(|meta| meta.retrieval).map(fractional_millis),
            "llm_first_token_ms": meta.and_then(|meta| meta.llm_first_token).map(millis),
            "tts_first_audio_ms": spoken.first_audio.map(millis),
            "reply_ms": reply.map(millis),
        },
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn fractional_millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

/// Columns hold 32 bits: 24 days of call.
fn clamp_millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use record::Record;

    fn books() -> (Ledger, record::RecordQueue) {
        let (recorder, queue) = Recorder::new(Arc::default());
        let trade = Arc::new(Trade::default());
        let (id, facts) = (call::SessionId::new(), Arc::default());
        (Ledger::new(recorder, id, trade, facts), queue)
    }

    fn turn(text: &str) -> UserTurn {
        UserTurn {
            text: text.into(),
            typed: false,
            began_at: Some(Duration::from_secs(1)),
            stopped_at: Duration::from_secs(3),
            endpointing: Duration::from_millis(500),
            unanswered: String::new(),
        }
    }

    /// What is in the queue, in words.
    fn written(queue: &mut record::RecordQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.try_take())
            .filter(|record| !matches!(record, Record::TurnInsight(_) | Record::LeadEvents(_)))
            .map(|record| match record {
                Record::Message(row, _) => format!("{} {:?} {}", row.seq, row.speaker, row.content),
                Record::Ended(end) => format!("ended {}", end.ending.as_str()),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn turns_of_both_sides_are_numbered_without_gaps_and_silence_leaves_no_row() {
        let (mut books, mut queue) = books();
        books.caller_said(&turn("Hello"), Duration::from_secs(4));
        let unheard = books.speech(SpeechKind::Reply, None);
        let heard = books.speech(SpeechKind::Reply, None);
        books.agent_said(unheard, " ", true, Duration::from_secs(5));
        books.agent_said(heard, "Good day.", false, Duration::from_secs(6));
        assert_eq!(written(&mut queue), ["0 Caller Hello", "1 Agent Good day."]);
    }

    #[test]
    fn a_title_is_cited_once_however_many_passages_it_has() {
        let (mut books, _queue) = books();
        let id = books.speech(SpeechKind::Reply, None);
        let source = |source: &str, title: &str| dialogue::Source {
            source: source.to_owned(),
            title: title.to_owned(),
            score: 1.0,
            origin: dialogue::Origin::Pack,
        };
        let spoken = books.spoken(id).unwrap();
        assert!(spoken.citations().is_empty(), "nothing is known of it yet");
        spoken.meta = Some(ReplyMeta {
            sources: vec![
                source("library/fees", "Fees"),
                source("library/fees", "Fees"),
                source("books/heron", "The Grey Heron"),
            ],
            ..ReplyMeta::default()
        });
        assert_eq!(spoken.citations(), ["Fees", "The Grey Heron"]);
    }

    #[test]
    fn a_speech_is_written_once_however_often_its_end_is_told() {
        let (mut books, mut queue) = books();
        let id = books.speech(SpeechKind::Reply, None);
        books.agent_said(id, "Good day.", false, Duration::from_secs(6));
        books.agent_said(id, "Good day.", true, Duration::from_secs(7));
        assert_eq!(written(&mut queue), ["0 Agent Good day."]);
    }

    #[test]
    fn a_session_that_breaks_still_closes_its_record() {
        let (mut books, mut queue) = books();
        books.caller_said(&turn("Hello"), Duration::from_secs(4));
        drop(books);
        assert_eq!(written(&mut queue), ["0 Caller Hello", "ended broken"]);
    }
}
