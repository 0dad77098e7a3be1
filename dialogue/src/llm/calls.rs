//! Calls of functions, put together from the pieces in which they are streamed, side by side.

use std::collections::BTreeMap;

use async_openai::types::chat::ChatCompletionMessageToolCallChunk;

use crate::conversation::ModelCall;

/// Calls of one message, and bytes of their arguments, at most.
const MAX_CALLS: usize = 16;
const MAX_BYTES: usize = 32 * 1024;

/// The calls of a message while it arrives.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// By their place in the message.
    calls: BTreeMap<u32, ModelCall>,
    bytes: usize,
}

impl Calls {
    /// Adds a piece. `false`: it is too much.
    pub(super) fn push(&mut self, piece: ChatCompletionMessageToolCallChunk) -> bool {
        let call = self.calls.entry(piece.index).or_default();
        if let Some(id) = piece.id.filter(|_| call.id.is_empty()) {
            self.bytes += id.len();
            call.id = id;
        }
        if let Some(function) = piece.function {
            let name = function.name.unwrap_or_default();
            let arguments = function.arguments.unwrap_or_default();
            self.bytes += name.len() + arguments.len();
            call.name += &name;
            call.arguments += &arguments;
        }
        self.calls.len() <= MAX_CALLS && self.bytes <= MAX_BYTES
    }

    /// All calls, if there are any; each has an id.
    pub(super) fn take(&mut self) -> Option<Vec<ModelCall>> {
        let calls = std::mem::take(&mut self.calls);
        if calls.is_empty() {
            return None;
        }
        let calls = calls.into_iter().map(|(place, mut call)| {
            if call.id.is_empty() {
                call.id = format!("call_{place}");
            }
            call
        });
        Some(calls.collect())
    }
}
