//! The times that shape a conversation.

use std::{sync::Arc, time::Duration};

use language::Listening;

/// How patient the agent is; the pack or the environment may change any of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnConfig {
    /// Silence after the caller's last sound that ends the turn, where nobody judges how it sounds.
    pub endpointing_delay: Duration,
    /// The same where the caller is plainly not finished: digits being dictated or, where nobody judges how the turn
    /// sounds, a dangling word.
    pub slot_endpointing_delay: Duration,
    /// Silence that ends a turn which sounds finished.
    pub finished_delay: Duration,
    /// Silence that ends a turn which sounds unfinished, or whose words are.
    pub unfinished_delay: Duration,
    /// A turn that is over with this probability or a greater one sounds finished, 0 to 1.
    pub finished_probability: f32,
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
            finished_delay: Duration::from_millis(280),
            unfinished_delay: Duration::from_millis(1600),
            finished_probability: 0.5,
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

/// How soon silence is taken for the end of a turn: one setting for all delays. What each costs and spares is measured in
/// docs/turn-taking.md.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patience {
    /// Answers soonest, and cuts callers off more often.
    Eager,
    /// What most callers want.
    #[default]
    Balanced,
    /// For callers who search for words: answers later, and seldom cuts anybody off.
    Patient,
}

impl Patience {
    /// A configuration with this patience.
    #[must_use]
    pub fn applied_to(self, config: TurnConfig) -> TurnConfig {
        let (finished_probability, [finished, unfinished, silence, slot]) = match self {
            Self::Eager => (0.3, [240, 1200, 400, 1100]),
            Self::Balanced => return config,
            Self::Patient => (0.8, [450, 2200, 800, 1600]),
        };
        TurnConfig {
            finished_probability,
            finished_delay: Duration::from_millis(finished),
            unfinished_delay: Duration::from_millis(unfinished),
            endpointing_delay: Duration::from_millis(silence),
            slot_endpointing_delay: Duration::from_millis(slot),
            ..config
        }
    }
}
