//! The components a worker is made of, from their settings.

use std::{sync::Arc, time::Duration};

use agent::{
    session::{Consultations, KeptSound},
    telephony::{LiveKitDialer, Telephony},
};
use anyhow::Context as _;
use api::{
    KnowledgeView, LikeQuestions, PackDocument, Pages, Servers, TokenKeys, Topic, WorkerView,
};
use authentication::{Authenticator, CustomerMessages, OneTimeCodes};
use database::{Database, spool::SpoolConfig};
use dialogue::{Replier, ReplyConfig};
use insight::{facts::FactReader, moment::Trade, summary::SummaryRules};
use jobs::{Facts, Finalizer, MeaningOf, Moments, fact_reader, summary_rules, trade};
use knowledge::{Gap, KnowledgeBase, Pack};
use record::{Durability, RecordConfig, RecordHandle, RecordMetrics, Recorder};
use recording::{RecordingMetrics, Recordings};
use secrecy::ExposeSecret as _;
use tokio_util::task::TaskTracker;
use tools::{Deeds, Lookups, Mcp, MessageGateway, Messages, TransferTarget, WebSearch};
use voice::listen::Stt;

use super::Metrics;
use crate::{
    config::{Config, DatabaseSettings, Manner, SpoolSettings},
    meaning::Meaning,
};

/// By what calls are summed up.
pub(super) struct SummingUp {
    rules: Arc<SummaryRules>,
    meaning: Option<MeaningOf>,
    pub(super) trade: Arc<Trade>,
    pub(super) facts: Arc<FactReader>,
}

impl SummingUp {
    pub(super) fn new(pack: &Pack, meaning: Option<&Meaning>) -> Self {
        Self {
            rules: Arc::new(summary_rules(pack)),
            meaning: meaning.map(Meaning::of_texts),
            trade: Arc::new(trade(pack)),
            facts: Arc::new(fact_reader(pack)),
        }
    }

    pub(super) fn finalizer(&self, database: &Database) -> Finalizer {
        Finalizer::new(database, self.rules.clone())
            .with_meaning(self.meaning.clone())
            .with_moments(Moments::new(database, self.trade.clone()))
            .with_facts(Facts::new(database, self.facts.clone()))
    }
}

/// The record at work: what waits on the disk is brought home first.
pub(super) fn record(
    config: &SpoolSettings,
    database: &Database,
    worker_id: &str,
    summing_up: &SummingUp,
    (metrics, tasks): (&Arc<RecordMetrics>, &TaskTracker),
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
    let finalizer = Arc::new(summing_up.finalizer(&own));
    RecordHandle::start(config, own, finalizer, metrics, tasks)
}

/// Calls that one thread records at once, at 8.7 ms of processor time a second of a call (docs/figures.md).
const RECORDED_AT_ONCE: usize = 100;

