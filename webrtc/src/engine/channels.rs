//! Data channels: those of the offer, those opened later, and those the peer opens.

use super::{
    core::Core,
    driver::Connection,
    events::{ChannelEvent, Event, Slot},
    lock::LeafMutex,
};
use crate::{
    RtcError,
    data_channel::{
        DataChannel, DataChannelError, DataChannelInit, DataChannelState, OnBufferedAmountChange,
        OnMessage, OnStateChange,
    },
};
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Instant,
};
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};

/// A data channel as the application holds it.
pub(crate) struct Channel {
    pub(crate) label: String,
    init: DataChannelInit,
    connection: Weak<Connection>,
    status: LeafMutex<Status>,
    pub(crate) on_state: Slot<OnStateChange>,
    pub(crate) on_message: Slot<OnMessage>,
    pub(crate) on_buffered: Slot<OnBufferedAmountChange>,
}

/// Leaf lock: nothing else is locked while it is held.
struct Status {
    phase: Phase,
    /// SCTP stream; -1 until it is known.
    stream_id: i32,
    /// Bytes taken by `send` and not yet reported as sent.
    buffered: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No SCTP association to put it on yet.
    Waiting,
    /// Part of an offer, or being opened.
    Opening(ChannelId),
    Open(ChannelId),
    Closing(ChannelId),
    Closed,
}

impl Phase {
    const fn engine_id(self) -> Option<ChannelId> {
        match self {
            Self::Opening(id) | Self::Open(id) | Self::Closing(id) => Some(id),
            Self::Waiting | Self::Closed => None,
        }
    }
}

impl Channel {
    fn new(
        label: String,
        init: DataChannelInit,
        connection: Weak<Connection>,
        phase: Phase,
    ) -> Arc<Self> {
        let stream_id = init.id;
        Arc::new(Self {
            label,
            init,
            connection,
            status: LeafMutex::new(Status {
                phase,
                stream_id,
                buffered: 0,
            }),
            on_state: Slot::default(),
            on_message: Slot::default(),
            on_buffered: Slot::default(),
        })
    }

    pub(crate) fn id(&self) -> i32 {
        self.status.lock().stream_id
    }

    pub(crate) fn state(&self) -> DataChannelState {
        match self.status.lock().phase {
            Phase::Waiting | Phase::Opening(_) => DataChannelState::Connecting,
            Phase::Open(_) => DataChannelState::Open,
            Phase::Closing(_) => DataChannelState::Closing,
            Phase::Closed => DataChannelState::Closed,
        }
    }

    pub(crate) fn buffered_amount(&self) -> u64 {
        self.status.lock().buffered
    }

    pub(crate) fn send(&self, data: &[u8], binary: bool) -> Result<(), DataChannelError> {
        let connection = self.connection.upgrade().ok_or(DataChannelError::Send)?;
        connection.with(|core, _| core.write_channel(self, data, binary))
    }

    pub(crate) fn close(self: &Arc<Self>) {
        match self.connection.upgrade() {
            Some(connection) => connection.with(|core, _| core.close_channel(self)),
            None => self.status.lock().phase = Phase::Closed,
        }
    }

    fn config(&self) -> ChannelConfig {
        let reliability = match (self.init.max_retransmits, self.init.max_retransmit_time) {
            (Some(retransmits), _) => Reliability::MaxRetransmits {
                retransmits: clamp_u16(retransmits),
            },
            (None, Some(lifetime)) => Reliability::MaxPacketLifetime {
                lifetime: clamp_u16(lifetime),
            },
            (None, None) => Reliability::Reliable,
        };
        ChannelConfig {
            label: self.label.clone(),
            ordered: self.init.ordered,
            reliability,
            negotiated: self.init.negotiated.then(|| clamp_u16(self.init.id)),
            protocol: self.init.protocol.clone(),
        }
    }

    /// What the engine knows it by, from the offer on.
    pub(super) fn engine_id(&self) -> Option<ChannelId> {
        self.phase().engine_id()
    }

    fn phase(&self) -> Phase {
        self.status.lock().phase
    }

    fn enter(&self, phase: Phase) {
        self.status.lock().phase = phase;
    }

    /// Returns whether it was not closed before.
    fn enter_closed(&self) -> bool {
        std::mem::replace(&mut self.status.lock().phase, Phase::Closed) != Phase::Closed
    }
}

/// Negative numbers mean "none" to the callers of this interface.
fn clamp_u16(value: i32) -> u16 {
    u16::try_from(value.max(0)).unwrap_or(u16::MAX)
}

/// The channels of one connection.
#[derive(Default)]
pub(crate) struct Channels {
    /// Created before there is an SCTP association.
    waiting: Vec<Arc<Channel>>,
    by_id: HashMap<ChannelId, Arc<Channel>>,
    /// Both sides have agreed on an `m=application` section.
    negotiated: bool,
    opened: u32,
    closed: u32,
}

