//! The parts a worker is made of, from their settings.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use database::{Database, spool::SpoolConfig};
use insight::summary::SummaryRules;
use knowledge::{KnowledgeBase, Lines, Pack};
use secrecy::ExposeSecret as _;
use tokio_util::task::TaskTracker;
use tools::{LookupConfig, Lookups, TransferTarget};

use super::{Metrics, locks::DatabaseLocks};
use crate::config::{Config, SpoolSettings, SttConfig, TtsConfig};
use api::{Pages, Servers, TokenKeys, Topic, WorkerView};
use authentication::{Authenticator, CodeSender, OneTimeCodes};
use dialogue::{LlmConfig, Replier, ReplyConfig};
use jobs::{Finalizer, Sweeper};
use record::{Durability, LiveSessions, RecordConfig, RecordHandle, RecordMetrics};
use voice::listen::{ModelFile, RemoteStt, RemoteSttConfig, Stt, WhisperConfig, WhisperPool};
use voice::speak::{self, Provider, RemoteTtsConfig, Tts};

/// Requests to the language model at a time, over all calls.
const LLM_CONCURRENCY: usize = 16;
/// A speech-to-text server that takes longer has lost the caller.
const STT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn stt(config: SttConfig) -> anyhow::Result<Stt> {
    match config {
        SttConfig::Whisper { model, threads } => {
            let load = move || {
                let file = ModelFile::open(&model)?;
                WhisperPool::start(
                    &file,
                    &WhisperConfig {
                        threads,
                        ..WhisperConfig::default()
                    },
                )
            };
            let pool = tokio::task::spawn_blocking(load)
                .await?
                .context("WHISPER_MODEL cannot be used; scripts/model fetches one")?;
            Ok(Stt::Whisper(pool))
        }
        SttConfig::Remote {
            base_url,
            api_key,
            model,
        } => Ok(Stt::Remote(RemoteStt::new(&RemoteSttConfig {
            base_url,
            api_key,
            model,
            timeout: STT_TIMEOUT,
        }))),
    }
}

/// The record at work: what waits on the disk is brought home first.
pub(super) fn record(
    config: &SpoolSettings,
    database: &Database,
    worker_id: &str,
    (rules, metrics, tasks): (Arc<SummaryRules>, &Arc<RecordMetrics>, &TaskTracker),
) -> anyhow::Result<RecordHandle> {
    let spool = SpoolConfig {
        dir: config.dir.clone(),
        key: database.keys().spool_key(),
        budget_bytes: config.budget_bytes,
        holder: worker_id.to_owned(),
    };
    let config = RecordConfig {
        spool,
        acknowledgements: None,
        durability: Durability::Disk,
    };
    let own = database.dedicated()?;
    let finalizer = Arc::new(Finalizer::new(&own, rules));
    RecordHandle::start(config, own, finalizer, metrics, tasks)
}

/// Closes what killed workers left.
pub(super) fn sweeper(
    config: &Config,
    database: &Database,
    finalizer: Finalizer,
    live: &LiveSessions,
    worker_id: &str,
) -> Sweeper {
    let stale_after = config.worker.stale_after;
    Sweeper::new(
        database,
        finalizer,
        live.clone(),
        worker_id.to_owned(),
        stale_after,
    )
}

/// Where a phone call goes when a person is asked for: `TRANSFER_TO`, else the pack's number.
pub(super) fn transfer_target(replier: &Replier) -> anyhow::Result<Option<TransferTarget>> {
    let target = replier
        .transfer_target()
        .map(|target| target.parse().map_err(anyhow::Error::msg));
    target
        .transpose()
        .context("TRANSFER_TO, or transfer_number of the pack")
}

/// The voice; the pack's own unless a setting names another.
pub(super) fn tts(config: &TtsConfig, pack: &Pack) -> Tts {
    let provider = match config {
        TtsConfig::Flite { voice } => Provider::Flite {
            voice: voice
                .clone()
                .unwrap_or_else(|| pack.settings.voice.name.clone()),
        },
        TtsConfig::Espeak { voice } => Provider::Espeak {
            voice: voice.clone().unwrap_or_else(|| "en-us".into()),
        },
        TtsConfig::Remote {
            base_url,
            api_key,
            model,
            voice,
        } => Provider::Remote(RemoteTtsConfig {
            base_url: base_url.clone(),
            api_key: api_key.clone(),
            model: model.clone(),
            voice: voice.clone(),
        }),
    };
    Tts::new(&speak::TtsConfig::new(provider))
}

