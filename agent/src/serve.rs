//! `teller start`: wires everything, serves, drains.

mod drain;
mod housekeeping;
mod knowledge_base;
mod locks;
mod parts;
mod signals;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use database::Database;
use tokio_util::task::TaskTracker;

use crate::{
    calls::Calls,
    config::Config,
    http,
    metrics::Metrics,
    record::{Finalizer, LiveSessions, RunningRecord, SessionManager, Sweeper, summary_rules},
    session::{Services, SessionConfig},
    telephony::Telephony,
    worker::{ApiKeys, DrainConfig, Worker, WorkerConfig, shutdown},
};

/// A drained worker that asked its calls to leave waits this long for the goodbye.
const FAREWELL: Duration = Duration::from_secs(45);
/// Calls that were given up close their records in this time.
const LAST_CALLS: Duration = Duration::from_secs(5);
/// What still waits when the last call ended has this long to reach the database; the rest waits on
/// the disk for the next start.
const LAST_FLUSH: Duration = Duration::from_secs(10);
/// A browser that never says that it subscribed is greeted after this long.
const GREET_AFTER: Duration = Duration::from_secs(3);
/// Recognition of the last words of a call.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves calls until the process is told to stop.
///
/// # Errors
/// When the configuration names something that cannot be used: a model, a pack, a port.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::new());
    let tasks = TaskTracker::new();
    let worker_id = format!("{}-{:08x}", hostname(), rand::random::<u32>());
    // The model takes longest to load: everything else is made ready meanwhile.
    let hearing = tasks.spawn(parts::stt(config.stt.clone()));
    let pack = knowledge::Pack::load(&config.pack_dir)?;
    let tts = parts::tts(&config.tts, &pack);
    let database = crate::admin::open(&config.database)?;
    parts::warn_of_readable_connections(&config.database);

    let finalizer = Finalizer::new(&database, summary_rules(&pack).into());
    let sessions = SessionManager::new(&database, finalizer.clone());
    let at_work = (&metrics, &tasks);
    let record = parts::record(&config.spool, &database, &worker_id, &finalizer, at_work)?;
    let (recorder, record_health) = (record.recorder(), record.health());
    let live = LiveSessions::default();
    let last = LastOfAll::new(record, &live, &database, &worker_id);
    let sweeper = parts::sweeper(&config, &database, finalizer, &live, &worker_id);

    let replier = parts::replier(&config, &pack)?;
    let telephony = Telephony::new(&config.livekit);
    let transfer_to = parts::transfer_target(&replier)?;
    let authenticator = parts::authenticator(&config, &database, &sessions, &pack)?;
    let locks = parts::locks(&database);
    let worker = Worker::new(worker_config(&config)?, metrics.clone(), locks);
    // No call may come before it can be heard: the worker registers behind this.
    let stt = hearing.await??;
    let services = Services {
        stt: stt.clone(),
        tts: tts.clone(),
        replier: replier.clone(),
        recorder,
        authenticator,
        telephony,
        transfer_to,
        lines: Arc::new(pack.settings.lines.clone()),
        live,
        config: session_config(&config, &pack, &worker_id),
        metrics: metrics.clone(),
    };
    let (control, follower) = shutdown();
    let pages = parts::pages(&config, &pack, &stt, services.authenticator.is_some());
    let health = worker.health();
    let slots = health.slots().clone();
    let servers = http::Servers::bind(&config.http, pages, health, metrics.clone(), &database)
        .await
        .context("opening the HTTP ports")?
        .telling_of(record_health.clone());
    let servers = match parts::administration(&config)? {
        Some(login) => servers.administered_through(login),
        None => servers,
    };
    tracing::info!(pages = %config.http.bind, health = %config.http.health_bind, speech_model = stt.model_name(), "listening");
    let household = housekeeping::Household {
        config: &config,
        database: &database,
        metrics: &metrics,
        record: record_health,
        slots,
        shutdown: follower.clone(),
    };
    let background = household.start(&tasks, sweeper, replier, pack);
    tasks.spawn(servers.run(follower.clone()));
    tasks.spawn(signals::follow(control));
    tasks.spawn(parts::warm(tts, services.lines.clone()));

    worker.run(Calls::new(services), follower).await?;
    background.cancel();
    last.write().await;
    Ok(())
}

/// What is left to do when no call is taken any more: the record is brought home.
struct LastOfAll {
    record: RunningRecord,
    live: LiveSessions,
    database: Database,
    worker_id: String,
}

impl LastOfAll {
    fn new(record: RunningRecord, live: &LiveSessions, database: &Database, worker: &str) -> Self {
        Self {
            record,
            live: live.clone(),
            database: database.clone(),
            worker_id: worker.to_owned(),
        }
    }

    async fn write(self) {
        // A call that was given up may still be writing its last row.
        self.live.gone(LAST_CALLS).await;
        self.record.stop(LAST_FLUSH).await;
        Sweeper::leave(&self.database, &self.worker_id).await;
        tracing::info!("stopped");
    }
}

fn session_config(config: &Config, pack: &knowledge::Pack, worker_id: &str) -> SessionConfig {
    let silence = pack.settings.silence;
    let away = Duration::from_secs(silence.away_s.into());
    SessionConfig {
        listen: crate::listen::ListenConfig::default(),
        turn: crate::turn::TurnConfig {
            are_you_there_after: Some(away),
            goodbye_after: Duration::from_secs(silence.hangup_s.into()).saturating_sub(away),
            listening: Arc::new(pack.listening.clone()),
            ..crate::turn::TurnConfig::default()
        },
        greet_after: GREET_AFTER,
        last_words: LAST_WORDS,
        language_model: config.llm.as_ref().map(|llm| llm.model.clone()),
        worker_id: worker_id.to_owned(),
    }
}

fn worker_config(config: &Config) -> anyhow::Result<WorkerConfig> {
    Ok(WorkerConfig {
        url: config.livekit.url.clone(),
        keys: ApiKeys {
            key: config.livekit.api_key.clone(),
            secret: config.livekit.api_secret.clone(),
        },
        agent_name: config.worker.agent_name.clone(),
        slots: NonZeroUsize::new(config.worker.max_calls).context("MAX_CALLS is at least 1")?,
        drain: DrainConfig {
            grace: config.worker.drain,
            farewell: FAREWELL,
        },
    })
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".into())
}