impl Channels {
    /// Channels opened and closed so far, for statistics.
    pub(crate) const fn counts(&self) -> (u32, u32) {
        (self.opened, self.closed)
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
    pub(super) fn on_rollback(&mut self, offered: Vec<Arc<Channel>>) {
        for channel in offered {
            let phase = channel.phase();
            if let Some(id) = phase.engine_id() {
                self.by_id.remove(&id);
            }
            if let Phase::Opening(_) = phase {
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
    /// On a closed connection.
    pub(crate) fn create_channel(
        &mut self,
        label: &str,
        init: DataChannelInit,
        now: Instant,
    ) -> Result<DataChannel, RtcError> {
        self.ensure_open()?;
        let channel = Channel::new(
            label.to_owned(),
            init,
            Weak::clone(&self.handle),
            Phase::Waiting,
        );
        self.channels.waiting.push(Arc::clone(&channel));
        if self.channels.negotiated {
            self.open_waiting_channels(now);
        } else {
            self.request_negotiation();
        }
        Ok(DataChannel { inner: channel })
    }

    /// Called after each negotiation: with a data section agreed, channels can open.
    pub(super) fn on_data_section(&mut self, agreed: bool, now: Instant) {
        self.channels.negotiated |= agreed;
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

    /// Channels that were closed between the offer and its answer exist in the engine by now.
    pub(super) fn close_abandoned_channels(
        &mut self,
        offered: &[(Arc<Channel>, ChannelId)],
        now: Instant,
    ) {
        for (channel, id) in offered {
            if channel.phase() == Phase::Closed {
                self.rtc.direct_api().close_data_channel(*id);
                self.drain(now);
            }
        }
    }

    fn write_channel(
        &mut self,
        channel: &Channel,
        data: &[u8],
        binary: bool,
    ) -> Result<(), DataChannelError> {
        let Phase::Open(id) = channel.phase() else {
            return Err(DataChannelError::Send);
        };
        let written = self
            .rtc
            .channel(id)
            .map(|mut engine| engine.write(binary, data));
        if !matches!(written, Some(Ok(true))) {
            return Err(DataChannelError::Send);
        }
        channel.status.lock().buffered += data.len() as u64;
        Ok(())
    }

    fn close_channel(&mut self, channel: &Arc<Channel>) {
        match channel.phase() {
            Phase::Open(id) => {
                channel.enter(Phase::Closing(id));
                self.rtc.direct_api().close_data_channel(id);
            }
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
                return; // closed by the application while it was being opened
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
        let channel = Channel::new(label, init, Weak::clone(&self.handle), Phase::Opening(id));
        self.channels.by_id.insert(id, Arc::clone(&channel));
        self.outbox.events.push(Event::NewChannel(DataChannel {
            inner: Arc::clone(&channel),
        }));
        channel
    }

    pub(super) fn on_channel_data(&mut self, data: ChannelData) {
        if let Some(channel) = self.channels.by_id.get(&data.id).map(Arc::clone) {
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
        if let Some(channel) = self.channels.by_id.remove(&id) {
            self.finish_channel(&channel);
        }
    }

    /// Reports what left the buffers. livekit keeps its own count from these reports and stops
    /// sending without them, so they must add up to exactly the bytes that were sent.
    pub(super) fn report_sent_bytes(&mut self) {
        for (id, channel) in &self.channels.by_id {
            let before = channel.status.lock().buffered;
            if before == 0 {
                continue;
            }
            let left = self
                .rtc
                .channel(*id)
                .map_or(0, |mut engine| engine.buffered_amount() as u64);
            if left < before {
                channel.status.lock().buffered = left;
                let event = ChannelEvent::Sent(before - left);
                self.outbox
                    .events
                    .push(Event::Channel(Arc::clone(channel), event));
            }
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
mod tests {
    use super::*;

    fn config_of(init: DataChannelInit) -> ChannelConfig {
        Channel::new("x".to_owned(), init, Weak::new(), Phase::Waiting).config()
    }

    #[test]
    fn a_default_channel_is_ordered_and_reliable() {
        let config = config_of(DataChannelInit::default());
        assert!(config.ordered);
        assert_eq!(config.reliability, Reliability::Reliable);
        assert_eq!(config.negotiated, None);
    }

    #[test]
    fn a_lossy_channel_is_never_sent_again() {
        let init = DataChannelInit {
            ordered: false,
            max_retransmits: Some(0),
            ..DataChannelInit::default()
        };
        let config = config_of(init);
        assert!(!config.ordered);
        assert_eq!(
            config.reliability,
            Reliability::MaxRetransmits { retransmits: 0 }
        );
    }

    #[test]
    fn a_negotiated_channel_keeps_its_number() {
        let init = DataChannelInit {
            negotiated: true,
            id: 102,
            ..DataChannelInit::default()
        };
        assert_eq!(config_of(init).negotiated, Some(102));
    }

    #[test]
    fn numbers_out_of_range_are_brought_into_it() {
        assert_eq!(
            (clamp_u16(-1), clamp_u16(7), clamp_u16(70_000)),
            (0, 7, u16::MAX)
        );
    }
}
