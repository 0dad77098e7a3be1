//! Words, stems and numbers of spoken English: text in, text out.

pub mod cue;
pub mod fold;
pub mod lexicon;
mod number;
pub mod numbers;
mod spoken;
mod stem;
pub mod words;

pub use spoken::speakable;
