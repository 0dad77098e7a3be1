#![doc = include_str!("../README.md")]

mod english;
mod fact;
pub mod grams;
pub mod guard;
mod lexicon;
mod listening;
mod moment;
pub mod money;
mod normalize;
pub mod numbers;
pub mod phrase;
pub mod pronunciation;
pub mod quantity;
pub mod sound;
mod spoken;
mod stem;
mod stop_words;
mod token;
mod words;

pub use english::{ENGLISH, is_known_word};
pub use fact::{FactForm, FactKey, FactValue, FactWords};
pub use lexicon::Lexicon;
pub use listening::{Listening, SummaryWords};
pub use moment::{IntentWords, MomentWords, NamedWords, UrgencyWords};
pub use normalize::{Term, normalize};
pub use spoken::speakable;
pub use stem::stem;
pub use stop_words::{is_function_word, is_stop_word};
pub use words::{Break, Word, contains_any, find_phrase, keys, words};
