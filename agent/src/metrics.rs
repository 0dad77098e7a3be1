//! What Prometheus reads: counters, gauges and latency histograms of one worker.
//!
//! Label values are `&'static str`, so no caller can make a new series.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use insight::moment::Moment;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// One label and its value.
type Label = [(&'static str, &'static str); 1];

/// Upper bounds in seconds. Fine below one second, where a caller begins to
/// notice a pause, and up to the 10 s after which nobody waits any more.
const LATENCY_BUCKETS_SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0,
];

/// Two labels and their values.
type Labels = [(&'static str, &'static str); 2];

/// The stages of a turn whose duration is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the end of speech until the turn counted as finished.
    Endpointing,
    /// Whether a turn sounds finished.
    EndOfTurn,
    /// Speech to text.
    Stt,
    /// Passages found.
    Retrieval,
    /// From the request to the language model's first token.
    LlmFirstToken,
    /// From the first sentence to its first audio.
    TtsFirstAudio,
    /// From the end of the caller's speech to the agent's first audio.
    Reply,
    /// From the assignment to the agent being in its room.
    Join,
}

impl Stage {
    /// The label's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpointing => "endpointing",
            Self::EndOfTurn => "end_of_turn",
            Self::Stt => "stt",
            Self::Retrieval => "retrieval",
            Self::LlmFirstToken => "llm_first_token",
            Self::TtsFirstAudio => "tts_first_audio",
            Self::Reply => "reply",
            Self::Join => "join",
        }
    }
}

/// Everything counted in one worker. Shared as `Arc<Metrics>`; every method
/// is quick and takes no lock that waits for another thread's I/O.
#[derive(Debug, Default)]
pub struct Metrics {
    calls_active: Gauge,
    slots_total: Gauge,
    slots_used: Gauge,
    load: Gauge<f64, AtomicU64>,
    registered: Gauge,
    calls: Family<Label, Counter>,
    call_panics: Counter,
    offers: Family<Label, Counter>,
    registrations: Counter,
    watcher_dispatches: Counter,
    turns: Counter,
    emotions: Family<Label, Counter>,
    urgencies: Family<Label, Counter>,
    intents: Family<Label, Counter>,
    persons_offered: Counter,
    interruptions: Counter,
    retrievals: Counter,
    llm_requests: Family<Labels, Counter>,
    llm_tokens: Family<Label, Counter>,
    llm_withheld: Family<Label, Counter>,
    drafts: Family<Label, Counter>,
    pauses: Family<Label, Counter>,
    fallbacks: Family<Label, Counter>,
    latency: Latency,
    audio_frames_dropped: Counter,
    bridged_frames_dropped: Counter,
    authentications: Family<Label, Counter>,
}

/// A histogram of each stage.
#[derive(Debug)]
struct Latency(Family<Label, Histogram, fn() -> Histogram>);

impl Default for Latency {
    fn default() -> Self {
        let new_histogram = || Histogram::new(LATENCY_BUCKETS_SECONDS);
        Self(Family::new_with_constructor(new_histogram))
    }
}

