//! All series of the process in one registry, and what the servers show of it.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use tokio::time::Instant;

use agent::worker::{Phase, Shutdown, WorkerHealth};
use api::{HttpMetrics, KnowledgeView, WorkerStatus, WorkerView};
use jobs::JobMetrics;
use record::{RecordHealth, RecordMetrics};
use recording::RecordingMetrics;
use tools::WebSearch;
use voice::listen::Stt;

/// What each part counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    pub(super) agent: Arc<agent::metrics::Metrics>,
    pub(super) record: Arc<RecordMetrics>,
    pub(super) recording: Arc<RecordingMetrics>,
    pub(super) jobs: Arc<JobMetrics>,
    pub(super) http: HttpMetrics,
}

impl Metrics {
    /// What the HTTP servers show of this process.
    pub(super) fn view(
        &self,
        (worker, record, shutdown): (WorkerHealth, RecordHealth, Shutdown),
        (stt, web_search): (&Stt, Option<WebSearch>),
        knowledge: KnowledgeView,
    ) -> WorkerView {
        let jobs = self.jobs.clone();
        WorkerView {
            status: Arc::new(move || status(&worker, &shutdown)),
            complaints: Arc::new(move || jobs.complaints()),
            record: Some(record),
            knowledge,
            metrics: Arc::new(self.registry(stt.clone(), web_search)),
        }
    }

    fn registry(&self, stt: Stt, web_search: Option<WebSearch>) -> Registry {
        let mut all = Registry::default();
        let registry = all.sub_registry_with_prefix("teller");
        self.agent.register(registry);
        self.record.register(registry);
        self.recording.register(registry);
        self.jobs.register(registry);
        self.http.register(registry);
        registry.register_collector(Box::new(SttQueue(stt)));
        if let Some(search) = web_search {
            registry.register_collector(Box::new(WebSearches(search)));
        }
        all
    }
}

fn status(worker: &WorkerHealth, shutdown: &Shutdown) -> WorkerStatus {
    let slots = worker.slots();
    WorkerStatus {
        registered: worker.is_registered(),
        failure: worker.check(Instant::now()).err(),
        draining: shutdown.phase() > Phase::Running,
        paused: slots.is_paused(),
        load: slots.load(),
        calls: slots.used(),
        max_calls: slots.total(),
    }
}

/// How long the queue for recognition is, read when somebody asks.
struct SttQueue(Stt);

impl fmt::Debug for SttQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SttQueue")
    }
}

impl Collector for SttQueue {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let waiting = ConstGauge::new(i64::try_from(self.0.waiting()).unwrap_or(i64::MAX));
        let kind = waiting.metric_type();
        let help = "Utterances waiting for speech to text";
        waiting.encode(encoder.encode_descriptor("stt_queue", help, None, kind)?)
    }
}

/// How searches of the web ended, read when somebody asks.
#[derive(Debug)]
struct WebSearches(WebSearch);

impl Collector for WebSearches {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let usage = self.0.usage();
        let help = "Searches of the web by their end";
        let mut all = encoder.encode_descriptor("web_searches", help, None, MetricType::Counter)?;
        for (end, count) in [
            ("found", usage.found),
            ("nothing", usage.nothing),
            ("failed", usage.failed),
            ("over_budget", usage.over_budget),
        ] {
            ConstCounter::new(count).encode(all.encode_family(&[("end", end)])?)?;
        }
        Ok(())
    }
}
