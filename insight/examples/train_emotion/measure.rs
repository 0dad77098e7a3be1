//! How often the model is right, and how likely each emotion is taken to be beforehand.

use insight::sentiment::{Emotion, Logits, shown};

use crate::data::Example;

/// One text: what speaks for each emotion, and which it is.
pub(crate) struct Case {
    logits: Logits,
    /// Tenths that the lexicon finds.
    tenths: [i32; 8],
    truth: Emotion,
}

/// What is added to the logits.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) bias: Logits,
    /// For each tenth of the lexicon's.
    pub(crate) lexicon: f32,
}

const STEPS: [f32; 6] = [-0.4, -0.2, -0.1, 0.1, 0.2, 0.4];
const LEXICON: [f32; 5] = [0.0, 0.01, 0.02, 0.04, 0.07];
const ROUNDS: usize = 8;

impl Case {
    /// `None` where people were of two minds.
    pub(crate) fn new(example: &Example, logits: Logits) -> Option<Self> {
        let at = (0..8).find(|at| example.shows[*at] > 0.9)?;
        Some(Self {
            logits,
            tenths: shown(&example.text).strengths,
            truth: Emotion::ALL[at],
        })
    }

    fn said(&self, choice: &Choice) -> Emotion {
        let of = |at: usize| {
            let tenths = f32::from(i16::try_from(self.tenths[at]).unwrap_or(i16::MAX));
            self.logits[at] + choice.bias[at] + choice.lexicon * tenths
        };
        let best = (0..8).max_by(|a, b| of(*a).total_cmp(&of(*b)));
        Emotion::ALL[best.expect("eight")]
    }
}

impl Choice {
    pub(crate) const NONE: Self = Self {
        bias: [0.0; 8],
        lexicon: 0.0,
    };

    /// The one under which the macro F1 over these is best, found by turning one number after the other.
    pub(crate) fn best(cases: &[Case]) -> Self {
        let mut best = Self::NONE;
        let mut most = Confusion::of(cases, &best).macro_f1();
        for _ in 0..ROUNDS {
            for lexicon in LEXICON {
                let tried = Self {
                    lexicon,
                    ..best.clone()
                };
                better(cases, tried, &mut best, &mut most);
            }
            for at in 0..8 {
                for step in STEPS {
                    let mut tried = best.clone();
                    tried.bias[at] += step;
                    better(cases, tried, &mut best, &mut most);
                }
            }
        }
        best
    }
}

fn better(cases: &[Case], tried: Choice, best: &mut Choice, most: &mut f64) {
    let worth = Confusion::of(cases, &tried).macro_f1();
    if worth > *most {
        (*best, *most) = (tried, worth);
    }
}

/// Truth by what was said.
pub(crate) struct Confusion(pub(crate) [[usize; 8]; 8]);

impl Confusion {
    pub(crate) fn of(cases: &[Case], choice: &Choice) -> Self {
        let mut counts = [[0; 8]; 8];
        for case in cases {
            counts[case.truth as usize][case.said(choice) as usize] += 1;
        }
        Self(counts)
    }

    pub(crate) fn f1(&self, emotion: Emotion) -> f64 {
        let of = emotion as usize;
        let right = self.0[of][of] as f64;
        let truth = self.0[of].iter().sum::<usize>() as f64;
        let said = self.0.iter().map(|row| row[of]).sum::<usize>() as f64;
        2.0 * right / (truth + said).max(1.0)
    }

    pub(crate) fn macro_f1(&self) -> f64 {
        let all = Emotion::ALL.iter().map(|emotion| self.f1(*emotion));
        all.sum::<f64>() / 8.0
    }

    pub(crate) fn accuracy(&self) -> f64 {
        let right = (0..8).map(|at| self.0[at][at]).sum::<usize>() as f64;
        let all = self.0.iter().flatten().sum::<usize>() as f64;
        right / all.max(1.0)
    }
}
