//! What tools did in this conversation: what is said to be done has its row here.

use std::collections::BTreeSet;

use tools::{Outcome, Request};

use super::{Conversation, Purpose, Reply, Step, ToolCallId};

/// Calls of tools that leave something behind.
#[derive(Debug, Clone, Default)]
pub(super) struct Deeds {
    under_way: Vec<(ToolCallId, String)>,
    done: BTreeSet<String>,
}

impl Deeds {
    /// A deed is asked for.
    pub(super) fn asked(&mut self, id: ToolCallId, request: &Request) {
        self.under_way.push((id, request.tool.clone()));
    }

    /// A call ended; others than deeds are not known here.
    pub(super) fn ended(&mut self, id: ToolCallId, outcome: &Outcome) {
        let Some(at) = self.under_way.iter().position(|(call, _)| *call == id) else {
            return;
        };
        let (_, tool) = self.under_way.swap_remove(at);
        if outcome.is_success() {
            self.done.insert(tool);
        }
    }

    /// The names of the tools that did what they are for.
    pub(super) fn done(&self) -> impl Iterator<Item = String> {
        self.done.iter().cloned()
    }
}

impl Conversation {
    /// A tool of the reply under way has ended.
    pub(super) fn on_tool(&mut self, done: ToolCallId, outcome: Outcome, steps: &mut Vec<Step>) {
        self.deeds.ended(done, &outcome);
        match self.take_reply() {
            Reply::Calling { id, purpose, meta } if id == done => {
                let (beside, (fixed, meta)) = match purpose {
                    Purpose::LookUp(mut asked) => {
                        let beside = asked.take_beside();
                        (beside, self.looked_up(&asked, outcome, meta))
                    }
                    Purpose::Callback => (None, (self.called_back(&outcome), meta)),
                    Purpose::Options => return self.on_options(&outcome, meta, steps),
                    Purpose::Task => return self.on_deed(&outcome, meta, steps),
                    Purpose::Notice(running, found) => {
                        return self.on_notice(&outcome, *running, &found, meta, steps);
                    }
                    Purpose::Unconfirmed => return self.on_unconfirmed(&outcome, meta, steps),
                };
                self.say_with(fixed, beside, meta, steps);
            }
            // Of a reply that is over.
            other => self.reply = other,
        }
    }
}
