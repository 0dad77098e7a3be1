//! What is remembered of the caller, in a call: read from their turns, put on its way to the record, and joined with what
//! earlier calls learned once they have proved who they are.

use std::sync::Arc;

use call::SessionId;
use chrono::{DateTime, Utc};
use dialogue::Recall;
use insight::facts::{Book, Fact, FactReader, Forgotten, Heard, Known, Learned, What, Wish};
use record::{Recorder, fact_rows};

/// The memory of one call.
#[derive(Debug)]
pub(crate) struct Memory {
    reader: Arc<FactReader>,
    book: Book,
    /// What earlier calls learned.
    before: Vec<Learned>,
    /// What this one did: facts bounded by the book, wishes by the caller's turns.
    here: Vec<Learned>,
}

impl Memory {
    pub(crate) fn new(reader: Arc<FactReader>) -> Self {
        Self {
            reader,
            book: Book::default(),
            before: Vec::new(),
            here: Vec::new(),
        }
    }

    /// What a turn would wish if it were over now.
    pub(crate) fn would_wish(&self, text: &str) -> Option<Recall> {
        let heard = self.book.clone().turn(text, &self.reader);
        self.recall(&heard, Utc::now())
    }

    /// A finished turn of the caller: what it says of them goes behind its row. Returns what it wishes.
    pub(crate) fn hear(
        &mut self,
        text: &str,
        (session, seq): (SessionId, i32),
        at: DateTime<Utc>,
        recorder: &Recorder,
    ) -> Option<Recall> {
        let heard = self.book.turn(text, &self.reader);
        for row in fact_rows(session, seq, &heard.facts, &self.reader, at) {
            recorder.fact(row);
        }
        let learned = heard.facts.iter().map(|fact| Learned {
            fact: fact.clone(),
            at,
            until: None,
        });
        self.here.extend(learned);
        self.recall(&heard, at)
    }

    /// What earlier calls learned of a caller who has proved who they are. Returns whether nothing is to be offered to them:
    /// what they said of it last counts.
    pub(crate) fn remember(&mut self, before: Vec<Learned>) -> bool {
        self.before = before;
        self.known(Utc::now()).sells_nothing
    }

    /// What is known now, of this call alone where no proof brought more.
    fn known(&self, now: DateTime<Utc>) -> Known {
        self.with(now, |_| true)
    }

    /// What of earlier calls holds now: nothing that this call took back.
    fn known_before(&self, now: DateTime<Utc>) -> Known {
        self.with(now, |fact| fact.what != What::Holds)
    }

    fn with(&self, now: DateTime<Utc>, counts: impl Fn(&Fact) -> bool) -> Known {
        let mut known = Known::of(&self.before, &self.reader, now);
        for learned in self.here.iter().filter(|learned| counts(&learned.fact)) {
            known.learn(&learned.fact, &self.reader);
        }
        known
    }

    fn recall(&self, heard: &Heard, now: DateTime<Utc>) -> Option<Recall> {
        let label = |key: &String| {
            let declared = self.reader.declared(key)?;
            Some(self.reader.of_caller(&declared.label))
        };
        Some(match heard.wish.as_ref()? {
            Wish::Known => Recall::Known(self.known(now).spoken(&self.reader)),
            Wish::Asked => Recall::Asked,
            Wish::Told => Recall::Told(self.known_before(now).spoken(&self.reader)),
            Wish::Forget(Forgotten::Everything) => Recall::ForgotAll,
            Wish::Forget(Forgotten::Keys(keys)) => {
                Recall::Forgot(keys.iter().filter_map(label).collect())
            }
            Wish::Forget(Forgotten::Unclear) => Recall::ForgetWhat,
            Wish::SellNothing => Recall::SellNothing,
            Wish::SellAgain => Recall::SellAgain,
        })
    }
}
