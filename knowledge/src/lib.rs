#![doc = include_str!("../README.md")]

mod answer;
mod base;
mod chunk;
mod error;
mod evidence;
mod index;
mod lines;
mod load;
mod pack;
mod route;
mod router;

pub use answer::{Answer, Citation, is_grounded, sentences};
pub use base::KnowledgeBase;
pub use chunk::{CHUNK_OVERLAP, CHUNK_SIZE, Chunk, chunks, split};
pub use error::PackError;
pub use index::Passage;
pub use pack::{
    Actions, BankingWords, CueSet, DocumentText, GroundingMode, Lines, Pack, Settings,
    SilenceSettings, SmallTalk, Topic, VoiceSettings,
};
pub use route::{Reason, Route, RouteContext, Routed};
