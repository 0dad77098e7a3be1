//! Records into PostgreSQL. Every step may be repeated: what is there already stays as it is.

mod beside;

use std::{ops::Range, sync::Arc};

use database::{
    CallbackRepository, Database, DatabaseError, FactRepository, LeadEventRepository,
    LeftTaskRepository, MessageRepository, NewCallback, NewLeadEvents, RecordingRepository,
    SealedFact, SealedMessage, SessionId, SessionManager, StoredRecord, ToolCallRepository,
    TurnInsight, TurnInsightRepository, fail, keys::Keyring,
};

use insight::lead::of_promise;

use super::{AfterEnd, lead_events};
use beside::store;

/// Writes what the spool delivers.
#[derive(Debug, Clone)]
pub struct Writer {
    sessions: SessionManager,
    messages: MessageRepository,
    callbacks: CallbackRepository,
    tool_calls: ToolCallRepository,
    left_tasks: LeftTaskRepository,
    recordings: RecordingRepository,
    insights: TurnInsightRepository,
    leads: LeadEventRepository,
    facts: FactRepository,
    keys: Keyring,
    after_end: Arc<dyn AfterEnd>,
}

/// What became of some records that all were dealt with.
#[derive(Debug, Default)]
pub struct Written {
    /// Places of those that the database can never take as they are, and why.
    pub refused: Vec<(usize, String)>,
    /// Sessions that began, and whether their device or number was here before.
    pub opened: Vec<(SessionId, bool)>,
    /// Records under whose number another one is stored: an alarm. They are refused too.
    pub differing: usize,
}

impl Writer {
    /// Writes to this database.
    pub fn new(database: &Database, after_end: Arc<dyn AfterEnd>) -> Self {
        Self {
            sessions: SessionManager::new(database),
            messages: MessageRepository::new(database),
            callbacks: CallbackRepository::new(database),
            tool_calls: ToolCallRepository::new(database),
            left_tasks: LeftTaskRepository::new(database),
            recordings: RecordingRepository::new(database),
            insights: TurnInsightRepository::new(database),
            leads: LeadEventRepository::new(database),
            facts: FactRepository::new(database),
            keys: database.keys().clone(),
            after_end,
        }
    }

    /// Writes records in order; messages that follow one another, what is read in their turns, and what that counts for
    /// leads, in one statement each.
    /// `None` is a record that this version cannot read.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] or [`DatabaseError::Setup`]: some of them may be written;
    /// all are to be repeated.
    pub async fn write(&self, records: &[Option<StoredRecord>]) -> Result<Written, DatabaseError> {
        let mut written = Written::default();
        let mut at = 0;
        while at < records.len() {
            let turns = Turns::from_first(&records[at..], at);
            if turns.length == 0 {
                let result = self.write_one(records[at].as_ref(), &mut written).await;
                refuse(result, at, &mut written)?;
                at += 1;
            } else {
                self.insert(&turns.messages, &turns.places, &mut written)
                    .await?;
                store(&self.insights, &turns.insights, &mut written).await?;
                store(&self.leads, &turns.leads, &mut written).await?;
                store(&self.facts, &turns.facts, &mut written).await?;
                at += turns.length;
            }
        }
        Ok(written)
    }

