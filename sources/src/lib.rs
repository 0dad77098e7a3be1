#![doc = include_str!("../README.md")]

mod child;
mod error;
mod fetch;
mod local;
mod parse;
mod robots;
mod settings;
mod store;
mod web;

pub use child::{Parser, serve_child};
pub use error::{LeftOut, SourcesError};
pub use fetch::{Event, Fetch, Report, fetch};
pub use settings::{Freshness, Kind, Priority, Recrawl, Source, Sources};
