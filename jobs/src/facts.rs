//! What callers say of themselves, read again from the record: whatever a killed worker did not note.

use std::sync::Arc;

use database::{
    Database, DatabaseError, FactRepository, Message, NewFact, Role, SealedFact, SessionId,
    keys::SessionKey,
};
use insight::facts::{Book, FactReader, Money};
use record::fact_rows;

/// Completes what is noted of callers. The same turns give the same facts: what is there stays as it is.
#[derive(Debug, Clone)]
pub struct Facts {
    facts: FactRepository,
    reader: Arc<FactReader>,
}

impl Facts {
    /// By the pack's keys.
    #[must_use]
    pub fn new(database: &Database, reader: Arc<FactReader>) -> Self {
        Self {
            facts: FactRepository::new(database),
            reader,
        }
    }

    /// What the turns of a call say. Of words whose key was destroyed nothing is read.
    pub(crate) fn read(&self, session: SessionId, messages: &[Message]) -> Vec<NewFact> {
        let mut book = Book::default();
        let mut rows = Vec::new();
        for message in messages.iter().filter(|message| message.role == Role::User) {
            let Some(text) = &message.content else {
                continue;
            };
            let heard = book.turn(text, &self.reader);
            let (seq, at) = (message.seq, message.created_at);
            rows.extend(fact_rows(session, seq, &heard.facts, &self.reader, at));
        }
        rows
    }

    /// Notes it, as far as it is not noted; how much was new.
    pub(crate) async fn keep(
        &self,
        facts: &[NewFact],
        key: &SessionKey,
    ) -> Result<usize, DatabaseError> {
        let sealed: Result<Vec<SealedFact>, _> = facts.iter().map(|fact| fact.seal(key)).collect();
        self.facts.insert(&sealed?).await
    }
}

/// What a pack remembers of its callers.
#[must_use]
pub fn fact_reader(pack: &knowledge::Pack) -> FactReader {
    let currency = pack.settings.currency.as_ref();
    let money = currency.map_or_else(Money::default, |currency| Money {
        code: currency.code.clone(),
        one: currency
            .one
            .clone()
            .unwrap_or_else(|| currency.spoken.clone()),
        many: currency.spoken.clone(),
        scales: pack
            .catalogue
            .as_ref()
            .map_or_else(Vec::new, |catalogue| catalogue.scales.clone()),
    });
    FactReader::new(pack.words.lexicon(), &pack.facts, money)
}
