//! Figures need a source; a caller's own may be read back, and are never confirmed.

use language::{
    guard::Guard,
    quantity::{Figure, figures},
};

use super::Grounds;

/// Whether a sentence states a figure that is in nothing the model was given, or takes one from the caller as a fact.
pub(super) fn is_invented(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    let is_read_back = || guard.reads_back(sentence);
    let invented = |figure: &Figure| {
        let is_of_caller = || figure.is_among(&grounds.callers_figures) && is_read_back();
        !(figure.is_among(&grounds.figures) || is_of_caller())
    };
    figures(sentence).iter().any(invented)
}
