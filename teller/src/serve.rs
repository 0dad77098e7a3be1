//! `teller start`: wires everything, serves, drains.

mod backpressure;
mod housekeeping;
mod knowledge_base;
mod locks;
mod metrics;
mod parts;
mod signals;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use database::Database;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use metrics::Metrics;

use crate::config::Config;
use agent::call_runner::Calls;
use agent::session::{Services, SessionConfig};
use agent::telephony::Telephony;
use agent::worker::{ApiKeys, DrainConfig, Worker, WorkerConfig, shutdown};
use jobs::{Finalizer, Sweeper, summary_rules};
use record::{LiveSessions, RecordHandle};

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
    let metrics = Metrics::default();
    let tasks = TaskTracker::new();
    let worker_id = format!("{}-{:08x}", hostname(), rand::random::<u32>());
    // The model takes longest to load: everything else is made ready meanwhile.
    let hearing = tasks.spawn(parts::stt(config.stt.clone()));
    let pack = knowledge::Pack::load(&config.pack_dir)?;
    let tts = parts::tts(&config.tts, &pack);
    let database = crate::admin::open(&config.database)?;
    parts::warn_of_readable_connections(&config.database);

    let rules = Arc::new(summary_rules(&pack));
    let writing = (rules.clone(), &metrics.record, &tasks);
    let record = parts::record(&config.spool, &database, &worker_id, writing)?;
    let (recorder, record_health) = (record.recorder(), record.health());
    let live = LiveSessions::default();
    let last = ShutdownGuard::new(record, &live, &database, &worker_id);
    let finalizer = Finalizer::new(&database, rules);
    let sweeper = parts::sweeper(&config, &database, finalizer, &live, &worker_id);

    let replier = parts::replier(&config, &pack)?;
    let telephony = Telephony::new(&config.livekit.url, &api_keys(&config));
    let transfer_to = parts::transfer_target(&replier)?;
    let authenticator = parts::authenticator(&config, &database, &pack)?;
    let locks = parts::locks(&database);
    let worker = Worker::new(worker_config(&config)?, metrics.agent.clone(), locks);
    // No call may come before it can be heard: the worker registers behind this.
    let stt = hearing.await??;
    let services = Services {
        stt: stt.clone(),
        tts: tts.clone(),
        replier: replier.clone(),
        recorder,
        authenticator,
        transfers: Arc::new(telephony.clone()),
        transfer_to,
        lines: Arc::new(pack.settings.lines.clone()),
        live,
        config: session_config(&config, &pack, &worker_id),
        metrics: metrics.agent.clone(),
    };
    let (control, follower) = shutdown();
    let pages = parts::pages(&config, &pack, &stt, services.authenticator.is_some());
    let health = worker.health();
    let slots = health.slots().clone();
    let view = metrics.view(health, record_health.clone(), follower.clone(), &stt);
    let servers = parts::servers(&config, pages, view, &metrics, &database).await?;
    let background = housekeeping::Background {
        config: &config,
        database: &database,
        metrics: &metrics,
        record: record_health,
        slots,
        shutdown: follower.clone(),
    };
    let background = background.start(&tasks, sweeper, replier, pack);
    // Health and summaries are answered to the last.
    let answering = CancellationToken::new();
    tasks.spawn(servers.run(answering.clone()));
    tasks.spawn(signals::follow(control));
    tasks.spawn(parts::warm(tts, services.lines.clone()));

    worker
        .run(Calls::new(services, telephony), follower)
        .await?;
    background.cancel();
    last.write().await;
    answering.cancel();
    Ok(())
}

/// What is left to do when no call is taken any more: the record is brought home.
struct ShutdownGuard {
    record: RecordHandle,
    live: LiveSessions,
    database: Database,
    worker_id: String,
}

impl ShutdownGuard {
    fn new(record: RecordHandle, live: &LiveSessions, database: &Database, worker: &str) -> Self {
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
        listen: voice::listen::ListenConfig::default(),
        turn: voice::turn::TurnConfig {
            are_you_there_after: Some(away),
            goodbye_after: Duration::from_secs(silence.hangup_s.into()).saturating_sub(away),
            listening: Arc::new(pack.listening.clone()),
            ..voice::turn::TurnConfig::default()
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
        keys: api_keys(config),
        agent_name: config.worker.agent_name.clone(),
        slots: NonZeroUsize::new(config.worker.max_calls).context("MAX_CALLS is at least 1")?,
        drain: DrainConfig {
            grace: config.worker.drain,
            farewell: FAREWELL,
        },
    })
}

fn api_keys(config: &Config) -> ApiKeys {
    ApiKeys {
        key: config.livekit.api_key.clone(),
        secret: config.livekit.api_secret.clone(),
    }
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".into())
}
