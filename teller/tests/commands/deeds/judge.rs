//! The three promises, held against what the systems did, what is on record and what was told.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use database::{SessionId, ToolCallRepository};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    gate::{Gate, Post},
    matter::{Matter, ONCE, Word, bare},
};
use crate::support::cluster::Cluster;

/// What is wrong, a sentence each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Verdict {
    /// Told, and not on record.
    pub(crate) lost: Vec<String>,
    /// Done more often than the caller agreed to, or asked for again where that is not allowed.
    pub(crate) twice: Vec<String>,
    /// Told otherwise than it is.
    pub(crate) untrue: Vec<String>,
    /// Done without an intent on record, or recorded otherwise than it is.
    pub(crate) unrecorded: Vec<String>,
}

impl Verdict {
    pub(crate) fn extend(&mut self, other: Self) {
        self.lost.extend(other.lost);
        self.twice.extend(other.twice);
        self.untrue.extend(other.untrue);
        self.unrecorded.extend(other.unrecorded);
    }

    pub(crate) fn counts(&self) -> [usize; 4] {
        [&self.lost, &self.twice, &self.untrue, &self.unrecorded].map(Vec::len)
    }
}

/// Something that the systems did.
#[derive(Debug, Clone)]
struct Done {
    /// As the worker sent it.
    key: Uuid,
    reference: String,
}

/// A line of the systems' own file.
#[derive(Deserialize)]
struct Entry {
    key: Uuid,
    deed: String,
    answer: Value,
    changes: BTreeMap<String, String>,
}

/// A call of a deed on record, over all sessions that have it.
#[derive(Debug, Default)]
struct Row {
    outcomes: BTreeSet<String>,
    references: BTreeSet<String>,
}

/// Everything that is known when all lives are over.
pub(crate) struct Evidence {
    /// By deed and number.
    done: HashMap<(String, u32), Vec<Done>>,
    posts: Vec<Post>,
    /// By session.
    rows: HashMap<Uuid, HashMap<Uuid, Row>>,
    tickets: BTreeSet<String>,
}

impl Evidence {
    pub(crate) async fn of(
        cluster: &Cluster,
        ledger: &Path,
        gates: &[Gate],
        matters: &[Matter],
    ) -> Self {
        let mut done: HashMap<_, Vec<Done>> = HashMap::new();
        for line in std::fs::read_to_string(ledger).unwrap_or_default().lines() {
            let entry: Entry = serde_json::from_str(line).unwrap();
            // What was declined, or done before, changes nothing.
            let Some(changed) = entry.changes.keys().next() else {
                continue;
            };
            let number = changed.split('.').nth(1).unwrap().parse().unwrap();
            let sent = gates.iter().find_map(|gate| gate.sent(entry.key));
            done.entry((entry.deed, number)).or_default().push(Done {
                key: sent.unwrap_or(entry.key),
                reference: reference(&entry.answer).unwrap(),
            });
        }
        let calls = ToolCallRepository::new(&cluster.database());
        let mut rows: HashMap<_, HashMap<Uuid, Row>> = HashMap::new();
        for session in matters.iter().flat_map(Matter::sessions) {
            for call in calls.by_session(SessionId(session)).await.unwrap() {
                let of = rows.entry(session).or_default();
                let row = of.entry(call.idempotency_key).or_default();
                let outcome = call.outcome.map(|outcome| outcome.as_str().to_owned());
                row.outcomes.extend(outcome);
                row.references
                    .extend(call.result.as_ref().and_then(reference));
            }
        }
        let sql = "SELECT reference FROM callbacks";
        let tickets = cluster.sql().await.query(sql, &[]).await.unwrap();
        Self {
            done,
            posts: gates.iter().flat_map(Gate::posts).collect(),
            rows,
            tickets: tickets.iter().map(|row| row.get(0)).collect(),
        }
    }