impl Metrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        macro_rules! register {
            ($($name:literal, $help:literal, $metric:ident;)*) => {
                $(registry.register($name, $help, self.$metric.clone());)*
            };
        }
        register! {
            "calls_active", "Calls running now", calls_active;
            "slots", "Places for calls", slots_total;
            "slots_used", "Places taken or promised", slots_used;
            "load", "Load reported to the LiveKit server, 0 to 1", load;
            "registered", "1 while registered with the LiveKit server", registered;
            "calls", "Calls ended, by reason", calls;
            "call_panics", "Calls that panicked", call_panics;
            "offers", "Job offers, by answer", offers;
            "registrations", "Registrations with the LiveKit server", registrations;
            "watcher_dispatches", "Agents sent to callers who had none", watcher_dispatches;
            "turns", "Turns of callers answered", turns;
            "turn_emotions", "Turns of callers, by the emotion they show", emotions;
            "turn_urgencies", "Turns of callers, by how urgent they are", urgencies;
            "turn_intents", "Turns of callers, by what they want", intents;
            "persons_offered", "Persons offered to callers who were out of patience", persons_offered;
            "interruptions", "Replies cut by the caller", interruptions;
            "retrievals", "Knowledge searches", retrievals;
            "llm_requests", "Requests to language models, and why one was not asked", llm_requests;
            "llm_tokens", "Tokens that language models took", llm_tokens;
            "llm_withheld", "Sentences and thoughts of a language model that were not spoken", llm_withheld;
            "drafts", "Replies that were begun before their turn was over, by what became of them", drafts;
            "pauses", "Pauses of callers, by what came of judging whether their turn sounds finished", pauses;
            "fallbacks", "Turns in which the second recogniser heard or the second voice spoke, by stage", fallbacks;
            "audio_frames_dropped", "Caller audio frames dropped", audio_frames_dropped;
            "bridged_frames_dropped", "Frames dropped between a caller and the colleague who took the call", bridged_frames_dropped;
            "authentications", "Authentication attempts, by outcome", authentications;
        }
        registry.register_with_unit(
            "turn_latency",
            "Time each stage of a turn took",
            Unit::Seconds,
            self.latency.0.clone(),
        );
    }

    /// A call's task began; the returned guard ends it, also on a panic.
    #[must_use]
    pub fn call_started(&self) -> ActiveCall {
        self.calls_active.inc();
        ActiveCall(self.calls_active.clone())
    }

    /// A call ended; `reason` is one of a fixed set.
    pub fn call_ended(&self, reason: &'static str) {
        self.calls.get_or_create(&[("end_reason", reason)]).inc();
    }

    /// A call's task panicked.
    pub fn call_panicked(&self) {
        self.call_panics.inc();
    }

    /// The places for calls and the load that follows from them.
    pub fn set_slots(&self, used: usize, total: usize, load: f32) {
        self.slots_used.set(as_gauge(used));
        self.slots_total.set(as_gauge(total));
        self.load.set(f64::from(load));
    }

    /// Whether the worker is registered with the LiveKit server.
    pub fn set_registered(&self, registered: bool) {
        self.registered.set(i64::from(registered));
        if registered {
            self.registrations.inc();
        }
    }

    /// An offer was answered.
    pub fn offer_answered(&self, accepted: bool) {
        let answer = if accepted { "accepted" } else { "refused" };
        self.offers.get_or_create(&[("answer", answer)]).inc();
    }

    /// The watcher sent an agent to a room.
    pub fn watcher_dispatched(&self) {
        self.watcher_dispatches.inc();
    }

    /// A caller's turn was answered.
    pub fn turn(&self) {
        self.turns.inc();
    }

    /// One stage of a turn took `duration`.
    pub fn observe(&self, stage: Stage, duration: Duration) {
        self.latency
            .0
            .get_or_create(&[("stage", stage.name())])
            .observe(duration.as_secs_f64());
    }

    /// The caller cut a reply.
    pub fn interruption(&self) {
        self.interruptions.inc();
    }

    /// The knowledge index was searched.
    pub fn retrieval(&self) {
        self.retrievals.inc();
    }

    /// A language model was asked, or was not for a reason; `outcome` is one of a fixed set.
    pub fn llm_request(&self, fallback: bool, outcome: &'static str, tokens: u64) {
        let model = ("model", if fallback { "fallback" } else { "first" });
        self.llm_requests
            .get_or_create(&[model, ("outcome", outcome)])
            .inc();
        self.llm_tokens.get_or_create(&[model]).inc_by(tokens);
    }

    /// A part of what a language model wrote was not spoken; `reason` is one of a fixed set.
    pub fn llm_withheld(&self, reason: &'static str, count: u32) {
        self.llm_withheld
            .get_or_create(&[("reason", reason)])
            .inc_by(u64::from(count));
    }

    /// What a turn of a caller says.
    pub fn moment(&self, moment: &Moment) {
        let labels = [
            (&self.emotions, "emotion", moment.emotion.as_str()),
            (&self.urgencies, "urgency", moment.urgency.as_str()),
            (&self.intents, "intent", moment.intent.as_str()),
        ];
        for (family, label, value) in labels {
            family.get_or_create(&[(label, value)]).inc();
        }
    }

    /// A person was offered to a caller who was out of patience.
    pub fn person_offered(&self) {
        self.persons_offered.inc();
    }

    /// A reply was begun before its turn was over; it was the reply, or was dropped.
    pub fn draft(&self, used: bool) {
        let end = if used { "used" } else { "dropped" };
        self.drafts.get_or_create(&[("end", end)]).inc();
    }

    /// Whether a turn sounds finished was judged in a pause, or why not; `outcome` is one of a fixed set.
    pub fn pause_judged(&self, outcome: &'static str) {
        self.pauses.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// The second recogniser heard a part of a turn, or the second voice spoke it.
    pub fn fallback(&self, stage: Stage) {
        self.fallbacks
            .get_or_create(&[("stage", stage.name())])
            .inc();
    }

    /// Caller audio that was not heard because the call lagged behind.
    pub fn audio_frames_dropped(&self, frames: u64) {
        self.audio_frames_dropped.inc_by(frames);
    }

    /// Sound between a caller and the colleague who took the call was dropped on the way.
    pub fn bridged_frames_dropped(&self, frames: u64) {
        self.bridged_frames_dropped.inc_by(frames);
    }

    /// An authentication step ended; `outcome` is one of a fixed set.
    pub fn authentication(&self, outcome: &'static str) {
        self.authentications
            .get_or_create(&[("outcome", outcome)])
            .inc();
    }
}

