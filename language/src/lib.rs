//! Words, stems and numbers of spoken English: text in, text out.

pub mod cue;
pub mod fold;
pub mod lexicon;
mod number;
mod spoken;
mod stem;

pub use spoken::speakable;
