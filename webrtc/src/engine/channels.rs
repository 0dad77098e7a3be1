//! Data channels: those of the offer, those opened later, and those the peer opens.
//!
//! [`channel`] is one channel as the application holds it; [`flow`] decides when a message goes
//! to SCTP and reports what was sent; [`backlog`] is where messages wait for that.

mod backlog;
mod channel;
mod flow;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::channel::{ChannelData, ChannelId};

pub(crate) use self::channel::Channel;
use self::{backlog::Backlog, channel::Phase};
use super::{
    core::Core,
    events::{ChannelEvent, Event},
    negotiation::sdp::DataSection,
};
use crate::types::{
    data_channel::{DataChannelInit, DataChannelState},
    error::RtcError,
};

/// The longest message for a peer that does not say what it takes (RFC 8841).
const DEFAULT_MESSAGE_BYTES: usize = 64 * 1024;

/// Label and protocol of a channel together, bytes: what the engine has room for in the message
/// that opens it (RFC 8832 section 5.1), 12 bytes less than 1,500. It would panic over more.
const MAX_NAME_BYTES: usize = 1_488;

/// The channels of one connection.
pub(crate) struct Channels {
    /// Created before there is an SCTP association.
    waiting: Vec<Arc<Channel>>,
    by_id: HashMap<ChannelId, Arc<Channel>>,
    /// Messages that SCTP does not have yet.
    backlog: Backlog<ChannelId>,
    /// Closed by the application; their streams end when they are empty.
    closing: Vec<ChannelId>,
    /// The longest message that the peer takes.
    max_message_bytes: usize,
    /// As ICE last measured it.
    round_trip: Option<Duration>,
    /// Both sides have agreed on an `m=application` section.
    negotiated: bool,
    /// The socket is behind: nothing more is put on the way.
    congested: bool,
    opened: u32,
    closed: u32,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            by_id: HashMap::new(),
            backlog: Backlog::default(),
            closing: Vec::new(),
            max_message_bytes: DEFAULT_MESSAGE_BYTES,
            round_trip: None,
            negotiated: false,
            congested: false,
            opened: 0,
            closed: 0,
        }
    }
}

impl Channels {
    /// The channels that SCTP knows.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.by_id.values()
    }

    /// A new measurement of the time to the peer and back.
    pub(crate) const fn set_round_trip(&mut self, round_trip: Option<Duration>) {
        self.round_trip = round_trip;
    }

    /// Channels opened and closed so far, for statistics.
    pub(crate) const fn counts(&self) -> (u32, u32) {
        (self.opened, self.closed)
    }

    /// Whether a socket has too much waiting for it to be given more data.
    pub(crate) const fn set_congested(&mut self, congested: bool) {
        self.congested = congested;
    }

    /// Whether an offer must ask for a data section, and for which channels.
    pub(super) fn to_offer(&self) -> Vec<Arc<Channel>> {
        if self.negotiated {
            Vec::new()
        } else {
            self.waiting.clone()
        }
    }

    /// Channels that an offer has given an engine id: no longer waiting.
    pub(super) fn on_offered(&mut self, offered: &[Arc<Channel>]) {
        for channel in offered {
            if let Some(id) = channel.phase().engine_id() {
                self.by_id.insert(id, Arc::clone(channel));
            }
        }
        self.waiting
            .retain(|waiting| !offered.iter().any(|channel| Arc::ptr_eq(channel, waiting)));
    }

    /// The offer that carried these channels was abandoned: they wait for the next.
    pub(super) fn on_rollback(&mut self, offered: Vec<(Arc<Channel>, ChannelId)>) {
        for (channel, id) in offered {
            self.by_id.remove(&id);
            if let Phase::Opening(_) = channel.phase() {
                channel.enter(Phase::Waiting);
                if !self
                    .waiting
                    .iter()
                    .any(|waiting| Arc::ptr_eq(waiting, &channel))
                {
                    self.waiting.push(channel);
                }
            }
        }
    }
}

impl Core {
    /// # Errors
    ///
    /// On a closed connection, and for a label and protocol that are too long together.
    pub(crate) fn create_channel(
        &mut self,
        label: &str,
        init: DataChannelInit,
        now: Instant,
    ) -> Result<Arc<Channel>, RtcError> {
        self.ensure_open()?;
        let bytes = label.len() + init.protocol.len();
        if bytes > MAX_NAME_BYTES {
            return Err(RtcError::state(format!(
                "a channel's label and protocol of {bytes} bytes; at most {MAX_NAME_BYTES} are sent"
            )));
        }
        let channel = Channel::new(label.to_owned(), init, Phase::Waiting);
        self.channels.waiting.push(Arc::clone(&channel));
        if self.channels.negotiated {
            self.open_waiting_channels(now);
        }
        Ok(channel)
    }

    /// Called after each negotiation with the peer's data section: with one
    /// agreed, channels can open.
    pub(super) fn on_data_section(&mut self, agreed: Option<DataSection>, now: Instant) {
        if let Some(DataSection { max_message_bytes }) = agreed {
            self.channels.negotiated = true;
            self.channels.max_message_bytes = max_message_bytes.unwrap_or(DEFAULT_MESSAGE_BYTES);
        }
        if self.channels.negotiated {
            self.open_waiting_channels(now);
        }
    }

