//! The figures of a turn, for the log and for Prometheus.

use std::time::Duration;

use super::{Session, ledger};
use crate::metrics::Stage;

impl Session {
    /// One line a turn: every figure is defined where it is measured.
    pub(super) fn report_turn(&self, spoken: &ledger::Spoken, interrupted: bool) {
        let meta = spoken.meta.as_ref();
        let reply = spoken
            .started_at
            .zip(spoken.asked_at)
            .map(|(started, asked)| started.saturating_sub(asked));
        let metrics = &self.services.metrics;
        metrics.turn();
        let stages = [
            (Stage::Endpointing, spoken.endpointing),
            (Stage::Retrieval, meta.and_then(|meta| meta.retrieval)),
            (
                Stage::LlmFirstToken,
                meta.and_then(|meta| meta.llm_first_token),
            ),
            (Stage::TtsFirstAudio, spoken.first_audio),
            (Stage::Reply, reply),
        ];
        for (stage, took) in stages {
            if let Some(took) = took {
                metrics.observe(stage, took);
            }
        }
        for request in meta.iter().flat_map(|meta| &meta.model_requests) {
            metrics.llm_request(request.fallback, request.outcome, request.tokens);
        }
        for (reason, count) in meta.iter().flat_map(|meta| &meta.withheld) {
            metrics.llm_withheld(reason.name(), *count);
        }
        if interrupted {
            metrics.interruption();
        }
        let millis =
            |d: Option<Duration>| d.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        tracing::info!(
            session.id = %self.id,
            endpointing_ms = millis(spoken.endpointing),
            stt_ms = millis(spoken.stt),
            head_start_ms = millis(spoken.head_start),
            llm_first_token_ms = millis(meta.and_then(|meta| meta.llm_first_token)),
            tts_first_audio_ms = millis(spoken.first_audio),
            reply_ms = millis(reply),
            route = meta.map(|meta| meta.route.as_str()),
            interrupted,
            "turn"
        );
    }
}
