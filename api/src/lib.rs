#![doc = include_str!("../README.md")]

mod access;
mod callbacks;
mod calls;
mod config;
mod demo;
mod error;
mod gaps;
mod headers;
mod health;
mod knowledge;
mod leads;
mod limit;
mod metrics;
mod openapi;
mod problems;
mod profiles;
mod query;
mod router;
mod servers;
mod state;
mod status;
mod summary;
mod token;
mod topics;
mod words;
mod worker;

pub use config::{HttpConfig, Pages, Topic};
pub use knowledge::{Grouping, KnowledgeView, LikeQuestions, PackDocument};
pub use metrics::HttpMetrics;
pub use openapi::openapi;
pub use servers::Servers;
pub use token::TokenKeys;
pub use worker::{WorkerStatus, WorkerView};

use error::ApiError;
