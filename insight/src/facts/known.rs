//! What is known of a person now, from everything that was ever learned of them.

use chrono::{DateTime, Utc};

use super::{EVERYTHING, Fact, FactReader, OFF, SELLING, What};

/// A fact as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// What.
    pub fact: Fact,
    /// When.
    pub at: DateTime<Utc>,
    /// It does not count from then on; `None`: it always does.
    pub until: Option<DateTime<Utc>>,
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Keys and values, the one learned last at the end.
    values: Vec<(String, String)>,
    /// Nothing is to be sold to them.
    pub sells_nothing: bool,
}

impl Known {
    /// From turns in any order, the facts of each in theirs, as of `now`: of a key the newest counts, of one with several values the newest of each.
    #[must_use]
    pub fn of(facts: &[Learned], reader: &FactReader, now: DateTime<Utc>) -> Self {
        let mut in_order: Vec<&Learned> = facts.iter().collect();
        in_order.sort_by_key(|learned| learned.at);
        let mut known = Self::default();
        for learned in in_order {
            if learned.until.is_none_or(|until| until > now) {
                known.learn(&learned.fact, reader);
            }
        }
        known
    }

    /// One more, learned last.
    pub fn learn(&mut self, fact: &Fact, reader: &FactReader) {
        let key = fact.key.as_str();
        if key == SELLING {
            self.sells_nothing = fact.value.as_deref() == Some(OFF);
            return;
        }
        match (fact.what, &fact.value) {
            (What::Forgotten, _) if key == EVERYTHING => self.values.clear(),
            (What::Forgotten, _) => self.values.retain(|(known, _)| known != key),
            (What::Denied, Some(value)) => self
                .values
                .retain(|(known, held)| known != key || held != value),
            (What::Holds, Some(value)) => {
                let many = reader.holds_many(key);
                self.values
                    .retain(|(known, held)| known != key || (many && held != value));
                self.values.push((key.to_owned(), value.clone()));
            }
            (What::Holds | What::Denied, None) => {}
        }
    }

    /// Keys and values, in the order in which they were learned.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.values.iter();
        values.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// What is known, as it is spoken, in the pack's order.
    #[must_use]
    pub fn spoken(&self, reader: &FactReader) -> Vec<String> {
        reader.spoken(self)
    }
}
