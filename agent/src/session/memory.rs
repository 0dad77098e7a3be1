//! What is remembered of the caller, in a call: read from their turns, put on its way to the record, and joined with what
//! earlier calls learned once they have proved who they are.

use std::sync::Arc;

use call::SessionId;
use chrono::{DateTime, Utc};
use dialogue::Recall;
use insight::facts::{Book, FactReader, Forgotten, Heard, Known, Learned, Wish};
use record::{Recorder, fact_rows};

/// The memory of one call.
#[derive(Debug)]
pub(crate) struct Memory {
    reader: Arc<FactReader>,
    book: Book,
    /// What earlier calls learned.
    before: Vec<Learned>,
    /// What this one did: bounded by the book.
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

    /// What earlier calls learned of a caller who has proved who they are. Returns it as sentences, and whether nothing is
    /// to be offered to them.
    pub(crate) fn remember(&mut self, before: Vec<Learned>) -> (Vec<String>, bool) {
        let known = Known::of(&before, &self.reader, Utc::now());
        self.before = before;
        (known.spoken(&self.reader), known.sells_nothing)
    }

    /// What is known now, of this call alone where no proof brought more.
    fn known(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut known = Known::of(&self.before, &self.reader, now);
        for learned in &self.here {
            known.learn(&learned.fact, &self.reader);
        }
        known.spoken(&self.reader)
    }

    fn recall(&self, heard: &Heard, now: DateTime<Utc>) -> Option<Recall> {
        let label = |key: &String| {
            let declared = self.reader.declared(key)?;
            Some(format!("your {}", declared.label))
        };
        Some(match heard.wish.as_ref()? {
            Wish::Known => Recall::Known(self.known(now)),
            Wish::Asked => Recall::Asked,
            Wish::Told => Recall::Told,
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
