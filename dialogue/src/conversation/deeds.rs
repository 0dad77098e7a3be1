//! What tools did in this conversation: what is said to be done has its row here.

use std::collections::BTreeSet;

use tools::{Outcome, Request};

use super::ToolCallId;

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
