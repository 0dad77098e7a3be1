//! The agent watcher: the LiveKit server never retries a dispatch that found
//! no worker, so a caller could wait for ever. One worker looks for such rooms.

use std::sync::Arc;
use std::time::Duration;

use livekit_api::services::ServiceError;
use livekit_api::services::agent_dispatch::AgentDispatchClient;
use livekit_api::services::room::RoomClient;
use livekit_protocol::CreateAgentDispatchRequest;
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, sleep};

use super::waiting::{Dispatched, RoomView, Watch};
use super::{ApiKeys, Lock, LockGuard as _, LockName, Locks, Phase, Shutdown};
use crate::{metrics::Metrics, telephony::is_consultation};

/// How often the rooms are listed.
const ROUND: Duration = Duration::from_secs(2);
/// No single question to the server may hold up a round longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Without a database several workers may watch: each waits up to this long
/// before it acts, then looks again, so that the first one's agent is seen.
const UNLOCKED_JITTER: Duration = Duration::from_millis(1_500);

/// What the watcher watches.
#[derive(Clone, Debug)]
pub struct WatcherConfig {
    /// The LiveKit server, as for the worker.
    pub url: String,
    /// Its API key and secret.
    pub keys: ApiKeys,
    /// The agent to send; empty for workers with automatic dispatch.
    pub agent_name: String,
    /// Only rooms whose name begins with this are ours; empty for all.
    pub room_prefix: String,
}

/// Looks for callers without an agent, in one worker at a time.
#[derive(Debug)]
pub struct Watcher<L: Locks> {
    config: WatcherConfig,
    rooms: RoomClient,
    dispatches: AgentDispatchClient,
    locks: L,
    lead: Option<L::Guard>,
    metrics: Arc<Metrics>,
    watch: Watch,
    started: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// No other worker watches.
    Sole,
    /// Others may watch too.
    Shared,
    /// Another worker watches.
    Other,
}

impl<L: Locks> Watcher<L> {
    /// A watcher that has not looked yet.
    #[must_use]
    pub fn new(config: WatcherConfig, locks: L, metrics: Arc<Metrics>) -> Self {
        let (key, secret) = (&config.keys.key, config.keys.secret.expose_secret());
        Self {
            rooms: RoomClient::with_api_key(&config.url, key, secret)
                .with_request_timeout(REQUEST_TIMEOUT),
            dispatches: AgentDispatchClient::with_api_key(&config.url, key, secret)
                .with_request_timeout(REQUEST_TIMEOUT),
            config,
            locks,
            lead: None,
            metrics,
            watch: Watch::default(),
            started: Instant::now(),
        }
    }

    /// Watches until the worker drains; then the lock is free for another.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        let rounds = async {
            loop {
                sleep(ROUND.mul_f64(rand::random_range(0.9..1.1))).await;
                let lead = self.lead().await;
                if lead == Lead::Other {
                    continue;
                }
                if let Err(error) = self.round(lead).await {
                    tracing::debug!(%error, "the watcher could not ask the LiveKit server");
                }
            }
        };
        tokio::select! {
            () = rounds => {}
            () = shutdown.reached(Phase::Draining) => {}
        }
    }

    async fn lead(&mut self) -> Lead {
        if self.lead.as_ref().is_some_and(|guard| guard.is_held()) {
            return Lead::Sole;
        }
        self.lead = None;
        match self.locks.try_lock(LockName::Watcher).await {
            Lock::Held(guard) => {
                self.lead = Some(guard);
                Lead::Sole
            }
            Lock::Taken => Lead::Other,
            Lock::Unknown => Lead::Shared,
        }
    }

    async fn round(&mut self, lead: Lead) -> Result<(), ServiceError> {
        let mut listed = self.rooms.list_rooms(Vec::new()).await?;
        // The participant count of this list lags by seconds: each room is asked.
        listed.retain(|room| {
            room.name.starts_with(&self.config.room_prefix) && !is_consultation(&room.name)
        });
        let sids: Vec<String> = listed.iter().map(|room| room.sid.clone()).collect();
        let due = self.watch.due(&sids, self.started.elapsed());
        for room in listed.iter().filter(|room| due.contains(&room.sid)) {
            // A room that closed meanwhile must not hide the others.
            if let Err(error) = self.look(&room.sid, &room.name, lead).await {
                tracing::debug!(room.id = %room.sid, %error, "the watcher could not look");
            }
        }
        Ok(())
    }

    async fn look(&mut self, sid: &str, name: &str, lead: Lead) -> Result<(), ServiceError> {
        if !self.waits(sid, name).await? {
            return Ok(());
        }
        if lead == Lead::Shared {
            sleep(UNLOCKED_JITTER.mul_f64(rand::random())).await;
            if !self.waits(sid, name).await? {
                return Ok(());
            }
        }
        let dispatches = self.dispatches.list_dispatch(name).await?;
        let dispatched = Dispatched::of(&dispatches, &self.config.agent_name);
        let now = self.started.elapsed();
        if !self.watch.decide(sid, dispatched, now) {
            return Ok(());
        }
        self.watch.sent(sid, now);
        tracing::warn!(room.id = %sid, "a caller waits without an agent: sending one");
        self.metrics.watcher_dispatched();
        let request = CreateAgentDispatchRequest {
            agent_name: self.config.agent_name.clone(),
            room: name.to_owned(),
            ..Default::default()
        };
        self.dispatches.create_dispatch(request).await?;
        Ok(())
    }

    async fn waits(&mut self, sid: &str, name: &str) -> Result<bool, ServiceError> {
        let participants = self.rooms.list_participants(name).await?;
        let now = self.started.elapsed();
        Ok(self.watch.looked(sid, RoomView::of(&participants), now))
    }
}
