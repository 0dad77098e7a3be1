//! How a caller wishes to be answered, and how much they know.

use language::contains_any;

use super::{Level, Style};
use crate::english::english;

pub(super) fn style(text: &str) -> Option<Style> {
    let cues = &english().moment.cues;
    let lists = [
        (Style::Concise, &cues.concise),
        (Style::Detailed, &cues.detailed),
        (Style::Formal, &cues.formal),
        (Style::Casual, &cues.casual),
    ];
    let mut shown = lists
        .into_iter()
        .filter(|(_, list)| contains_any(text, list));
    shown.next().map(|(style, _)| style)
}

pub(super) fn level(text: &str) -> Option<Level> {
    let cues = &english().moment.cues;
    match (
        contains_any(text, &cues.beginner),
        contains_any(text, &cues.expert),
    ) {
        (true, _) => Some(Level::Beginner),
        (false, true) => Some(Level::Expert),
        (false, false) => None,
    }
}
