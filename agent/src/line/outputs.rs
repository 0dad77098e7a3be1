//! What the session shows on the line: transcripts, the agent's state.
//!
//! Texts go through a bounded queue, so that speech never waits for a data channel; states through
//! a place that holds the newest alone, so that no text waits for the server's answer to a state.

use tokio::sync::{mpsc, watch};
use voice::turn::AgentState;

/// Half a minute of talk. When it is full the page misses a line of transcript;
/// the record does not, and speech goes on.
const QUEUE: usize = 64;

/// One text for the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// What the caller said, attributed to the caller.
    CallerSaid {
        /// Same for all texts of one utterance.
        segment: String,
        /// The whole text so far.
        text: String,
        /// No more texts will follow for this segment.
        is_final: bool,
    },
    /// A sentence of the agent begins to be heard.
    AgentSays {
        /// Same for all sentences of one reply.
        segment: String,
        /// The sentence.
        text: String,
    },
    /// The reply of this segment is over.
    AgentDone {
        /// The reply.
        segment: String,
        /// The titles of what it rests on, as its written form cites them: `[1]` is the first. Spoken is none of them.
        citations: Vec<String>,
    },
}

/// The way to the page; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outputs {
    texts: mpsc::Sender<Outgoing>,
    state: watch::Sender<Option<AgentState>>,
}

/// The end of [`Outputs`] that whoever provides the line empties.
#[derive(Debug)]
pub struct OutputQueue {
    /// In order.
    pub texts: mpsc::Receiver<Outgoing>,
    /// The newest.
    pub state: watch::Receiver<Option<AgentState>>,
}

impl Outputs {
    /// Both ends.
    #[must_use]
    pub fn new() -> (Self, OutputQueue) {
        let (texts, text_queue) = mpsc::channel(QUEUE);
        let (state, newest) = watch::channel(None);
        let queue = OutputQueue {
            texts: text_queue,
            state: newest,
        };
        (Self { texts, state }, queue)
    }

    /// Queues one text; never waits.
    pub fn send(&self, text: Outgoing) {
        if self.texts.try_send(text).is_err() {
            tracing::warn!(
                "the room's text queue is full or closed; a transcript line is not shown"
            );
        }
    }

    /// Shows a state; an older one that was not shown yet is skipped.
    pub fn set_state(&self, state: AgentState) {
        self.state.send_replace(Some(state));
    }
}