    async fn write_one(
        &self,
        record: Option<&StoredRecord>,
        written: &mut Written,
    ) -> Result<(), DatabaseError> {
        match record {
            Some(StoredRecord::Started(start)) => {
                let key = start.key(&self.keys).map_err(|error| {
                    DatabaseError::Setup(format!("a session's key in the spool: {error}"))
                })?;
                let new = &start.session;
                let token = &start.summary_token;
                let opened = self.sessions.create_session(new, &key, token).await?;
                written.opened.push((new.id, opened.seen_before));
            }
            Some(StoredRecord::Callback(callback)) => self.promise(callback).await?,
            Some(StoredRecord::ToolCall(call)) => {
                self.tool_calls.begin(call).await?;
            }
            Some(StoredRecord::ToolOutcome(outcome)) => {
                self.tool_calls.finish(outcome).await?;
            }
            Some(StoredRecord::LeftTask(left)) => self.left_tasks.keep(left).await?,
            Some(StoredRecord::Sound(sound)) => self.recordings.keep(sound).await?,
            Some(StoredRecord::Ended(ended)) => {
                self.sessions
                    .end_session(ended.session, &ended.end, true)
                    .await?;
                self.after_end.ended(ended.session).await;
            }
            Some(
                StoredRecord::Message(_)
                | StoredRecord::TurnInsight(_)
                | StoredRecord::LeadEvents(_)
                | StoredRecord::Fact(_),
            ) => {}
            None => {
                return Err(DatabaseError::Invalid(
                    "written by another version of this program".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// A promise, and what it counts for a lead. What breaks off between them is repeated.
    async fn promise(&self, callback: &NewCallback) -> Result<(), DatabaseError> {
        self.callbacks.request(callback).await?;
        let happened = of_promise(callback.id, &callback.kind);
        match lead_events(callback.session, happened, callback.requested_at) {
            Some(new) => self.leads.insert(&[new]).await.map(drop),
            None => Ok(()),
        }
    }

    /// Messages in as few statements as possible: a batch that is refused is halved until the
    /// rows at fault are found.
    async fn insert(
        &self,
        messages: &[SealedMessage],
        places: &[usize],
        written: &mut Written,
    ) -> Result<(), DatabaseError> {
        if messages.is_empty() {
            return Ok(());
        }
        let whole: Range<usize> = 0..messages.len();
        let mut parts = Vec::from([whole]);
        while let Some(part) = parts.pop() {
            fail::point("before-commit");
            let inserted = self.messages.insert_batch(&messages[part.clone()]).await;
            fail::point("after-commit");
            match inserted {
                Ok(inserted) => {
                    for (session, seq) in inserted.differing {
                        written.differing += 1;
                        let same = |m: &SealedMessage| m.session_id == session && m.seq == seq;
                        if let Some(place) = messages[part.clone()].iter().position(same) {
                            let why = "another row is stored under this number".to_owned();
                            written.refused.push((places[part.start + place], why));
                        }
                    }
                }
                Err(DatabaseError::Invalid(why)) if part.len() == 1 => {
                    written.refused.push((places[part.start], why));
                }
                Err(DatabaseError::Invalid(_)) => {
                    let middle = part.start + part.len() / 2;
                    parts.push(middle..part.end);
                    parts.push(part.start..middle);
                }
                // Nothing of an erased person comes back, and nothing is set aside for it.
                Err(DatabaseError::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Messages that follow one another, what is read in their turns, and what that counts for leads.
#[derive(Debug, Default)]
struct Turns {
    messages: Vec<SealedMessage>,
    /// Where among all records each message is.
    places: Vec<usize>,
    /// With where each is.
    insights: Vec<(usize, TurnInsight)>,
    /// The same.
    leads: Vec<(usize, NewLeadEvents)>,
    facts: Vec<(usize, SealedFact)>,
    /// Records that these are.
    length: usize,
}

impl Turns {
    /// Those that `records` begin with; the first of them is the `at`-th of all.
    fn from_first(records: &[Option<StoredRecord>], at: usize) -> Self {
        let mut turns = Self::default();
        for record in records {
            let place = at + turns.length;
            match record {
                Some(StoredRecord::Message(message)) => {
                    turns.messages.push(message.clone());
                    turns.places.push(place);
                }
                Some(StoredRecord::TurnInsight(insight)) => {
                    turns.insights.push((place, insight.clone()));
                }
                Some(StoredRecord::LeadEvents(new)) => turns.leads.push((place, new.clone())),
                Some(StoredRecord::Fact(fact)) => turns.facts.push((place, fact.clone())),
                _ => break,
            }
            turns.length += 1;
        }
        turns
    }
}

/// What can never be stored is noted; what may be stored later goes back.
fn refuse(
    result: Result<(), DatabaseError>,
    at: usize,
    written: &mut Written,
) -> Result<(), DatabaseError> {
    match result {
        Err(DatabaseError::Invalid(why)) => {
            written.refused.push((at, why));
            Ok(())
        }
        // Nothing of an erased person comes back, and nothing is set aside for it.
        Err(DatabaseError::Erased) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use database::{
        NewFact, NewLeftTask, NewToolCall, NewToolOutcome, ToolOutcome, test_support::TestDatabase,
    };
    use serde_json::json;

    use super::super::{NothingAfterEnd, recognition::Recognitions, seal::Sealer};
    use super::*;

    /// What the spool would deliver of a call with one call of a tool.
    fn records(keys: &Keyring, session_id: SessionId) -> Vec<Option<StoredRecord>> {
        let mut sealer = Sealer::new(keys.clone(), Recognitions::default());
        let call = NewToolCall {
            session_id,
            idempotency_key: session_id.0,
            seq: 1,
            tool: "callback".into(),
            deed: true,
            arguments: json!({"when": "today"}),
            requested_at: Utc::now(),
        };
        let outcome = NewToolOutcome {
            session_id,
            idempotency_key: session_id.0,
            outcome: ToolOutcome::Success,
            result: json!({"ticket": 7}),
            finished_at: Utc::now(),
        };
        let start = sealer.start_in_place(session_id, Utc::now());
        let start = start.expect("random bytes").expect("the first");
        [
            start,
            sealer.tool_call(&call).expect("a key"),
            sealer.tool_outcome(&outcome).expect("a key"),
        ]
        .iter()
        .map(|sealed| StoredRecord::from_spool(&sealed.record.payload))
        .collect()
    }

    #[tokio::test]
    async fn a_tools_call_is_stored_once_however_often_the_spool_delivers_it() {
        let test = TestDatabase::new().await;
        let session = SessionId::new();
        let records = records(test.db.keys(), session);
        let writer = Writer::new(&test.db, Arc::new(NothingAfterEnd));
        for _ in 0..2 {
            let written = writer.write(&records).await.expect("the database is there");
            assert_eq!(written.refused, []);
        }
        let stored = ToolCallRepository::new(&test.db).by_session(session).await;
        let stored = stored.expect("the database is there");
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].arguments, Some(json!({"when": "today"})));
        assert_eq!(stored[0].outcome, Some(ToolOutcome::Success));
        assert_eq!(stored[0].result, Some(json!({"ticket": 7})));
    }

    #[tokio::test]
    async fn what_counts_for_a_lead_is_stored_once_with_the_turn_and_the_promise_that_it_is_of() {
        let test = TestDatabase::new().await;
        let session = SessionId::new();
        let mut sealer = Sealer::new(test.db.keys().clone(), Recognitions::default());
        let now = Utc::now();
        let start = sealer.start_in_place(session, now).expect("random bytes");
        let seen = insight::lead::Happened {
            cause: "turn:0:product_seen:cards".to_owned(),
            kind: insight::lead::LeadKind::ProductSeen,
            item: Some("cards".to_owned()),
            value: 1,
        };
        let ticket = NewCallback {
            kind: "complaint".to_owned(),
            ..NewCallback::new(SessionId::new().0, session, now)
        };
        let promise = NewCallback::new(session.0, session, now);
        let events = lead_events(session, [seen], now).expect("something happened");
        let sealed = [
            start.expect("the first"),
            sealer.lead_events(events),
            sealer.callback(ticket),
            sealer.callback(promise),
        ];
        let records: Vec<Option<StoredRecord>> = sealed
            .iter()
            .map(|sealed| StoredRecord::from_spool(&sealed.record.payload))
            .collect();
        let writer = Writer::new(&test.db, Arc::new(NothingAfterEnd));
        for _ in 0..2 {
            let written = writer.write(&records).await.expect("the database is there");
            assert_eq!(written.refused, []);
        }
        let stored = LeadEventRepository::new(&test.db).by_session(session).await;
        let stored = stored.expect("the database is there").into_iter();
        let causes: Vec<String> = stored.map(|event| event.cause).collect();
        let promise = format!("promise:{session}");
        assert_eq!(causes, [promise.as_str(), "turn:0:product_seen:cards"]);
    }

    #[tokio::test]
    async fn what_a_task_knew_is_there_after_whatever_the_spool_delivers_again() {
        let test = TestDatabase::new().await;
        let session = SessionId::new();
        let mut sealer = Sealer::new(test.db.keys().clone(), Recognitions::default());
        let now = Utc::now();
        let start = sealer.start_in_place(session, now).expect("random bytes");
        let mut sealed = vec![start.expect("the first")];
        for (at, card) in [(0, "debit"), (1, "credit")] {
            let kept_at = now + TimeDelta::seconds(at);
            let left = NewLeftTask {
                session_id: session,
                task: Some(("block_card".into(), json!({ "card": card }))),
                kept_at,
                expires_at: kept_at + TimeDelta::days(7),
            };
            sealed.push(sealer.left_task(&left).expect("a key"));
        }
        let records: Vec<Option<StoredRecord>> = sealed
            .iter()
            .map(|sealed| StoredRecord::from_spool(&sealed.record.payload))
            .collect();
        let writer = Writer::new(&test.db, Arc::new(NothingAfterEnd));
        for _ in 0..2 {
            let written = writer.write(&records).await.expect("the database is there");
            assert_eq!(written.refused, []);
        }
        let left = LeftTaskRepository::new(&test.db).by_session(session).await;
        let left = left.expect("the database is there").expect("it is left");
        assert_eq!(
            left.values,
            Some(json!({"card": "credit"})),
            "the last word"
        );
    }

    #[tokio::test]
    async fn a_fact_is_stored_once_and_one_that_no_table_takes_keeps_no_other_out() {
        let test = TestDatabase::new().await;
        let session = SessionId::new();
        let mut sealer = Sealer::new(test.db.keys().clone(), Recognitions::default());
        let now = Utc::now();
        let start = sealer.start_in_place(session, now).expect("random bytes");
        let mut sealed = vec![start.expect("the first")];
        let long = "x".repeat(10_000);
        for (place, value) in [(0, "500"), (1, long.as_str()), (2, "900")] {
            let fact = NewFact {
                session_id: session,
                seq: 0,
                place,
                key: "budget".into(),
                what: "holds".into(),
                value: Some(value.to_owned()),
                query: false,
                confidence: 90,
                source: "said".into(),
                learned_at: now,
                expires_at: None,
            };
            sealed.push(sealer.fact(&fact).expect("a key"));
        }
        let records: Vec<Option<StoredRecord>> = sealed
            .iter()
            .map(|sealed| StoredRecord::from_spool(&sealed.record.payload))
            .collect();
        let writer = Writer::new(&test.db, Arc::new(NothingAfterEnd));
        for _ in 0..2 {
            let written = writer.write(&records).await.expect("the database is there");
            let refused: Vec<usize> = written.refused.iter().map(|(at, _)| *at).collect();
            assert_eq!(refused, [2], "the one that is too long");
        }
        let stored = FactRepository::new(&test.db).by_session(session).await;
        let stored = stored.expect("the database is there");
        let values: Vec<_> = stored.iter().map(|fact| fact.value.as_deref()).collect();
        assert_eq!(values, [Some("500"), Some("900")], "both, the last counts");
    }
}
