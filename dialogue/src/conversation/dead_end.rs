//! A talk that leads nowhere: a person is offered, and in the end the call is over.

use super::{Conversation, Step};
use crate::{Awaiting, CallAction, ReplyMeta};

/// Useless turns in a row after which a person is offered.
const OFFERED_AFTER: u32 = 3;
/// Useless turns in a row after which the agent takes its leave.
const OVER_AFTER: u32 = 7;
/// What one refusal of the company's systems counts for: two in a row are as bad as three useless turns.
const REFUSAL: u32 = 2;

/// How the last replies went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeadEnd {
    useless: u32,
    /// The reply under way says that another system declined.
    is_refused: bool,
    /// A person was offered for it.
    was_offered: bool,
}

impl DeadEnd {
    /// Another system declined.
    pub(super) fn refused(&mut self) {
        self.useless += REFUSAL;
        self.is_refused = true;
    }

    /// A person was offered, for this or for something else: it is not done again.
    pub(super) fn offered(&mut self) {
        self.was_offered = true;
    }

    /// Whether a person was offered for it.
    pub(super) fn was_offered(&self) -> bool {
        self.was_offered
    }

    fn count(&mut self, meta: &ReplyMeta) {
        let is_refused = std::mem::take(&mut self.is_refused);
        // What only asks, or answers an offer, neither helps nor fails to.
        let is_neutral =
            meta.model == "question" || matches!(&*meta.route, "repeat" | "affirm" | "deny");
        if meta.is_useless() {
            self.useless += 1;
        } else if !is_refused && !is_neutral {
            *self = Self::default();
        }
    }
}

impl Conversation {
    /// Counts a reply that is complete; behind the third useless one a person is offered.
    pub(super) fn way_out(
        &mut self,
        meta: &mut ReplyMeta,
        asks: Awaiting,
        steps: &mut Vec<Step>,
    ) -> Awaiting {
        self.dead_end.count(meta);
        let now = self.dead_end.useless;
        if asks != Awaiting::None || meta.action.is_some() {
            return asks;
        }
        if now >= OVER_AFTER && meta.model == "pack" {
            let line = self.base.pack().settings.lines.goodbye.clone();
            steps.extend(knowledge::sentences(&line).into_iter().map(Step::Say));
            // A television speaks into every farewell; a caller who had something to say would have been answered.
            meta.action = Some(if now == OVER_AFTER {
                CallAction::HangUp
            } else {
                CallAction::Leave
            });
            return asks;
        }
        if now >= OFFERED_AFTER && !self.dead_end.was_offered {
            self.dead_end.was_offered = true;
            let offer = self.offer_person();
            steps.extend(knowledge::sentences(&offer.text).into_iter().map(Step::Say));
            return offer.awaiting;
        }
        asks
    }
}

impl ReplyMeta {
    /// It helped nobody: nothing was understood, or nothing is known. However a model words that, a person is offered; but
    /// a talk that a model keeps up is not ended.
    #[must_use]
    pub fn is_useless(&self) -> bool {
        let is_lost = matches!(&*self.route, "unclear" | "out_of_scope");
        let is_unknown = self.route == "knowledge" && self.sources.is_empty();
        is_lost || (is_unknown && self.model == "pack")
    }
}
