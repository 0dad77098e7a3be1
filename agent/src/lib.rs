//! A call in a LiveKit room: the worker that is offered rooms, the room, and the session in it.
//!
//! [`worker`] speaks the agent protocol and brings calls; [`call_runner`] holds one from joining to
//! leaving; [`mod@line`] is what a caller's line carries and [`room`] provides it from a LiveKit room;
//! [`mod@consultation`] is a colleague's line in a room of its own, which [`telephony`] makes;
//! [`session`] is the call itself, the one place that sees every stage.

pub mod call_runner;
pub mod consultation;
pub mod line;
pub mod metrics;
pub mod room;
pub mod session;
pub mod telephony;
pub mod worker;
