//! `teller start`: wires everything, serves, drains.

mod backpressure;
mod components;
mod end_of_turn;
mod housekeeping;
mod knowledge_base;
mod locks;
mod metrics;
mod signals;
pub(crate) mod voice;

use std::{sync::Arc, time::Duration};

use ::voice::{
    listen::{ListenConfig, ModelError, Stt, TURN_SEEN},
    turn::TurnConfig,
};
use agent::{
    call_runner::Calls,
    session::{Services, SessionConfig},
    telephony::Telephony,
    worker::{Worker, shutdown},
};
use anyhow::Context as _;
use database::Database;
use jobs::Sweeper;
use record::{EarlierCalls, LiveSessions, RecordHandle};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::config::Config;
use crate::meaning::Meaning;
use locks::DatabaseLocks;
use metrics::Metrics;

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
    let (metrics, tasks) = (Metrics::default(), TaskTracker::new());
    let worker_id = format!("{}-{:08x}", hostname(), rand::random::<u32>());
    // The model takes longest to load: everything else is made ready meanwhile.
    let hearing = tasks.spawn(Stt::open(config.stt.clone()));
    let judging = end_of_turn::open(config.end_of_turn.clone(), &tasks);
    let meaning = Meaning::open(&config.meaning)?;
    let pack = pack(&config)?;
    let tts = voice::open(&config, &pack).await?;
    let database = components::database(&config.database)?;

    let summing_up = components::SummingUp::new(&pack, meaning.as_ref());
    let at_work = (&metrics.record, &tasks);
    let record = components::record(&config.spool, &database, &worker_id, &summing_up, at_work)?;
    let (recorder, record_health) = (record.recorder(), record.health());
    let (live, locks) = (LiveSessions::default(), DatabaseLocks::new(&database));
    let last = ShutdownGuard::new(record, &live, &database, &worker_id);
    let sweeper = sweeper(&config, &database, &summing_up, (&live, &worker_id));

    let web_search = components::web_search(&config)?;
    let mcp = components::mcp(&config).await?;
    let replier = components::replier(&config, &pack, web_search.clone(), mcp.clone())?;
    let telephony = Telephony::new(&config.livekit.url, &config.livekit.keys);
    let worker = Worker::new(config.worker.clone(), metrics.agent.clone(), locks);
    // No call may come before it can be heard: the worker registers behind this.
    let stt = loaded(hearing).await?;
    let services = Services {
        stt: stt.clone(),
        end_of_turn: judging.await??,
        tts: tts.clone(),
        replier: replier.clone(),
        recordings: components::recordings(&config, &recorder, &metrics.recording)?,
        recorder,
        authenticator: components::authenticator(&config, &database, &pack)?,
        earlier: Some(EarlierCalls::new(&database)),
        transfers: Arc::new(telephony.clone()),
        consultations: components::consultations(&config, &pack, &telephony, &metrics)?,
        transfer_to: components::transfer_target(&replier)?,
        messages: components::messages(&config, &database)?,
        lines: Arc::new(pack.settings.lines.clone()),
        trade: summing_up.trade.clone(),
        facts: summing_up.facts.clone(),
        live,
        config: session_config(&config, &pack, &worker_id),
        metrics: metrics.agent.clone(),
    };
    let (control, follower) = shutdown();
    let pages = components::pages(&config, &pack, &stt, services.authenticator.is_some());
    let seen = (worker.health(), record_health.clone(), follower.clone());
    let known = components::knowledge(&pack, &replier);
    let view = metrics.view(seen, (&stt, web_search), known);
    let servers = components::servers(&config, pages, view, &metrics, &database).await?;
    let background = housekeeping::Background {
        config: &config,
        database: &database,
        metrics: &metrics,
        record: record_health,
        slots: worker.health().slots().clone(),
        shutdown: follower.clone(),
        mcp,
    };
    tasks.spawn(voice::voice_ahead(tts, pack.clone()));
    let background = background.start(&tasks, sweeper, replier, pack, meaning);
    // Health and summaries are answered to the last.
    let answering = CancellationToken::new();
    tasks.spawn(servers.run(answering.clone()));
    tasks.spawn(signals::follow(control));

    worker
        .run(Calls::new(services, telephony), follower)
        .await?;
    background.cancel();
    last.write().await;
    answering.cancel();
    Ok(())
}

/// The pack in use, which tells callers of recording what is so.
fn pack(config: &Config) -> anyhow::Result<knowledge::Pack> {
    let mut pack = knowledge::Pack::load(&config.pack_dir)?;
    pack.disclose(&config.pack_dir, config.recording)?;
    Ok(pack)
}

/// What hears, once it is there.
async fn loaded(hearing: JoinHandle<Result<Stt, ModelError>>) -> anyhow::Result<Stt> {
    let stt = hearing.await?;
    stt.context("WHISPER_MODEL cannot be used; scripts/model fetches one")
}

/// Writes the summaries that are owed, and closes what a killed worker left open.
fn sweeper(
    config: &Config,
    database: &Database,
    summing_up: &components::SummingUp,
    (live, worker): (&LiveSessions, &str),
) -> Sweeper {
    Sweeper::new(
        database,
        summing_up.finalizer(database),
        live.clone(),
        worker.to_owned(),
        config.stale_after,
    )
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
        listen: ListenConfig {
            turn_memory: config
                .end_of_turn
                .file()
                .map_or(Duration::ZERO, |_| TURN_SEEN),
            ..ListenConfig::default()
        },
        turn: config.patience.applied_to(TurnConfig {
            are_you_there_after: Some(away),
            goodbye_after: Duration::from_secs(silence.hangup_s.into()).saturating_sub(away),
            listening: Arc::new(pack.listening.clone()),
            preemptive: config.preemptive,
            ..TurnConfig::default()
        }),
        greet_after: GREET_AFTER,
        last_words: LAST_WORDS,
        language_model: config.llm.as_ref().map(|llm| llm.model.clone()),
        worker_id: worker_id.to_owned(),
    }
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".into())
}
