//! Carries what the session shows into the room. Conventions: text streams on `lk.transcription`
//! and the attribute `lk.agent.state`, as LiveKit's stock front-ends read them.

use std::{collections::HashMap, time::Duration};

use livekit::{
    Room, StreamTextOptions, StreamWriter as _, TextStreamWriter, prelude::LocalParticipant,
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::task::TaskTracker;
use voice::turn::AgentState;

use crate::line::{Outgoing, OutputQueue};

const TOPIC: &str = "lk.transcription";
/// What a reply rests on: titles in JSON, in the stream's last packet.
const CITATIONS: &str = "teller.citations";
/// The client misses an answer that arrives before it listens for it, and then waits
/// for seconds. The state holds all the same, so the next one need not wait as long.
const STATE_PATIENCE: Duration = Duration::from_millis(500);

/// Starts the tasks that carry texts and states, each without waiting for the other.
pub(super) fn start(
    room: &Room,
    queue: OutputQueue,
    track_sid: String,
    caller: String,
    tasks: &TaskTracker,
) {
    let local = room.local_participant();
    tasks.spawn(show_states(local.clone(), queue.state));
    let writer = Writer {
        local,
        caller,
        track_sid,
        open: HashMap::new(),
    };
    tasks.spawn(writer.run(queue.texts));
}

/// Shows the room the newest state until nobody sets one any more.
async fn show_states(local: LocalParticipant, mut states: watch::Receiver<Option<AgentState>>) {
    while states.changed().await.is_ok() {
        let state = *states.borrow_and_update();
        let Some(state) = state else { continue };
        if let Ok(Err(error)) = timeout(STATE_PATIENCE, show(&local, state)).await {
            tracing::debug!(%error, "the room did not take a state");
        }
    }
}

async fn show(local: &LocalParticipant, state: AgentState) -> livekit::RoomResult<()> {
    let attributes = HashMap::from([("lk.agent.state".to_owned(), state.as_str().to_owned())]);
    local.set_attributes(attributes).await
}

struct Writer {
    local: LocalParticipant,
    caller: String,
    track_sid: String,
    open: HashMap<String, TextStreamWriter>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) {
        while let Some(first) = queue.recv().await {
            if let Err(error) = self.write(first).await {
                tracing::debug!(%error, "the room did not take a text");
            }
        }
    }

    async fn write(&mut self, outgoing: Outgoing) -> anyhow::Result<()> {
        match outgoing {
            Outgoing::CallerSaid {
                segment,
                text,
                is_final,
            } => self.caller_said(segment, text, is_final).await,
            Outgoing::AgentSays { segment, text } => {
                if !self.open.contains_key(&segment) {
                    let stream = self
                        .local
                        .stream_text(self.options(&segment, false))
                        .await?;
                    self.open.insert(segment.clone(), stream);
                }
                let stream = &self.open[&segment];
                Ok(stream.write(&format!("{text} ")).await?)
            }
            Outgoing::AgentDone { segment, citations } => {
                let Some(stream) = self.open.remove(&segment) else {
                    return Ok(());
                };
                let mut done =
                    HashMap::from([("lk.transcription_final".to_owned(), "true".to_owned())]);
                // Not in the text itself: that is what is heard, word for word.
                if !citations.is_empty() {
                    let citations = serde_json::to_string(&citations)?;
                    done.insert(CITATIONS.to_owned(), citations);
                }
                Ok(stream.close_with_options(None, Some(done)).await?)
            }
        }
    }

    async fn caller_said(
        &self,
        segment: String,
        text: String,
        is_final: bool,
    ) -> anyhow::Result<()> {
        let options = self
            .options(&segment, is_final)
            .with_sender_identity(self.caller.clone());
        let stream = self.local.stream_text(options).await?;
        stream.write(&text).await?;
        Ok(stream.close().await?)
    }

    fn options(&self, segment: &str, is_final: bool) -> StreamTextOptions {
        StreamTextOptions::new_with_topic(TOPIC)
            .with_attribute("lk.segment_id", segment)
            .with_attribute(
                "lk.transcription_final",
                if is_final { "true" } else { "false" },
            )
            .with_attribute("lk.transcribed_track_id", self.track_sid.clone())
    }
}
