//! The only HTTP client of the product: what may be asked, where, and how much is taken.
//!
//! An address that a page, a pack or a caller named must not reach what only this host can reach. So
//!
//! - a name is resolved here, every address of the answer is judged, and the connection goes to exactly those
//!   addresses ([`Client`]); nothing asks DNS a second time, so that a name cannot answer differently once it was
//!   judged;
//! - loopback, private, link-local and other addresses that are not the internet's are refused ([`is_public`]),
//!   unless whoever runs the program allowed that host by its name ([`Settings::private_hosts`]);
//! - each redirect passes the same checks and those of the request ([`Request::only`]); there are at most five, and none
//!   leads from https to http; credentials stay with the origin that they were meant for;
//! - an answer has 10 MB at most, counted as it arrives, and all of it comes within the time limit ([`Limits`]);
//! - no proxy of the environment is used: it would resolve names by itself.

mod address;
mod breaker;
mod client;
mod error;
mod hosts;
mod names;
mod request;

pub use address::is_public;
pub use breaker::{Breaker, SharedBreaker};
pub use client::{Client, Settings};
pub use error::OutboundError;
pub use hosts::{HostList, HostPatternError};
pub use names::{Names, Resolving, SystemNames};
pub use request::{Answer, Limits, Request};
pub use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
