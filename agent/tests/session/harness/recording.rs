//! Reads the recorder's queue as the record's thread would, without a disk or a database.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use call::{SessionId, Speaker};
use insight::{
    lead::{AgentTurn, of_agent, of_caller},
    moment::of_call,
    turn::{Reply, TurnText},
};
use record::{
    Acknowledged, MessageRow, NewCallback, NewFact, NewLeadEvents, Record, RecordQueue, SessionEnd,
    TurnInsight, lead_events, turn_insight,
};
use tokio::{sync::oneshot, time::sleep};

use super::words;

/// How long the disk takes at most.
const DISK: Duration = Duration::from_millis(10);

/// What a call left on record.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Every row, in order.
    pub(crate) rows: Vec<MessageRow>,
    /// What was kept, a line a record, in order.
    pub(crate) lines: Vec<String>,
    /// How the call ended.
    pub(crate) end: Option<SessionEnd>,
    /// Whom to call back.
    pub(crate) callbacks: Vec<NewCallback>,
    /// Segments of a recording.
    pub(crate) sounds: usize,
    /// What the caller's turns say.
    pub(crate) insights: Vec<TurnInsight>,
    /// What its turns count for a lead.
    pub(crate) leads: Vec<NewLeadEvents>,
    /// What they say of the caller.
    pub(crate) facts: Vec<NewFact>,
    started: usize,
    /// Neither disk nor database takes what is waited for.
    nothing_is_kept: bool,
}

/// The queue while the call lasts; clones share it.
#[derive(Clone)]
pub(super) struct Recording(Arc<Mutex<State>>);

struct State {
    queue: RecordQueue,
    kept: Kept,
    recognised: Option<oneshot::Sender<bool>>,
}

impl Recording {
    pub(super) fn start(queue: RecordQueue, nothing_is_kept: bool) -> Self {
        let kept = Kept {
            nothing_is_kept,
            ..Kept::default()
        };
        Self(Arc::new(Mutex::new(State {
            queue,
            kept,
            recognised: None,
        })))
    }

    /// Takes records as the disk would, as long as it runs.
    pub(super) async fn keep(self) {
        loop {
            drop(self.read());
            sleep(DISK).await;
        }
    }

    /// Answers whether the caller was here before.
    pub(super) fn recognise(&self, seen_before: bool) {
        if let Some(answer) = self.read().recognised.take() {
            // Too late for a greeting that is on its way.
            answer.send(seen_before).unwrap_or_default();
        }
    }

    /// All that was kept. Fails on what no call may leave: see [`Kept::check`].
    pub(super) fn finish(&self) -> Kept {
        let kept = std::mem::take(&mut self.read().kept);
        kept.check();
        kept
    }

    fn read(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().expect("nobody panicked");
        while let Some(mut record) = state.queue.try_take() {
            if let Record::Started(start) = &mut record {
                state.recognised = start.recognised.take();
            }
            state.kept.add(record);
        }
        state
    }
}

impl Kept {
    fn add(&mut self, record: Record) {
        assert!(
            self.end.is_none(),
            "after the end of the call came {record:?}"
        );
        match record {
            Record::Started(_) => self.started += 1,
            Record::Message(row, _) => {
                let cut = if row.interrupted { " --" } else { "" };
                let who = row.speaker.as_str();
                self.lines
                    .push(format!("{} {who}: {}{cut}", row.seq, row.content));
                self.rows.push(*row);
            }
            // The record knows a callback by its id: the same one once more changes nothing.
            Record::Callback(callback, waiting) => {
                self.acknowledge(waiting, callback.session);
                if self.callbacks.iter().all(|kept| kept.id != callback.id) {
                    self.lines.push("callback".to_owned());
                    self.callbacks.push(callback);
                }
            }
            Record::ToolCall(call, waiting) => {
                self.acknowledge(waiting, call.session_id);
                self.lines
                    .push(format!("tool {} for {}", call.tool, call.seq));
            }
            Record::ToolOutcome(outcome, waiting) => {
                self.acknowledge(waiting, outcome.session_id);
                self.lines
                    .push(format!("tool {}", outcome.outcome.as_str()));
            }
            Record::Ended(end) => {
                self.lines.push(format!("ended {}", end.ending.as_str()));
                self.end = Some(end);
            }
            Record::TurnInsight(insight) => self.insights.push(*insight),
            Record::LeadEvents(events) => self.leads.push(events),
            // What a task knows is nobody's turn.
            Record::LeftTask(_) => {}
            Record::Fact(fact) => self.facts.push(*fact),
            Record::Sound(_) => self.sounds += 1,
            Record::Flush(_) | Record::Close => panic!("a call does not stop the record"),
        }
    }