    fn open_waiting_channels(&mut self, now: Instant) {
        for channel in std::mem::take(&mut self.channels.waiting) {
            let id = self.rtc.direct_api().create_data_channel(channel.config());
            channel.enter(Phase::Opening(id));
            self.channels.by_id.insert(id, channel);
            self.drain(now);
        }
    }

    /// Puts the channels that an offer announces into the engine's plan for it.
    pub(super) fn plan_channels(api: &mut str0m::change::SdpApi<'_>, channels: &[Arc<Channel>]) {
        for channel in channels {
            let id = api.add_channel_with_config(channel.config());
            channel.enter(Phase::Opening(id));
        }
    }

    /// The engine opens every channel of the offer, also one that was closed before the answer;
    /// it is closed again when the engine reports it open.
    pub(super) fn keep_abandoned_channels(&mut self, offered: Vec<(Arc<Channel>, ChannelId)>) {
        for (channel, id) in offered {
            if channel.phase() == Phase::Closed {
                self.channels.by_id.insert(id, channel);
            }
        }
    }

    /// Closes a channel of this connection: once it is empty, if it is open.
    pub(crate) fn close_channel(&mut self, channel: &Arc<Channel>) {
        match channel.phase() {
            Phase::Open(id) => self.close_open_channel(channel, id),
            // What the engine is opening stays known by its number until that is done: the peer
            // may have the channel already, and must be notified of its end.
            Phase::Waiting | Phase::Opening(_) => {
                channel.enter(Phase::Closed);
                self.channels
                    .waiting
                    .retain(|waiting| !Arc::ptr_eq(waiting, channel));
                self.report_channel(channel, ChannelEvent::State(DataChannelState::Closed));
            }
            Phase::Closing(_) | Phase::Closed => {}
        }
    }

    pub(super) fn close_all_channels(&mut self) {
        self.channels.backlog = Backlog::default();
        self.channels.closing.clear();
        let open: Vec<_> = self
            .channels
            .by_id
            .drain()
            .map(|(_, channel)| channel)
            .collect();
        let waiting = std::mem::take(&mut self.channels.waiting);
        for channel in open.into_iter().chain(waiting) {
            self.finish_channel(&channel);
        }
    }

    // ---- reports of the engine --------------------------------------------

    pub(super) fn on_channel_open(&mut self, id: ChannelId, label: String) {
        let stream = self.rtc.direct_api().sctp_stream_id_by_channel_id(id);
        let stream_id = stream.map_or(-1, i32::from);
        let known = self.channels.by_id.get(&id).map(Arc::clone);
        let channel = known.unwrap_or_else(|| self.accept_channel(id, label, stream_id));
        {
            let mut status = channel.status.lock();
            status.stream_id = stream_id;
            if status.phase != Phase::Opening(id) {
                // Closed by the application while it was being opened.
                drop(status);
                self.channels.closing.push(id);
                return;
            }
            status.phase = Phase::Open(id);
        }
        self.channels.opened += 1;
        self.report_channel(&channel, ChannelEvent::State(DataChannelState::Open));
    }

    /// The peer opened a channel: announces it before its first state.
    fn accept_channel(&mut self, id: ChannelId, label: String, stream_id: i32) -> Arc<Channel> {
        let ordered = self
            .rtc
            .channel(id)
            .and_then(|channel| channel.config().map(|config| config.ordered));
        let init = DataChannelInit {
            ordered: ordered.unwrap_or(true),
            id: stream_id,
            ..DataChannelInit::default()
        };
        let channel = Channel::new(label, init, Phase::Opening(id));
        self.channels.by_id.insert(id, Arc::clone(&channel));
        let event = Event::NewChannel(Arc::clone(&channel));
        self.outbox.events.push(event);
        channel
    }

    pub(super) fn on_channel_data(&mut self, data: ChannelData) {
        if let Some(channel) = self.channels.by_id.get(&data.id).map(Arc::clone) {
            {
                let counters = &mut channel.status.lock().counters;
                counters.messages_received = counters.messages_received.wrapping_add(1);
                counters.bytes_received += data.data.len() as u64;
            }
            self.report_channel(
                &channel,
                ChannelEvent::Message {
                    data: data.data,
                    binary: data.binary,
                },
            );
        }
    }

    pub(super) fn on_channel_close(&mut self, id: ChannelId) {
        self.channels.backlog.forget(id);
        self.channels.closing.retain(|closing| *closing != id);
        if let Some(channel) = self.channels.by_id.remove(&id) {
            self.finish_channel(&channel);
        }
    }

    fn finish_channel(&mut self, channel: &Arc<Channel>) {
        if channel.enter_closed() {
            self.channels.closed += 1;
            self.report_channel(channel, ChannelEvent::State(DataChannelState::Closed));
        }
    }

    fn report_channel(&mut self, channel: &Arc<Channel>, event: ChannelEvent) {
        self.outbox
            .events
            .push(Event::Channel(Arc::clone(channel), event));
    }
}

#[cfg(test)]
mod tests;
