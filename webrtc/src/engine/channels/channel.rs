//! One data channel as the application holds it.

use std::sync::Arc;

use str0m::channel::{ChannelConfig, ChannelId, Reliability};

use crate::{
    engine::{events::ChannelEvent, lock::LeafMutex, slot::Slot},
    types::data_channel::{
        DataBuffer, DataChannelInit, DataChannelState, OnBufferedAmountChange, OnMessage,
        OnStateChange,
    },
};

/// A data channel as the application holds it.
pub(crate) struct Channel {
    pub(crate) label: String,
    pub(super) init: DataChannelInit,
    pub(super) status: LeafMutex<Status>,
    pub(crate) on_state: Slot<OnStateChange>,
    pub(crate) on_message: Slot<OnMessage>,
    pub(crate) on_buffered: Slot<OnBufferedAmountChange>,
}

/// Leaf lock: nothing else is locked while it is held.
pub(super) struct Status {
    pub(super) phase: Phase,
    /// SCTP stream; -1 until it is known.
    pub(super) stream_id: i32,
    /// Bytes taken by `send` and not yet reported as sent.
    pub(super) buffered: u64,
    pub(super) counters: ChannelCounters,
}

/// What went through a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelCounters {
    pub(crate) messages_sent: u32,
    pub(crate) bytes_sent: u64,
    pub(crate) messages_received: u32,
    pub(crate) bytes_received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No SCTP association to put it on yet.
    Waiting,
    /// Part of an offer, or being opened.
    Opening(ChannelId),
    Open(ChannelId),
    Closing(ChannelId),
    Closed,
}

impl Phase {
    pub(super) const fn engine_id(self) -> Option<ChannelId> {
        match self {
            Self::Opening(id) | Self::Open(id) | Self::Closing(id) => Some(id),
            Self::Waiting | Self::Closed => None,
        }
    }
}

impl Channel {
    pub(super) fn new(label: String, init: DataChannelInit, phase: Phase) -> Arc<Self> {
        let stream_id = init.id;
        Arc::new(Self {
            label,
            init,
            status: LeafMutex::new(Status {
                phase,
                stream_id,
                buffered: 0,
                counters: ChannelCounters::default(),
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

    pub(crate) fn counters(&self) -> ChannelCounters {
        self.status.lock().counters
    }

    pub(crate) fn protocol(&self) -> &str {
        &self.init.protocol
    }

    /// Closes a channel whose connection is gone: there is no peer to notify.
    pub(crate) fn abandon(&self) {
        self.enter(Phase::Closed);
    }

    /// Passes an event to the application's callback for it, if there is one.
    pub(in crate::engine) fn deliver(&self, event: ChannelEvent) {
        match event {
            ChannelEvent::State(state) => self.on_state.call(|f| f(state)),
            ChannelEvent::Message { data, binary } => self.on_message.call(|f| {
                f(DataBuffer {
                    data: &data,
                    binary,
                })
            }),
            ChannelEvent::Sent(bytes) => self.on_buffered.call(|f| f(bytes)),
        }
    }

    pub(super) fn config(&self) -> ChannelConfig {
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
    pub(crate) fn engine_id(&self) -> Option<ChannelId> {
        self.phase().engine_id()
    }

    pub(super) fn phase(&self) -> Phase {
        self.status.lock().phase
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.status.lock().phase = phase;
    }

    /// Returns whether it was not closed before.
    pub(super) fn enter_closed(&self) -> bool {
        std::mem::replace(&mut self.status.lock().phase, Phase::Closed) != Phase::Closed
    }
}

/// Negative numbers mean "none" to the callers of this interface.
fn clamp_u16(value: i32) -> u16 {
    u16::try_from(value.max(0)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(init: DataChannelInit) -> ChannelConfig {
        Channel::new("x".to_owned(), init, Phase::Waiting).config()
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