    /// The record is kept. Not everybody waits for that.
    fn acknowledge(&self, waiting: oneshot::Sender<Acknowledged>, session: SessionId) {
        let acknowledged = Acknowledged {
            session,
            seq: -1,
            hash: None,
        };
        if !self.nothing_is_kept {
            waiting.send(acknowledged).unwrap_or_default();
        }
    }

    /// Every turn of the caller was read once, and is read the same again from what was kept.
    fn check_insights(&self) {
        let turns: Vec<(TurnText, bool)> = self.rows.iter().map(turn_text).collect();
        let again = of_call(&turns, &words::trade());
        let again: Vec<TurnInsight> = again
            .iter()
            .zip(&self.insights)
            .map(|((seq, moment), kept)| turn_insight(kept.session_id, *seq, moment, kept.made_at))
            .collect();
        assert_eq!(self.insights, again, "what turns say");
        let callers = self
            .rows
            .iter()
            .filter(|row| row.speaker == Speaker::Caller);
        assert_eq!(self.insights.len(), callers.count(), "a turn was not read");
    }

    /// What turns count for a lead was noted as they came, and is counted the same again from what was kept.
    fn check_leads(&self) {
        let turns: Vec<(TurnText, bool)> = self.rows.iter().map(turn_text).collect();
        let trade = words::trade();
        let moments = of_call(&turns, &trade);
        let again = self.rows.iter().filter_map(|row| {
            let kept = |key: &str| row.meta.get(key).and_then(|value| value.as_str());
            let sources = row.meta.get("sources").and_then(|all| all.as_array());
            let cited = sources.into_iter().flatten();
            let told = AgentTurn {
                seq: row.seq,
                deed: kept("route").filter(|_| kept("model") == Some("deed")),
                intent: row.intent.as_deref(),
                sources: cited.filter_map(|one| one["source"].as_str()).collect(),
            };
            let moment = moments.iter().find(|(seq, _)| *seq == row.seq);
            let said = moment.map(|(seq, moment)| of_caller(*seq, moment, &trade));
            let at = self.leads.first()?.happened_at;
            let all = said.unwrap_or_else(|| of_agent(&told, &trade));
            lead_events(row.session, all, at)
        });
        let again: Vec<_> = again.map(|new| new.events).collect();
        let noted: Vec<_> = self.leads.iter().map(|new| new.events.clone()).collect();
        assert_eq!(noted, again, "what counts for a lead");
    }

    /// What holds for every call: it starts once, ends once and last, numbers its rows without a
    /// gap, and no row ends before it begins.
    fn check(&self) {
        assert_eq!(self.started, 1, "a call starts once");
        self.check_insights();
        self.check_leads();
        assert!(self.end.is_some(), "the record of the call was not closed");
        for (place, row) in self.rows.iter().enumerate() {
            assert_eq!(
                usize::try_from(row.seq).ok(),
                Some(place),
                "the rows are not numbered without gaps: {:#?}",
                self.lines
            );
            assert!(
                row.started_ms <= row.ended_ms,
                "a row ends before it begins: {row:#?}"
            );
            assert!(!row.content.trim().is_empty(), "an empty row: {row:#?}");
        }
    }
}

/// A kept turn as it is read again, and whether it was typed.
fn turn_text(row: &MessageRow) -> (TurnText, bool) {
    let kept = |key: &str| row.meta[key].as_str();
    let sources = row.meta["sources"].as_array();
    let has_sources = sources.is_some_and(|sources| !sources.is_empty());
    let reply = || {
        let kind = kept("kind").unwrap_or_default();
        let made_by = kept("model").unwrap_or_default();
        Reply::of(kind, kept("route"), made_by, has_sources)
    };
    let turn = TurnText {
        seq: row.seq,
        speaker: row.speaker,
        text: row.content.clone(),
        intent: None,
        interrupted: row.interrupted,
        has_sources,
        reply: (row.speaker == Speaker::Agent).then(reply).flatten(),
        deed: None,
        meaning: None,
    };
    (turn, row.meta["typed"].as_bool().unwrap_or_default())
}