/// The recordings of calls, where they are made.
pub(super) fn recordings(
    config: &Config,
    recorder: &Recorder,
    metrics: &Arc<RecordingMetrics>,
) -> anyhow::Result<Option<Recordings>> {
    if !config.recording {
        return Ok(None);
    }
    tracing::info!("calls are recorded");
    let most = config.worker.slots.get();
    if most > RECORDED_AT_ONCE {
        tracing::warn!(
            MAX_CALLS = most,
            "calls are recorded by one thread, which keeps up with about {RECORDED_AT_ONCE} at once: beyond that recordings have gaps"
        );
    }
    let keep = KeptSound(recorder.clone());
    // It ends with the last call: whatever is to be kept was handed over before a call's own end.
    let (recordings, _thread) =
        Recordings::start(keep, metrics.clone()).context("the recordings' thread")?;
    Ok(Some(recordings))
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

/// How colleagues are spoken to first, where they are.
pub(super) fn consultations(
    config: &Config,
    pack: &Pack,
    telephony: &Telephony,
    metrics: &Metrics,
) -> anyhow::Result<Option<Consultations>> {
    let Manner::Warm { trunk } = &config.transfer.manner else {
        return Ok(None);
    };
    anyhow::ensure!(
        config.transfer.to.is_some() || pack.settings.transfer_number.is_some(),
        "TRANSFER is `warm`, and nobody is named who takes calls; TRANSFER_TO should be tel:+… (or transfer_number of the pack a number such as +263771234567)"
    );
    let dialer = LiveKitDialer::new(telephony.clone(), trunk.clone(), metrics.agent.clone());
    let waits = pack.settings.transfer;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Ok(Some(Consultations {
        dialer: Arc::new(dialer),
        ring: seconds(waits.ring_s),
        waiting: seconds(waits.waiting_s),
        decide: seconds(waits.decide_s),
    }))
}

/// What answers are made with. What of the pack nobody answers is said in the log; an address that may not be asked is an
/// error before the first call.
pub(super) fn replier(
    config: &Config,
    pack: &Pack,
    web_search: Option<WebSearch>,
    mcp: Option<Mcp>,
) -> anyhow::Result<Replier> {
    let settings = ReplyConfig {
        llm: config.llm.clone(),
        llm_fallback: config.llm_fallback.clone(),
        transfer_to: config.transfer.to.clone(),
        consults: config.transfer.manner != Manner::Cold,
        messages: config.messages.webhook.is_some(),
        web_search,
        mcp,
    };
    let lookups = Lookups::new(config.lookups.clone())?;
    let base = Arc::new(KnowledgeBase::new(pack.clone()));
    let deeds = config.deeds.clone().map(Deeds::new).transpose();
    let deeds = deeds.context("BACKEND_URL")?;
    let replier = Replier::new(base, settings, Some(lookups), deeds);
    for reason in replier.not_connected() {
        anyhow::ensure!(!reason.is_mistake(), "lookups.toml: {reason}");
        tracing::info!(%reason, "a look-up of the pack is not connected");
    }
    if pack.settings.tool_policy.web_search && !replier.searches_web() {
        tracing::info!(
            "the pack allows it, but the web is not searched: WEB_SEARCH_URL is not set, or no site is named"
        );
    }
    Ok(replier)
}

/// The MCP servers of the operator's list, where there is one, after each was asked what it offers.
pub(super) async fn mcp(config: &Config) -> anyhow::Result<Option<Mcp>> {
    let Some(settings) = &config.mcp else {
        return Ok(None);
    };
    let mcp = crate::mcp::open(settings)?;
    mcp.meet().await;
    if config.llm.is_none() {
        tracing::info!(
            "tools of MCP servers are listed, but there is no language model that could ask for them"
        );
    }
    Ok(Some(mcp))
}

/// The search of the web, where one is set up.
pub(super) fn web_search(config: &Config) -> anyhow::Result<Option<WebSearch>> {
    let search = config.web_search.clone().map(WebSearch::new);
    search.transpose().context("WEB_SEARCH_URL")
}

pub(super) fn authenticator(
    config: &Config,
    database: &Database,
    pack: &Pack,
) -> anyhow::Result<Option<Authenticator>> {
    let Some(webhook) = config.authentication.code_webhook.clone() else {
        return Ok(None);
    };
    let sender = MessageGateway::new(&webhook, config.authentication.code_webhook_key.clone())?;
    Ok(Some(Authenticator::Codes(OneTimeCodes::new(
        database,
        sender,
        pack.settings.company_name.clone(),
    ))))
}

/// Who brings messages to callers, where somebody does.
pub(super) fn messages(
    config: &Config,
    database: &Database,
) -> anyhow::Result<Option<Arc<dyn Messages>>> {
    let Some(webhook) = &config.messages.webhook else {
        return Ok(None);
    };
    let gateway = MessageGateway::new(webhook, config.messages.key.clone());
    let gateway = gateway.context("MESSAGE_WEBHOOK_URL")?;
    Ok(Some(Arc::new(CustomerMessages::new(database, gateway))))
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
            key: config.livekit.keys.key.clone(),
            secret: config.livekit.keys.secret.clone(),
        },
        agent_name: config.worker.agent_name.clone(),
        company_name: pack.settings.company_name.clone(),
        speech_model: stt.model_name().to_owned(),
        language_model: config.llm.as_ref().map(|llm| llm.model.clone()),
        authentication,
        recording: config.recording,
        topics: pack.topics.iter().map(topic).collect(),
    }
}

/// What the pages ask of the knowledge that calls are answered from.
pub(super) fn knowledge(pack: &Pack, replier: &Replier) -> KnowledgeView {
    let named = |source: &str, title: &str| PackDocument {
        source: source.to_owned(),
        title: title.to_owned(),
    };
    // What has an address is fetched from there and written anew each time.
    let written = pack.documents.iter().filter(|text| text.address.is_none());
    let replier = replier.clone();
    let like = move |gap: Gap| LikeQuestions {
        asked: gap.asked,
        nearest: gap.nearest.map(|near| named(&near.source, &near.title)),
    };
    KnowledgeView {
        pack: pack.settings.name.clone(),
        documents: written
            .map(|text| named(&text.source, &text.title))
            .collect(),
        group: Arc::new(move |questions| {
            let gaps = replier.knowledge().gaps(questions);
            gaps.into_iter().map(like).collect()
        }),
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
    let login = DatabaseSettings {
        url,
        pool_size: 2,
        ..config.database.clone()
    };
    crate::admin::open(&login).map(Some)
}

/// The database of all calls. Says so where what goes there could be read on its way.
pub(super) fn database(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let database = crate::admin::open(settings)?;
    if database::is_unencrypted(settings.url.expose_secret(), settings.ca_file.as_deref()) {
        tracing::warn!(
            "DATABASE_URL names another host and does not insist on encryption: add sslmode=require"
        );
    }
    Ok(database)
}
