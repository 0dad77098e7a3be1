//! How urgent a turn is.

use language::words;

use super::{
    IntentCategory, Urgency,
    trade::{Said, Trade},
};
use crate::sentiment::Emotion;

/// Letters from which on capitals are loud, and the share of them that must be.
const LOUD_LETTERS: usize = 12;

/// How it is written: of typed words alone, a recogniser has no capitals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Loudness {
    /// Two or more exclamation marks, or question marks, together.
    pub(super) marks: bool,
    /// Written in capitals.
    pub(super) capitals: bool,
}

impl Loudness {
    pub(super) fn of(text: &str, typed: bool) -> Self {
        if !typed {
            return Self::default();
        }
        let marks = ["!!", "??", "?!", "!?"]
            .iter()
            .any(|run| text.contains(run));
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let capitals = letters().filter(|c| c.is_uppercase()).count();
        let count = letters().count();
        Self {
            marks,
            capitals: count >= LOUD_LETTERS && capitals * 10 >= count * 7,
        }
    }

    pub(super) fn is_loud(self) -> bool {
        self.marks || self.capitals
    }
}

/// The level, and what to do now where the pack says it. Words first; loud writing raises what is not critical by one.
pub(super) fn read(
    (said, trade): (&Said, &Trade),
    loudness: Loudness,
    intent: IntentCategory,
    emotion: Emotion,
) -> (Urgency, Option<String>) {
    if let Some((Urgency::Critical, now)) = trade.urgency(said) {
        return (Urgency::Critical, now.map(str::to_owned));
    }
    let by_words = trade.urgency(said).map(|(level, _)| level);
    let level = by_words.unwrap_or_else(|| by_matter(intent, emotion));
    let level = match (level, loudness.is_loud()) {
        (Urgency::Low, true) => Urgency::Medium,
        (Urgency::Medium, true) => Urgency::High,
        (level, _) => level,
    };
    (level, None)
}

/// Something that does not work, and somebody upset, are more pressing than a question.
fn by_matter(intent: IntentCategory, emotion: Emotion) -> Urgency {
    let is_trouble = matches!(
        intent,
        IntentCategory::ProblemSolving | IntentCategory::Complaint
    );
    let is_upset = matches!(
        emotion,
        Emotion::Angry | Emotion::Frustrated | Emotion::Worried
    );
    match (is_trouble, is_upset) {
        (true, true) if emotion == Emotion::Angry => Urgency::High,
        (true, _) => Urgency::Medium,
        (false, _) => Urgency::Low,
    }
}

/// Whether the turn asks.
pub(super) fn is_question(text: &str) -> bool {
    text.contains('?') || {
        let first = words(text).into_iter().next();
        first.is_some_and(|first| {
            let asking = &crate::english::english().summary.dates.asking;
            asking.contains(&first.key) || matches!(first.key.as_str(), "why" | "whose")
        })
    }
}
