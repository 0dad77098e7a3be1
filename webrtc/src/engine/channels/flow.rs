//! When a message goes to SCTP, and what is reported to the application.

use std::{sync::Arc, time::Instant};

use str0m::{Rtc, channel::ChannelId};

use super::{
    Channel,
    backlog::{Message, window_bytes},
    channel::Phase,
};
use crate::{
    engine::{
        core::Core,
        events::{ChannelEvent, Event},
    },
    types::data_channel::DataChannelError,
};

/// Bytes that the channels of a connection may hold, waiting and on the way, before `send` is
/// refused. livekit stops at 2 MiB itself.
const BUFFER_BYTES: usize = 16 * 1024 * 1024;

impl Core {
    /// Takes a message for sending.
    ///
    /// # Errors
    ///
    /// While the channel is not open, with a full buffer, and for a message longer than the peer
    /// takes.
    pub(crate) fn write_channel(
        &mut self,
        channel: &Channel,
        data: &[u8],
        binary: bool,
        now: Instant,
    ) -> Result<(), DataChannelError> {
        let Phase::Open(id) = channel.phase() else {
            return Err(DataChannelError::Send);
        };
        let held = self.channels.backlog.bytes() + self.bytes_in_sctp();
        if held + data.len() > BUFFER_BYTES || data.len() > self.channels.max_message_bytes {
            return Err(DataChannelError::Send);
        }
        {
            let mut status = channel.status.lock();
            status.buffered += data.len() as u64;
            status.counters.messages_sent = status.counters.messages_sent.wrapping_add(1);
            status.counters.bytes_sent += data.len() as u64;
        }
        let data = data.to_vec();
        self.channels.backlog.push(id, Message { data, binary });
        self.feed_sctp(now);
        Ok(())
    }

    /// Gives SCTP the next messages, as far as its window is open and the sockets keep up.
    pub(in crate::engine) fn feed_sctp(&mut self, now: Instant) {
        if !self.channels.closing.is_empty() {
            self.close_emptied_channels(now);
        }
        if self.channels.backlog.is_empty() || self.channels.congested {
            return;
        }
        let window = window_bytes(self.channels.round_trip);
        let mut in_sctp = self.bytes_in_sctp();
        while !self.channels.congested {
            // A message longer than the whole window goes when nothing else is on the way.
            let room = if in_sctp == 0 {
                usize::MAX
            } else {
                window.saturating_sub(in_sctp)
            };
            let Some((id, message)) = self.channels.backlog.pop(room) else {
                break;
            };
            let written = match self.rtc.channel(id) {
                Some(mut engine) => engine.write(message.binary, &message.data),
                None => continue, // the peer closed it: nobody is left to read this
            };
            match written {
                Ok(true) => in_sctp += message.data.len(),
                Ok(false) => {
                    self.channels.backlog.put_back(id, message);
                    break;
                }
                Err(error) => log::warn!("a message was not sent: {error}"),
            }
            self.drain(now);
        }
    }

    fn bytes_in_sctp(&mut self) -> usize {
        let ids = self.channels.by_id.keys();
        ids.map(|id| buffered(&mut self.rtc, *id)).sum()
    }

    /// A channel that the application closed stays until the peer has what was sent before:
    /// resetting its stream would discard the rest.
    fn close_emptied_channels(&mut self, now: Instant) {
        let (backlog, rtc) = (&self.channels.backlog, &mut self.rtc);
        let (waiting, emptied): (Vec<_>, Vec<_>) = std::mem::take(&mut self.channels.closing)
            .into_iter()
            .partition(|id| backlog.has(*id) || buffered(rtc, *id) > 0);
        self.channels.closing = waiting;
        for id in emptied {
            self.rtc.direct_api().close_data_channel(id);
            self.drain(now);
        }
    }

    /// Reports what left the buffers. livekit keeps its own count from these reports and stops
    /// sending without them, so they must add up to exactly the bytes that were sent.
    pub(in crate::engine) fn report_sent_bytes(&mut self) {
        for (id, channel) in &self.channels.by_id {
            let before = channel.status.lock().buffered;
            if before == 0 {
                continue;
            }
            let in_sctp = buffered(&mut self.rtc, *id);
            let left = (in_sctp + self.channels.backlog.bytes_of(*id)) as u64;
            if left < before {
                channel.status.lock().buffered = left;
                let event = ChannelEvent::Sent(before - left);
                self.outbox
                    .events
                    .push(Event::Channel(Arc::clone(channel), event));
            }
        }
    }

    /// Closes a channel that is open as soon as it is empty.
    pub(super) fn close_open_channel(&mut self, channel: &Channel, id: ChannelId) {
        channel.enter(Phase::Closing(id));
        self.channels.closing.push(id);
    }
}

/// Bytes of a channel that SCTP holds: not sent yet, or not acknowledged.
fn buffered(rtc: &mut Rtc, id: ChannelId) -> usize {
    rtc.channel(id)
        .map_or(0, |mut engine| engine.buffered_amount())
}
