//! What texts mean, from whoever has the embedding model.

use std::{fmt, sync::Arc};

use call::Speaker;
use insight::{sentiment::wording, turn::TurnText};

/// Turns of a call whose meaning is found out, at 8 ms of a core each; feelings beyond go by words. No call has had so many.
const MOST_TURNS: usize = 500;

/// Gives the numbers for what a text means, 384 of them; `None`: it cannot. Blocks for milliseconds. Cheap to clone.
#[derive(Clone)]
pub struct MeaningOf(Arc<Find>);

type Find = dyn Fn(&str) -> Option<Vec<f32>> + Send + Sync;

impl MeaningOf {
    /// By `find`, which always gives the same for the same text.
    pub fn new(find: impl Fn(&str) -> Option<Vec<f32>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Finds out what the caller's turns mean. Blocks.
    pub(crate) fn add_to(&self, turns: &mut [TurnText]) {
        let caller = turns
            .iter_mut()
            .filter(|turn| turn.speaker == Speaker::Caller);
        for turn in caller.take(MOST_TURNS) {
            turn.meaning = (self.0)(&wording(&turn.text));
        }
    }
}

impl fmt::Debug for MeaningOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeaningOf")
    }
}

#[cfg(test)]
mod tests {
    use call::Speaker;
    use insight::turn::TurnText;

    use super::MeaningOf;

    #[test]
    fn what_the_caller_said_gets_its_meaning_without_what_is_no_language() {
        let turn = |seq, speaker, text: &str| TurnText {
            seq,
            speaker,
            text: text.to_owned(),
            intent: None,
            interrupted: false,
            has_sources: false,
            reply: None,
            deed: None,
            meaning: None,
        };
        let mut turns = [
            turn(0, Speaker::Agent, "Good day."),
            turn(1, Speaker::Caller, "@shop thanks"),
        ];
        let meaning = MeaningOf::new(|text| (text == "thanks").then(|| vec![1.0]));
        meaning.add_to(&mut turns);
        assert_eq!(turns[0].meaning, None, "only the caller's");
        assert_eq!(turns[1].meaning, Some(vec![1.0]));
        assert_eq!(format!("{meaning:?}"), "MeaningOf");
    }
}
