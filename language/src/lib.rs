#![doc = include_str!("../README.md")]

mod lexicon;
mod normalize;
pub mod numbers;
pub mod phrase;
mod spoken;
mod stem;
mod token;
mod words;

pub use lexicon::Lexicon;
pub use normalize::{Term, normalize};
pub use spoken::speakable;
pub use stem::stem;
pub use words::{Break, Word, contains_any, find_phrase, keys, words};
