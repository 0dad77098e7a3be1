//! What the agent was saying while something was heard, and whether that was it.

use std::{collections::VecDeque, time::Duration};

use voice::{
    echo::{Echo, Judged, Sent, own_words},
    listen::Utterance,
    turn::TurnConfig,
};

/// An echo comes so much later at most: 400 ms of its own, and the network twice.
const LATEST: Duration = Duration::from_millis(800);
/// Whoever begins to speak so long after the agent answers it; by words alone that is told apart no better.
const ANSWERS: Duration = Duration::from_millis(100);
/// Sentences that are remembered; when there are more, the oldest was over long ago.
const SENTENCES: usize = 12;
/// The silence by which the end of an utterance is noticed.
const NOTICED: Duration = Duration::from_millis(200);

/// The agent's own voice, as it may be heard.
#[derive(Debug)]
pub(super) struct OwnVoice {
    echo: Echo,
    /// What was said.
    said: VecDeque<Sentence>,
    /// Since then nothing is audible.
    silent_since: Option<Duration>,
}

/// A sentence that was heard of the agent.
#[derive(Debug)]
struct Sentence {
    from: Duration,
    /// It is over: another one began, or nothing is heard any more.
    to: Option<Duration>,
    text: String,
}

/// What was being said while an utterance was heard.
#[derive(Debug)]
pub(super) struct SaidMeanwhile {
    words: String,
    likeness: Option<f32>,
}

impl OwnVoice {
    pub(super) fn new(sent: Sent) -> Self {
        Self {
            echo: Echo::new(sent),
            said: VecDeque::new(),
            silent_since: Some(Duration::ZERO),
        }
    }

    /// A sentence begins to be heard.
    pub(super) fn says(&mut self, sentence: &str, now: Duration) {
        if self.said.len() == SENTENCES {
            self.said.pop_front();
        }
        self.end_sentence(now);
        self.said.push_back(Sentence {
            from: now,
            to: None,
            text: sentence.to_owned(),
        });
        self.silent_since = None;
    }

    /// Nothing is heard of the agent any more.
    pub(super) fn falls_silent(&mut self, now: Duration) {
        self.silent_since.get_or_insert(now);
        self.end_sentence(now);
    }

    fn end_sentence(&mut self, now: Duration) {
        if let Some(last) = self.said.back_mut() {
            last.to.get_or_insert(now);
        }
    }

    /// Whether this sound of the caller's line is surely nothing but the agent's voice coming back.
    pub(super) fn is_heard_in(&mut self, frame: &[i16], now: Duration) -> bool {
        self.echo.hear(frame, now)
    }

    /// What was being said while an utterance was heard that has ended by `now`; `None`: nothing that could come back.
    pub(super) fn said_during(
        &self,
        utterance: &Utterance,
        now: Duration,
    ) -> Option<SaidMeanwhile> {
        let voiced = utterance.ended_ms.saturating_sub(utterance.started_ms);
        let ended = now.saturating_sub(NOTICED);
        let begun = ended.saturating_sub(Duration::from_millis(voiced));
        let likeness = self.echo.likeness(now - begun, now - ended);
        let silent_since = self.silent_since.unwrap_or(Duration::MAX);
        // By its words, and by sounds of which it is not known how they come back, an answer may be like the question.
        let latest = if self.echo.knows_path() {
            LATEST
        } else {
            ANSWERS
        };
        if begun > silent_since.saturating_add(latest) {
            return None;
        }
        let heard = self.said.iter().filter(|sentence| {
            let to = sentence.to.unwrap_or(Duration::MAX);
            sentence.from <= ended && to.saturating_add(LATEST) >= begun
        });
        let sentences: Vec<&str> = heard.map(|sentence| sentence.text.as_str()).collect();
        (!sentences.is_empty()).then(|| SaidMeanwhile {
            words: sentences.join(" "),
            likeness,
        })
    }
}

impl SaidMeanwhile {
    /// What of `heard` the caller said; nothing where it is the agent's own.
    pub(super) fn leaves(&self, heard: &str, config: &TurnConfig) -> Option<String> {
        match own_words(heard, &self.words, self.likeness, &config.listening) {
            Judged::Own => None,
            Judged::Callers(text) => Some(text),
        }
    }
}
