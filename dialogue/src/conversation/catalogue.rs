//! Turns that the pack's catalogue answers.

use knowledge::{Ask, Citation, Last};

use super::{CONTEXT_TURNS, Conversation, Step};
use crate::{Origin, ReplyMeta, Source};

impl Conversation {
    /// What was offered last, if the conversation is still near it; a turn older.
    pub(super) fn last_offer(&mut self) -> Option<Last> {
        let (last, age) = self.subject.offered.as_mut()?;
        last.is_fresh = *age == 0;
        *age += 1;
        if *age > CONTEXT_TURNS {
            self.subject.offered = None;
        }
        let (last, _) = self.subject.offered.as_ref()?;
        Some(last.clone())
    }

    /// Says the rows that an ask finds, and remembers them: the next turn may lean on them.
    pub(super) fn offer_rows(
        &mut self,
        ask: &Ask,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> ReplyMeta {
        let last = self.subject.offered.take().map(|(last, _)| last);
        let Some(offer) = self.base.offer(ask, last.as_ref()) else {
            return meta;
        };
        self.subject.offered = Some((offer.last, 0));
        let sources = offer.sources.into_iter().map(source_of_row);
        steps.extend(offer.sentences.into_iter().map(Step::Say));
        ReplyMeta {
            intent: Some(ask.table.clone()),
            model: "extractive".to_owned(),
            sources: sources.collect(),
            ..meta
        }
    }
}

/// A row that an answer rests on.
pub(super) fn source_of_row(row: Citation) -> Source {
    Source {
        source: row.source,
        title: row.title,
        score: 1.0,
        origin: Origin::Pack,
    }
}
