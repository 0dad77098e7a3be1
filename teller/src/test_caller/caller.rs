//! The caller: one room, a player, a listener, and what was shown.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use livekit::{
    Room, RoomError, RoomOptions, SendTextOptions, SipDTMF,
    options::TrackPublishOptions,
    participant::ParticipantKind,
    prelude::{LocalAudioTrack, LocalTrack, PerformRpcData, TrackSource},
    webrtc::audio_source::RtcAudioSource,
};
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::task::TaskTracker;

use super::{
    CallReport, Clip, Identity, TurnReport,
    clip::PLAYER_RATE_HZ,
    listener::Listener,
    player::Player,
    report::Line,
    watch::{Shown, Watch},
};
use crate::config::LiveKitConfig;

/// How often a waiting step looks again.
const LOOK: Duration = Duration::from_millis(20);
/// Silence after which an agent that claims to listen has finished talking: longer than a pause between two of its
/// lines, shorter than its patience with a silent caller.
const SILENCE: Duration = Duration::from_millis(600);
/// The same where it has said nothing new since the caller spoke: it only finished what it was saying.
const LONG_SILENCE: Duration = Duration::from_secs(3);
/// Requests of which the server may miss all but one.
const ATTEMPTS: usize = 3;
/// Expectations on text wait this long: transcripts travel beside the audio.
const TEXT_PATIENCE: Duration = Duration::from_secs(15);

