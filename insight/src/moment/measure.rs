//! How often what is read in turns is right, field by field.

use call::text_enum;

use super::{IntentCategory, Moment, Urgency};
use crate::sentiment::Emotion;

text_enum! {
    /// A field of a moment that labelled lines may have.
    pub enum Field {
        /// One of eight.
        Emotion = "emotion",
        /// `critical`, `high`, `medium` or `low`.
        Urgency = "urgency",
        /// One of eight.
        Intent = "intent_category",
        /// `negative`, `neutral` or `positive`.
        Sentiment = "sentiment",
    }
}

impl Field {
    /// All.
    pub const ALL: [Self; 4] = [Self::Emotion, Self::Urgency, Self::Intent, Self::Sentiment];

    /// The labels that it may have.
    #[must_use]
    pub fn labels(self) -> Vec<&'static str> {
        match self {
            Self::Emotion => Emotion::ALL.map(Emotion::as_str).to_vec(),
            Self::Urgency => Urgency::ALL.map(Urgency::as_str).to_vec(),
            Self::Intent => IntentCategory::ALL.map(IntentCategory::as_str).to_vec(),
            Self::Sentiment => vec!["negative", "neutral", "positive"],
        }
    }

    /// The label that a moment has.
    #[must_use]
    pub fn of(self, moment: &Moment) -> &'static str {
        match self {
            Self::Emotion => moment.emotion.as_str(),
            Self::Urgency => moment.urgency.as_str(),
            Self::Intent => moment.intent.as_str(),
            Self::Sentiment => match moment.sentiment.signum() {
                -1 => "negative",
                0 => "neutral",
                _ => "positive",
            },
        }
    }
}

/// How often each label was said of the lines that have each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// The labels, in the order of rows and columns.
    pub labels: Vec<&'static str>,
    /// By the truth, then by what was said.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Of no line.
    #[must_use]
    pub fn new(field: Field) -> Self {
        let labels = field.labels();
        let counts = vec![vec![0; labels.len()]; labels.len()];
        Self { labels, counts }
    }

    /// Counts a line; `false` when one of the two is no label of the field.
    pub fn add(&mut self, truth: &str, said: &str) -> bool {
        let place = |label: &str| self.labels.iter().position(|of| *of == label);
        let (Some(truth), Some(said)) = (place(truth), place(said)) else {
            return false;
        };
        self.counts[truth][said] += 1;
        true
    }

    /// Lines.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Precision, recall and F1 of the label at this place, 0 to 1; 0 where nothing is to be divided.
    #[must_use]
    pub fn of(&self, at: usize) -> [f64; 3] {
        let right = self.counts[at][at] as f64;
        let truth = self.counts[at].iter().sum::<usize>() as f64;
        let said = self.counts.iter().map(|row| row[at]).sum::<usize>() as f64;
        let share = |of: f64| if of > 0.0 { right / of } else { 0.0 };
        let f1 = if truth + said > 0.0 {
            2.0 * right / (truth + said)
        } else {
            0.0
        };
        [share(said), share(truth), f1]
    }

    /// The mean F1 over the labels that some line has.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let held = (0..self.labels.len()).filter(|at| self.counts[*at].iter().sum::<usize>() > 0);
        let f1: Vec<f64> = held.map(|at| self.of(at)[2]).collect();
        f1.iter().sum::<f64>() / (f1.len().max(1) as f64)
    }

    /// The share of lines of other labels that were given the label at this place: its false alarms.
    #[must_use]
    pub fn false_alarms(&self, at: usize) -> f64 {
        let others = (0..self.labels.len()).filter(|row| *row != at);
        let (mut said, mut all) = (0, 0);
        for row in others {
            said += self.counts[row][at];
            all += self.counts[row].iter().sum::<usize>();
        }
        said as f64 / (all.max(1) as f64)
    }

    /// The share of lines that were given their label.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.labels.len()).map(|at| self.counts[at][at]).sum();
        right as f64 / (self.lines().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Confusion, Field};

    #[test]
    fn figures_are_those_of_a_table_counted_by_hand() {
        let mut table = Confusion::new(Field::Sentiment);
        for (truth, said, times) in [
            ("negative", "negative", 6),
            ("negative", "neutral", 2),
            ("neutral", "negative", 1),
            ("neutral", "neutral", 9),
        ] {
            for _ in 0..times {
                assert!(table.add(truth, said));
            }
        }
        assert!(!table.add("negative", "glad"), "no such label");
        assert_eq!(table.lines(), 18);
        let [precision, recall, f1] = table.of(0);
        assert!((precision - 6.0 / 7.0).abs() < 1e-9 && (recall - 0.75).abs() < 1e-9);
        assert!((f1 - 0.8).abs() < 1e-9, "{f1}");
        // Nobody is positive: the mean is of the two that lines have.
        let neutral = 18.0 / 21.0;
        assert!((table.macro_f1() - (0.8 + neutral) / 2.0).abs() < 1e-9);
        assert!((table.false_alarms(0) - 0.1).abs() < 1e-9);
        assert!((table.accuracy() - 15.0 / 18.0).abs() < 1e-9);
    }
}
