//! What one chunk scores for a question, and whether it answers it.

/// Words that score more say no more.
const MANY: f32 = 30.0;
/// By so much less than for the score that a question is like a known one speaks for an answer.
const LESS_LIKE: f32 = 18.0;

/// What one chunk scores.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) entry: usize,
    pub(super) score: f32,
    pub(super) words: f32,
    pub(super) nearness: Option<f32>,
    pub(super) learned: f32,
    /// How alike it is to the nearest way of asking, by words.
    pub(super) like: f32,
    pub(super) coverage: f32,
    pub(super) support: f32,
}

impl Hit {
    /// Log odds that the chunk answers the question, fitted to the tests of three packs; see `docs/understanding.md`.
    pub(super) fn support(&self, on_topic: bool) -> f32 {
        let on_topic = if on_topic { 1.0 } else { 0.0 };
        if let Some(near) = self.nearness {
            let words = self.words.min(MANY) / 10.0;
            return 3.1 * near + 1.6 * words + 2.0 * self.coverage + 0.1 * on_topic - 2.7;
        }
        // What few words have in common with a sentence says more of what is meant than of whether it is answered.
        let words = (self.words - LESS_LIKE * self.like).min(MANY) / 10.0;
        1.9 * words + 2.4 * self.coverage + 0.9 * on_topic - 2.2
    }
}