/// Why a call could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The room refused us.
    #[error("joining the room failed: {0}")]
    Room(#[from] RoomError),
    /// The keys cannot sign a token.
    #[error("the token could not be made: {0}")]
    Token(#[from] livekit_api::access_token::AccessTokenError),
}

/// A caller in a room.
#[derive(Debug)]
pub struct Caller {
    room: Option<Room>,
    name: String,
    phone: bool,
    player: Option<Player>,
    speaking: JoinHandle<Vec<i16>>,
    listener: Listener,
    shown: Arc<Mutex<Shown>>,
    began: Instant,
    said_at: Instant,
    /// Until when the agent's speech was waited for.
    waited_until: Instant,
    turns: Vec<(String, Instant)>,
}

impl Caller {
    /// Joins a room, publishes the microphone and begins to listen.
    ///
    /// # Errors
    /// When the server refuses.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own clock: it measures the agent"
    )]
    pub async fn join(
        livekit: &LiveKitConfig,
        room: &str,
        identity: &Identity,
        agent: &str,
    ) -> Result<Self, CallError> {
        let token = identity.token(livekit, room, agent)?;
        let began = Instant::now();
        let (joined, events) = Room::connect(&livekit.url, &token, RoomOptions::default()).await?;
        let tasks = TaskTracker::new();
        let (player, speak) = Player::open();
        let track = LocalAudioTrack::create_audio_track(
            "microphone",
            RtcAudioSource::Native(player.source.clone()),
        );
        let options = TrackPublishOptions {
            source: TrackSource::Microphone,
            ..Default::default()
        };
        let speaking = tasks.spawn(speak);
        joined
            .local_participant()
            .publish_track(LocalTrack::Audio(track), options)
            .await?;
        let (listener, shown) = (Listener::default(), Arc::new(Mutex::new(Shown::default())));
        let watch = Watch {
            listener: listener.clone(),
            shown: shown.clone(),
            own: identity.identity.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn(watch.run(events));
        Ok(Self {
            room: Some(joined),
            name: room.to_owned(),
            phone: identity.phone,
            player: Some(player),
            speaking,
            listener,
            shown,
            began,
            said_at: began,
            waited_until: began,
            turns: Vec::new(),
        })
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the agent or the server ended the call.
    pub fn is_over(&self) -> bool {
        self.room.is_none() || self.shown().over
    }

    /// Says a clip; returns when its last sound left the microphone.
    pub async fn say(&mut self, clip: Clip) {
        let clip = if self.phone { clip.narrow_band() } else { clip };
        self.mark();
        let words = clip.words.clone();
        let Some(player) = &self.player else { return };
        if let Ok(said) = player.say(clip).await.said.await {
            self.said_at = said.speech_ended;
            self.turns.push((words, said.speech_ended));
        }
    }

    fn mark(&mut self) {
        let mut shown = self.shown();
        shown.mark = shown.segments.len();
    }

    /// Says nothing.
    pub async fn pause(&mut self, pause: Duration) {
        sleep(pause).await;
    }

    /// Waits until the agent begins to speak, after the caller last spoke and after what was waited for.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_until_audible(&mut self, patience: Duration) -> anyhow::Result<()> {
        let since = self.said_at.max(self.waited_until);
        self.until(patience, "the agent did not speak", |caller| {
            caller.listener.began_after(since).is_some()
        })
        .await
    }

    /// Waits until the agent has spoken since the caller last did, and fell silent.
    ///
    /// # Errors
    /// When it does not in time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own clock: it measures the agent"
    )]
    pub async fn wait_for_agent(&mut self, patience: Duration) -> anyhow::Result<()> {
        let since = self.said_at;
        self.until(patience, "the agent did not answer", |caller| {
            let listener = &caller.listener;
            let quiet = listener.last().map(|last| last.elapsed());
            let answered = listener.began_after(since).is_some();
            let needed = if answered { SILENCE } else { LONG_SILENCE };
            let busy = |state: &String| state != "listening" && state != "idle";
            quiet.is_some_and(|quiet| quiet > needed)
                && listener.first_after(since).is_some()
                && !caller.shown().states.last().is_some_and(busy)
        })
        .await?;
        self.waited_until = Instant::now();
        Ok(())
    }

    /// Sends a chat message.
    ///
    /// # Errors
    /// When the room is gone.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own clock: it measures the agent"
    )]
    pub async fn type_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.mark();
        self.said_at = Instant::now();
        self.turns.push((text.to_owned(), self.said_at));
        // The room does not send back what was typed.
        let typed = format!("typed-{}", self.turns.len());
        self.shown()
            .segments
            .push((typed, "caller", text.to_owned()));
        let options = SendTextOptions::new_with_topic("lk.chat");
        self.room()?
            .local_participant()
            .send_text(text, options)
            .await?;
        Ok(())
    }

    /// Presses keys.
    ///
    /// # Errors
    /// When the room is gone.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own clock: it measures the agent"
    )]
    pub async fn dial(&mut self, keys: &str) -> anyhow::Result<()> {
        self.mark();
        for key in keys.chars() {
            let code = "0123456789*#ABCD".find(key).map_or(0, |code| code as u32);
            let dtmf = SipDTMF {
                code,
                digit: key.to_string(),
                destination_identities: Vec::new(),
            };
            self.room()?.local_participant().publish_dtmf(dtmf).await?;
            sleep(Duration::from_millis(150)).await;
        }
        self.said_at = Instant::now();
        Ok(())
    }

    /// A phone call is answered.
    ///
    /// # Errors
    /// When the server does not take the attribute.
    pub async fn become_active(&mut self) -> anyhow::Result<()> {
        let attributes = HashMap::from([("sip.callStatus".to_owned(), "active".to_owned())]);
        let local = self.room()?.local_participant();
        // On a busy machine the server's answer may come too late; asked again, nothing changes.
        for _ in 1..ATTEMPTS {
            if local.set_attributes(attributes.clone()).await.is_ok() {
                return Ok(());
            }
        }
        Ok(local.set_attributes(attributes).await?)
    }

    /// Calls a method of the agent.
    ///
    /// # Errors
    /// When there is no agent, or it answers with an error.
    pub async fn rpc(
        &mut self,
        method: &str,
        payload: &serde_json::Value,
    ) -> anyhow::Result<String> {
        let agent = self
            .room()?
            .remote_participants()
            .into_values()
            .find(|p| p.kind() == ParticipantKind::Agent)
            .ok_or_else(|| anyhow::anyhow!("there is no agent in the room"))?;
        let mut call = PerformRpcData::new(agent.identity(), method);
        call.payload = payload.to_string();
        self.room()?
            .local_participant()
            .perform_rpc(call)
            .await
            .map_err(|e| anyhow::anyhow!("{method}: {}", e.message))
    }

    /// The agent's words since the caller last spoke.
    ///
    /// # Errors
    /// When they do not contain `text` in time.
    pub async fn expect_agent(&mut self, text: &str) -> anyhow::Result<()> {
        self.expect("agent", text).await
    }

    /// The caller's own words as transcribed.
    ///
    /// # Errors
    /// When they do not contain `text` in time.
    pub async fn expect_caller(&mut self, text: &str) -> anyhow::Result<()> {
        self.expect("caller", text).await
    }

    async fn expect(&mut self, who: &str, text: &str) -> anyhow::Result<()> {
        let wanted = text.to_lowercase();
        let said = |caller: &Self| {
            let shown = caller.shown();
            let from = if who == "agent" {
                shown.mark
            } else {
                shown.mark.saturating_sub(1)
            };
            let lines: Vec<&str> = shown.segments[from..]
                .iter()
                .filter(|(_, side, _)| *side == who)
                .map(|(.., text)| text.as_str())
                .collect();
            lines.join(" ")
        };
        let met = self
            .until(TEXT_PATIENCE, "", |caller| {
                said(caller).to_lowercase().contains(&wanted)
            })
            .await;
        met.map_err(|_| anyhow::anyhow!("the {who} said `{}`, which lacks `{text}`", said(self)))
    }

    /// The agent must end the call.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn expect_end(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.until(patience, "the agent did not end the call", Self::is_over)
            .await
    }

    /// Leaves without a word to the server.
    pub fn vanish(&mut self) -> ! {
        std::process::abort();
    }

    /// Begins to say a clip and leaves without a word so long after its first sound.
    ///
    /// # Errors
    /// When the microphone is closed.
    pub async fn vanish_while_saying(&mut self, clip: Clip, after: Duration) -> anyhow::Result<()> {
        let Some(player) = &self.player else {
            anyhow::bail!("the microphone is closed");
        };
        player.say(clip).await.began.await?;
        sleep(after).await;
        self.vanish();
    }

    /// Hangs up and reports.
    ///
    /// # Errors
    /// When the recording cannot be written.
    pub async fn hang_up(
        mut self,
        failures: Vec<String>,
        record: Option<&Path>,
    ) -> anyhow::Result<CallReport> {
        let ended_by_agent = self.is_over();
        self.player = None;
        if let Some(room) = self.room.take() {
            drop(tokio::time::timeout(Duration::from_secs(3), room.close()).await);
        }
        let sent = self.speaking.await.unwrap_or_default();
        if let Some(path) = record {
            write_stereo(path, &sent, &self.listener.samples())?;
        }
        let since =
            |from: Instant, to: Instant| u64::try_from((to - from).as_millis()).unwrap_or(u64::MAX);
        let turns = self.turns.iter().enumerate().map(|(i, (said, ended))| {
            let next = self.turns.get(i + 1).map(|(_, next)| *next);
            let answer = self
                .listener
                .began_after(*ended)
                .filter(|at| next.is_none_or(|next| *at < next));
            TurnReport {
                said: said.clone(),
                speech_end_to_first_audio_ms: answer.map(|at| since(*ended, at)),
            }
        });
        let turns = turns.collect();
        let first = self
            .listener
            .began_after(self.began)
            .map(|at| since(self.began, at));
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(CallReport {
            room: self.name,
            join_to_first_audio_ms: first,
            turns,
            transcript: shown
                .segments
                .iter()
                .map(|(_, who, text)| Line {
                    who,
                    text: text.trim().to_owned(),
                })
                .collect(),
            agent_states: shown.states.clone(),
            ended_by_agent,
            failures,
        })
    }

    fn room(&self) -> anyhow::Result<&Room> {
        self.room
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("the call is over"))
    }

    async fn until(
        &mut self,
        patience: Duration,
        why: &str,
        done: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let look = async {
            while !done(self) {
                sleep(LOOK).await;
            }
        };
        let timed_out = tokio::time::timeout(patience, look).await.is_err();
        anyhow::ensure!(!timed_out, "{why} within {patience:?}");
        Ok(())
    }
}

fn write_stereo(path: &Path, left: &[i16], right: &[i16]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: PLAYER_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for i in 0..left.len().max(right.len()) {
        writer.write_sample(left.get(i).copied().unwrap_or_default())?;
        writer.write_sample(right.get(i).copied().unwrap_or_default())?;
    }
    Ok(writer.finalize()?)
}
