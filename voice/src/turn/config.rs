//! The times that shape a conversation.

use std::{sync::Arc, time::Duration};

use language::Listening;

/// How patient the agent is; the pack or the environment may change any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnConfig {
    /// Silence after the caller's last sound that ends the turn.
    pub endpointing_delay: Duration,
    /// The same where the caller is plainly not finished: a dangling word, or digits being dictated.
    pub slot_endpointing_delay: Duration,
    /// Replies are drafted while the silence that ends a turn is waited for.
    pub preemptive: bool,
    /// Silence the VAD has already waited when it reports the end of speech.
    pub vad_hangover: Duration,
    /// Continuous caller speech that makes the agent hold its tongue.
    pub barge_in_after: Duration,
    /// How long held speech waits for words before it goes on.
    pub false_interruption_timeout: Duration,
    /// No barge-in so soon after the agent's first sound: the browser's echo canceller is still
    /// learning and would let the agent interrupt itself. Zero on the phone.
    pub aec_warmup: Duration,
    /// Shorter sounds without words are coughs and clicks, and get no "I did not catch that".
    pub silent_turn_min_speech: Duration,
    /// So many "I did not catch that" in a row, then none until words come: a noisy line would
    /// otherwise be talked at for ever.
    pub max_did_not_catch: u32,
    /// Mutual silence before "are you still there?"; `None` never asks and never hangs up.
    pub are_you_there_after: Option<Duration>,
    /// Further silence after that question before the goodbye.
    pub goodbye_after: Duration,
    /// A call whose greeting never became audible counts as opened after this.
    pub opening_timeout: Duration,
    /// A reply that has neither spoken nor ended by then is given up.
    pub thinking_timeout: Duration,
    /// Finished text, or an announcement, that is not audible by then never will be.
    pub speech_timeout: Duration,
    /// Speech of the agent that does not end by then is cut off.
    pub speaking_timeout: Duration,
    /// Caller speech longer than this is noise that the VAD is stuck on.
    pub caller_speech_timeout: Duration,
    /// A transcript that has not come by then is lost.
    pub transcript_timeout: Duration,
    /// The listener's noises and unfinished endings of the caller's language.
    pub listening: Arc<Listening>,
}

impl Default for TurnConfig {
    fn default() -> Self {
        Self {
            endpointing_delay: Duration::from_millis(500),
            slot_endpointing_delay: Duration::from_millis(1200),
            preemptive: true,
            vad_hangover: Duration::from_millis(200),
            barge_in_after: Duration::from_millis(500),
            false_interruption_timeout: Duration::from_secs(2),
            aec_warmup: Duration::from_secs(1),
            silent_turn_min_speech: Duration::from_millis(600),
            max_did_not_catch: 2,
            are_you_there_after: Some(Duration::from_secs(15)),
            goodbye_after: Duration::from_secs(10),
            opening_timeout: Duration::from_secs(30),
            thinking_timeout: Duration::from_secs(12),
            speech_timeout: Duration::from_secs(6),
            speaking_timeout: Duration::from_secs(180),
            caller_speech_timeout: Duration::from_secs(60),
            transcript_timeout: Duration::from_secs(10),
            listening: Arc::default(),
        }
    }
}
