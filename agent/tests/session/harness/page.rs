//! The caller's page: shows what the session sends to it.

use std::time::Duration;

use agent::line::{Outgoing, OutputQueue};
use tokio::time::Instant;

/// What a page showed.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Every text, in order.
    pub(crate) texts: Vec<String>,
    /// What each finished reply cites.
    pub(crate) citations: Vec<Vec<String>>,
    /// The agent's states, each with its time since the scene began.
    pub(crate) states: Vec<(Duration, &'static str)>,
}

/// Shows everything until the session is over.
pub(super) async fn show(begun: Instant, mut queue: OutputQueue) -> Shown {
    let mut shown = Shown::default();
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            changed = queue.state.changed(), if !over => match changed {
                Ok(()) => {
                    let state = *queue.state.borrow_and_update();
                    let state = state.map(|state| (begun.elapsed(), state.as_str()));
                    shown.states.extend(state);
                }
                Err(_) => over = true,
            },
            // All senders are gone at once, and the last state was read before.
            text = queue.texts.recv() => match text {
                Some(Outgoing::AgentDone { citations, .. }) => shown.citations.push(citations),
                Some(text) => shown.texts.extend(line(text)),
                None => return shown,
            },
        }
    }
}

/// A text as a line of the page.
fn line(text: Outgoing) -> Option<String> {
    match text {
        Outgoing::CallerSaid { text, .. } => Some(format!("caller: {text}")),
        Outgoing::AgentSays { text, .. } => Some(format!("agent: {text}")),
        Outgoing::AgentDone { .. } => None,
    }
}