pub(super) fn replier(config: &Config, pack: &Pack) -> anyhow::Result<Replier> {
    let llm = config.llm.as_ref().map(|llm| LlmConfig {
        base_url: llm.base_url.clone(),
        api_key: llm.api_key.clone(),
        model: llm.model.clone(),
        first_token_timeout: llm.first_token,
        total_timeout: llm.total,
        max_concurrent: LLM_CONCURRENCY,
    });
    let settings = ReplyConfig {
        llm,
        transfer_to: config.transfer_to.clone(),
    };
    let lookups = config.lookup_url.clone().map(|url| {
        Lookups::new(LookupConfig {
            url,
            token: config.lookup_key.clone(),
        })
    });
    Ok(Replier::new(
        Arc::new(KnowledgeBase::new(pack.clone())),
        settings,
        lookups.transpose()?,
    ))
}

pub(super) fn authenticator(
    config: &Config,
    database: &Database,
    pack: &Pack,
) -> anyhow::Result<Option<Authenticator>> {
    let Some(webhook) = config.authentication.code_webhook.clone() else {
        return Ok(None);
    };
    let sender = CodeSender::new(webhook, config.authentication.code_webhook_key.clone())?;
    Ok(Some(Authenticator::Codes(OneTimeCodes::new(
        database,
        sender,
        pack.settings.company_name.clone(),
    ))))
}

/// What the pages show of this deployment.
pub(super) fn pages(config: &Config, pack: &Pack, stt: &Stt, authentication: bool) -> Pages {
    let topic = |topic: &knowledge::Topic| Topic {
        id: topic.id.clone(),
        label: topic.label.clone(),
    };
    Pages {
        livekit_public_url: config.livekit.public_url.clone(),
        keys: TokenKeys {
            key: config.livekit.api_key.clone(),
            secret: config.livekit.api_secret.clone(),
        },
        agent_name: config.worker.agent_name.clone(),
        company_name: pack.settings.company_name.clone(),
        speech_model: stt.model_name().to_owned(),
        language_model: config.llm.as_ref().map(|llm| llm.model.clone()),
        authentication,
        topics: pack.topics.iter().map(topic).collect(),
    }
}

/// Both HTTP servers, bound and not yet answering.
pub(super) async fn servers(
    config: &Config,
    pages: Pages,
    view: WorkerView,
    metrics: &Metrics,
    database: &Database,
) -> anyhow::Result<Servers> {
    let administration = administration(config)?;
    let http = metrics.http.clone();
    let servers = Servers::bind(&config.http, pages, view, http, database, administration)
        .await
        .context("opening the HTTP ports")?;
    tracing::info!(pages = %config.http.bind, health = %config.http.health_bind, "listening");
    Ok(servers)
}

/// The login for what administrators change on the supervisor's page, if it has one of its own.
/// Two connections: such changes are rare and take turns anyway.
fn administration(config: &Config) -> anyhow::Result<Option<Database>> {
    let Some(url) = config.admin_database.clone() else {
        return Ok(None);
    };
    let login = crate::config::DatabaseConfig {
        url,
        pool_size: 2,
        ..config.database.clone()
    };
    crate::admin::open(&login).map(Some)
}

/// Says so where what goes to the database could be read on its way.
pub(super) fn warn_of_readable_connections(database: &crate::config::DatabaseConfig) {
    if database::is_unencrypted(database.url.expose_secret(), database.ca_file.as_deref()) {
        tracing::warn!(
            "DATABASE_URL names another host and does not insist on encryption: add sslmode=require"
        );
    }
}

pub(super) fn locks(database: &Database) -> DatabaseLocks {
    DatabaseLocks::new(database)
}

/// The fixed sentences are synthesised once, before the first caller needs them.
pub(super) async fn warm(tts: Tts, lines: Arc<Lines>) {
    let fixed = [
        &lines.disclosure,
        &lines.greeting,
        &lines.welcome_back,
        &lines.still_there,
        &lines.goodbye,
    ]
    .into_iter()
    .chain(&lines.did_not_catch)
    .chain([
        &lines.technical_problem,
        &lines.silence_goodbye,
        &lines.service_goodbye,
    ]);
    let sentences: Vec<String> = fixed.cloned().collect();
    tts.warm(&sentences).await;
}
