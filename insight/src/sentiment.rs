//! How the caller felt, per turn and over the call: a linear model over words, letters and meaning, with a lexicon and
//! the call's facts beside it.
//!
//! ```text
//! words and letters --+
//! what it means ------+--> eight sums --> how likely each emotion is --> negative, neutral or positive
//! the lexicon --------+
//! ```

mod features;
mod lexicon;
mod over_call;
mod weights;

use call::{Sentiment, text_enum};

pub use features::{BUCKETS, features, wording};
pub use lexicon::{Shown, shown};
pub use over_call::{CallFeeling, of_call};
pub use weights::{Logits, MEANING, Mix, Weights, share};
pub(crate) use {features::features_in, weights::Head};

text_enum! {
    /// The eight emotions kept per turn.
    pub enum Emotion {
        /// It does not go as it should.
        Frustrated = "frustrated",
        /// It will be good.
        Excited = "excited",
        /// It is not clear.
        Confused = "confused",
        /// Somebody is at fault.
        Angry = "angry",
        /// None to be seen.
        Neutral = "neutral",
        /// It is good.
        Happy = "happy",
        /// It went as it should.
        Satisfied = "satisfied",
        /// It may end badly.
        Worried = "worried",
    }
}

impl Emotion {
    /// All, in the order in which numbers for each are kept.
    pub const ALL: [Self; 8] = [
        Self::Frustrated,
        Self::Excited,
        Self::Confused,
        Self::Angry,
        Self::Neutral,
        Self::Happy,
        Self::Satisfied,
        Self::Worried,
    ];
}

impl From<Emotion> for Sentiment {
    fn from(emotion: Emotion) -> Self {
        match emotion {
            Emotion::Excited | Emotion::Happy | Emotion::Satisfied => Self::Positive,
            Emotion::Frustrated | Emotion::Angry | Emotion::Worried | Emotion::Confused => {
                Self::Negative
            }
            Emotion::Neutral => Self::Neutral,
        }
    }
}

/// The feeling in one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feeling {
    /// The likeliest emotion of the likeliest sentiment; neutral when nothing shows one.
    pub emotion: Emotion,
    /// Tenths: 10 is a plain "thanks", -20 a plain "terrible". Its sign is the sentiment's: positive is good.
    pub score: i32,
}

impl Feeling {
    /// Negative, neutral or positive.
    #[must_use]
    pub fn sentiment(self) -> Sentiment {
        self.emotion.into()
    }
}

/// The feeling in `text`. `meaning` is the 384 numbers that `embedding` finds for [`wording`] of it; without them, or with
/// another count of them, words and letters decide.
#[must_use]
pub fn of_turn(text: &str, meaning: Option<&[f32]>) -> Feeling {
    if !text.contains(|c: char| c.is_alphabetic() || c as u32 > 0x2000) {
        return NOTHING;
    }
    let shown = shown(text);
    let logits = Weights::kept().logits(text, meaning, &shown);
    judged(&logits, &shown)
}

const NOTHING: Feeling = Feeling {
    emotion: Emotion::Neutral,
    score: 0,
};
/// Tenths of a feeling that is certain and that no word of the lexicon shows.
const CERTAIN: f32 = 10.0;

/// The feeling that sums stand for. The sentiment is decided first: three small angers are more than one middling joy.
#[must_use]
pub fn judged(logits: &Logits, shown: &Shown) -> Feeling {
    let shares = shares(logits);
    let of = |sentiment: Sentiment| {
        let all = Emotion::ALL.into_iter().zip(shares);
        all.filter(move |(emotion, _)| Sentiment::from(*emotion) == sentiment)
    };
    let total = |sentiment| of(sentiment).map(|(_, share)| share).sum::<f32>();
    // Of equals the neutral one.
    let mut likeliest = Sentiment::Neutral;
    for sentiment in [Sentiment::Negative, Sentiment::Positive] {
        if total(sentiment) > total(likeliest) {
            likeliest = sentiment;
        }
    }
    let strongest = of(likeliest).max_by(|(_, a), (_, b)| a.total_cmp(b));
    let emotion = strongest.map_or(Emotion::Neutral, |(emotion, _)| emotion);
    let surely = (CERTAIN * total(likeliest)).round() as i32;
    let score = match likeliest {
        Sentiment::Negative => (-surely).min(shown.score),
        Sentiment::Neutral => 0,
        Sentiment::Positive => surely.max(shown.score),
    };
    Feeling { emotion, score }
}

/// How likely each emotion is; together 1.
fn shares(logits: &Logits) -> Logits {
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let raised = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = raised.iter().sum();
    raised.map(|share| share / sum)
}

/// Whether a word turns what follows it: "not", "never", "don't".
pub(crate) fn is_negation(key: &str) -> bool {
    key.ends_with("n't")
        || matches!(
            key,
            "not" | "no" | "never" | "hardly" | "barely" | "without" | "cannot" | "nothing"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, emotion: Emotion, sign: i32) {
        let feeling = of_turn(text, None);
        assert_eq!(
            (feeling.emotion, feeling.score.signum()),
            (emotion, sign),
            "{text:?} scored {}",
            feeling.score
        );
    }

    #[test]
    fn a_turn_has_the_emotion_of_its_strongest_words() {
        use Emotion::*;
        check("What is my balance?", Neutral, 0);
        check("", Neutral, 0);
        check("Thank you very much.", Satisfied, 1);
        check("I am so happy with that.", Happy, 1);
        check("I am very angry with your bank.", Angry, -1);
        check(
            "I called three times already, nobody is helping me.",
            Frustrated,
            -1,
        );
        check("I don't understand.", Confused, -1);
        check("Someone stole my card, I'm worried.", Worried, -1);
        check("Wow, amazing, I can't wait!", Excited, 1);
        check("This is terrible service.", Angry, -1);
    }

    #[test]
    fn a_negation_turns_praise_and_dulls_complaint() {
        use Emotion::*;
        check("I am not happy.", Frustrated, -1);
        check("That is not very helpful.", Frustrated, -1);
        check("It's not bad.", Neutral, 0);
        check("No problem, thanks.", Satisfied, 1);
        check("No, thank you.", Satisfied, 1);
        check("Thanks for nothing.", Angry, -1);
        check("No thanks to you.", Frustrated, -1);
        check("This is not acceptable.", Frustrated, -1);
        // The comma ends the reach of "not".
        check("It is not, but thank you.", Satisfied, 1);
    }

    #[test]
    fn eight_emotions_map_to_three_sentiments() {
        use Emotion::*;
        for (emotion, sentiment) in [
            (Excited, Sentiment::Positive),
            (Happy, Sentiment::Positive),
            (Satisfied, Sentiment::Positive),
            (Frustrated, Sentiment::Negative),
            (Angry, Sentiment::Negative),
            (Worried, Sentiment::Negative),
            (Confused, Sentiment::Negative),
            (Neutral, Sentiment::Neutral),
        ] {
            assert_eq!(Sentiment::from(emotion), sentiment, "{emotion:?}");
        }
    }
}