    /// What the systems did about a matter.
    fn done(&self, matter: &Matter) -> &[Done] {
        let done = self.done.get(&(matter.deed().to_owned(), matter.number));
        done.map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn is_done(&self, matter: &Matter) -> bool {
        !self.done(matter).is_empty()
    }

    pub(crate) fn judge(&self, matter: &Matter) -> Verdict {
        let mut verdict = Verdict::default();
        let what = format!(
            "{} {} (killed: {:?}), of which was heard {:?}",
            matter.deed(),
            matter.number,
            matter.points,
            matter.heard
        );
        let done = self.done(matter);
        if done.len() > matter.consents() {
            verdict.twice.push(format!(
                "{what}: done as {done:?}, agreed to {} times",
                matter.consents()
            ));
        }
        for call in &matter.calls {
            let rows: Vec<(&Uuid, &Row)> = call
                .sessions
                .iter()
                .flat_map(|session| self.rows.get(session).into_iter().flatten())
                .collect();
            let own = |done: &&Done| rows.iter().any(|(key, _)| **key == done.key);
            self.judge_words(&call.words, done, &rows, &what, &mut verdict);
            if let Some(row) = done.iter().filter(own).find_map(|done| {
                rows.iter().find(|(key, row)| {
                    **key == done.key
                        && row
                            .outcomes
                            .iter()
                            .any(|kind| !matches!(&**kind, "success" | "unknown"))
                })
            }) {
                verdict
                    .unrecorded
                    .push(format!("{what}: done, and recorded as {row:?}"));
            }
        }
        let intents: BTreeSet<Uuid> = matter
            .sessions()
            .iter()
            .flat_map(|session| self.rows.get(session).into_iter().flat_map(HashMap::keys))
            .copied()
            .collect();
        let unrecorded = done.iter().filter(|done| !intents.contains(&done.key));
        let unrecorded = unrecorded.map(|done| format!("{what}: {done:?} has no intent on record"));
        verdict.unrecorded.extend(unrecorded);
        verdict
    }

    /// What was told in one call.
    fn judge_words(
        &self,
        words: &[Word],
        done: &[Done],
        rows: &[(&Uuid, &Row)],
        what: &str,
        verdict: &mut Verdict,
    ) {
        for word in words {
            match word {
                Word::Done(told) => {
                    let is =
                        |reference: &String| told.as_ref().is_none_or(|told| told == reference);
                    if !done.iter().any(|done| is(&done.reference)) {
                        verdict
                            .untrue
                            .push(format!("{what}: told {word:?}, done {done:?}"));
                    }
                    let has = |row: &Row| {
                        row.outcomes.contains("success") && row.references.iter().any(is)
                    };
                    if !rows.iter().any(|(_, row)| has(row)) {
                        verdict
                            .lost
                            .push(format!("{what}: told {word:?}, recorded {rows:?}"));
                    }
                }
                Word::NotDone => {
                    let own = |done: &&Done| rows.iter().any(|(key, _)| **key == done.key);
                    if let Some(done) = done.iter().find(own) {
                        verdict
                            .untrue
                            .push(format!("{what}: told that nothing was done, done {done:?}"));
                    }
                }
                Word::Unconfirmed(ticket) => {
                    if !self
                        .tickets
                        .iter()
                        .any(|known| known.starts_with(ticket.as_str()))
                    {
                        verdict
                            .lost
                            .push(format!("{what}: the ticket {ticket} is not on record"));
                    }
                }
            }
        }
    }

    /// A deed that no system recognises is asked for once under its key.
    pub(crate) fn asked_again(&self) -> Vec<String> {
        let mut keys = BTreeSet::new();
        let once = self.posts.iter().filter(|post| post.deed == ONCE);
        let again = once.filter(|post| !keys.insert(post.key));
        again
            .map(|post| format!("{post:?} was sent twice"))
            .collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.posts.len()
    }
}

fn reference(answer: &Value) -> Option<String> {
    Some(bare(answer.get("reference")?.as_str()?))
}
