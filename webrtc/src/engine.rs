//! The media engine: packets in, audio frames out.
//!
//! ```text
//!            driver/        the only sockets, the only clock, the only tasks
//!               |  datagram + now                   ^  datagrams, events, next deadline
//!               v                                   |
//!             core          one connection as a value: ICE, DTLS, SRTP, SCTP (str0m)
//!            /  |  \
//! negotiation/  |   channels          who may send what; data channels
//!         transport/                  gathering, and when a connection is lost or failed
//!
//! send/     source -> (resample) -> Opus -> RED -> RTP   one per local track and transceiver
//! receive/  RTP -> jitter buffer -> Opus -> frames       one per remote track
//! cryptor/  seals frames behind the encoder, opens them before the jitter buffer
//! ```
//!
//! Everything below `driver` is a value that takes `now` as an argument: it opens no socket,
//! reads no clock, starts no task and knows nothing of the driver, so each of these modules is
//! tested without waiting. What it needs of the driver is passed in: a [`ticker::Ticker`] where
//! streams are called, a [`cryptor::Background`] for work that takes long.
//!
//! # Lock order
//!
//! A thread that holds one of these locks may take only locks further down:
//!
//! 1. one sink ([`sink::SinkSet`] runs its sinks without holding its list);
//! 2. a connection's [`core::Core`];
//! 3. a transceiver's state;
//! 4. leaves, which take nothing further: a channel's status, a sink list, a jitter buffer, a
//!    source's queue, a frame queue, a cryptor's keys and state, the event queue, a callback slot, the list of sockets.
//!
//! The application's callbacks run with none of them held. [`lock`] checks all of this wherever
//! debug assertions are on.

pub(crate) mod channels;
pub(crate) mod core;
pub(crate) mod cryptor;
pub(crate) mod driver;
pub(crate) mod events;
pub(crate) mod guard;
pub(crate) mod lock;
pub(crate) mod negotiation;
pub(crate) mod pulse;
pub(crate) mod receive;
pub(crate) mod resample;
pub(crate) mod send;
pub(crate) mod sink;
pub(crate) mod slot;
pub(crate) mod stats;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod test_support;
pub(crate) mod ticker;
pub(crate) mod track;
pub(crate) mod traffic;
pub(crate) mod transport;
pub(crate) mod uuid;
pub(crate) mod wakers;

#[cfg(test)]
mod tests;