/// One running call; counted until dropped.
#[derive(Debug)]
pub struct ActiveCall(Gauge);

impl Drop for ActiveCall {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn as_gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn rendered(metrics: &Metrics) -> String {
        let mut registry = Registry::default();
        metrics.register(registry.sub_registry_with_prefix("teller"));
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to a String cannot fail");
        text
    }

    #[test]
    fn what_was_counted_is_rendered() {
        let metrics = Metrics::default();
        let call = metrics.call_started();
        let _other = metrics.call_started();
        drop(call);
        metrics.call_ended("hangup");
        metrics.set_slots(1, 4, 0.25);
        metrics.observe(Stage::Stt, Duration::from_millis(40));
        metrics.observe(Stage::Stt, Duration::from_secs(60));
        metrics.llm_request(false, "late", 0);
        metrics.llm_request(true, "answered", 120);
        metrics.llm_withheld("figure", 2);
        metrics.draft(true);
        metrics.pause_judged("full");
        metrics.fallback(Stage::Stt);
        let text = rendered(&metrics);
        for line in [
            "teller_calls_active 1",
            "teller_calls_total{end_reason=\"hangup\"} 1",
            "teller_slots 4",
            "teller_load 0.25",
            "teller_turn_latency_seconds_bucket{le=\"0.05\",stage=\"stt\"} 1",
            "teller_turn_latency_seconds_bucket{le=\"+Inf\",stage=\"stt\"} 2",
            "teller_turn_latency_seconds_count{stage=\"stt\"} 2",
            "teller_retrievals_total 0",
            "teller_llm_requests_total{model=\"first\",outcome=\"late\"} 1",
            "teller_llm_tokens_total{model=\"fallback\"} 120",
            "teller_llm_withheld_total{reason=\"figure\"} 2",
            "teller_drafts_total{end=\"used\"} 1",
            "teller_pauses_total{outcome=\"full\"} 1",
            "teller_fallbacks_total{stage=\"stt\"} 1",
        ] {
            assert!(text.contains(line), "no `{line}` in:\n{text}");
        }
    }

    #[test]
    fn a_call_that_panics_is_no_longer_active() {
        let metrics = Metrics::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _call = metrics.call_started();
            std::panic::resume_unwind(Box::new("a call's bug"));
        }));
        assert!(panicked.is_err());
        assert!(rendered(&metrics).contains("teller_calls_active 0"));
    }
}
