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

    /// The rows of these sessions.
    fn rows<'a>(
        &'a self,
        sessions: impl IntoIterator<Item = &'a Uuid>,
    ) -> Vec<(&'a Uuid, &'a Row)> {
        let rows = sessions
            .into_iter()
            .filter_map(|session| self.rows.get(session));
        rows.flatten().collect()
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
        let (done, agreed) = (self.done(matter), matter.consents());
        if done.len() > agreed {
            let twice = format!("{what}: done as {done:?}, agreed to {agreed} times");
            verdict.twice.push(twice);
        }
        for call in &matter.calls {
            let rows = self.rows(&call.sessions);
            for word in &call.words {
                self.judge_word(word, done, &rows, &what, &mut verdict);
            }
        }
        let rows = self.rows(matter.calls.iter().flat_map(|call| &call.sessions));
        for done in done {
            let mut own = rows.iter().filter(|(key, _)| **key == done.key).peekable();
            if own.peek().is_none() {
                let unrecorded = format!("{what}: {done:?} has no intent on record");
                verdict.unrecorded.push(unrecorded);
            }
            let open = |kind: &String| matches!(&**kind, "success" | "unknown");
            if let Some((_, row)) = own.find(|(_, row)| !row.outcomes.iter().all(open)) {
                let otherwise = format!("{what}: {done:?} is recorded as {row:?}");
                verdict.unrecorded.push(otherwise);
            }
        }
        verdict
    }

    /// What was told in one call, which has these rows.
    fn judge_word(
        &self,
        word: &Word,
        done: &[Done],
        rows: &[(&Uuid, &Row)],
        what: &str,
        verdict: &mut Verdict,
    ) {
        match word {
            Word::Done(told) => {
                let is = |reference: &String| told.as_ref().is_none_or(|told| told == reference);
                if !done.iter().any(|done| is(&done.reference)) {
                    let untrue = format!("{what}: told {word:?}, done {done:?}");
                    verdict.untrue.push(untrue);
                }
                let has =
                    |row: &Row| row.outcomes.contains("success") && row.references.iter().any(is);
                if !rows.iter().any(|(_, row)| has(row)) {
                    let lost = format!("{what}: told {word:?}, recorded {rows:?}");
                    verdict.lost.push(lost);
                }
            }
            Word::NotDone => {
                let own = |done: &&Done| rows.iter().any(|(key, _)| **key == done.key);
                if let Some(done) = done.iter().find(own) {
                    let untrue = format!("{what}: told that nothing was done, done {done:?}");
                    verdict.untrue.push(untrue);
                }
            }
            Word::Unconfirmed(ticket) => {
                let is = |known: &String| known.starts_with(ticket.as_str());
                if !self.tickets.iter().any(is) {
                    let lost = format!("{what}: the ticket {ticket} is not on record");
                    verdict.lost.push(lost);
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
