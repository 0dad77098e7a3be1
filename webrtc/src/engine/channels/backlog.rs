//! Messages that were accepted and are not yet given to SCTP.
//!
//! SCTP is kept on a short lead. What it is given it sends in one sequence, whatever channel it
//! came from, as fast as the peer opens its window: a burst of a megabyte would fill the socket
//! buffers on the way, and a message of a lossy channel behind it would wait for all of it and
//! then be the one that is dropped. So the messages wait here, each channel in its own line, and
//! the channels take turns.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::Duration,
};

/// What may be on the way between two machines close to each other: less than the smallest
/// socket buffer that Linux gives by default holds (some 180 datagrams).
const LEAST_WINDOW_BYTES: usize = 128 * 1024;

/// What may be on the way at most: SCTP's receive window here and at most peers.
const MOST_WINDOW_BYTES: usize = 1024 * 1024;

/// Up to this round trip the least window is enough: 128 KiB in 5 ms are 200 Mbit/s.
const NEAR: Duration = Duration::from_millis(5);

/// How many bytes SCTP may hold, sent or not: the bandwidth above times the round trip.
pub(super) fn window_bytes(round_trip: Option<Duration>) -> usize {
    let micros = round_trip.map_or(0, |time| time.as_micros());
    let bytes = LEAST_WINDOW_BYTES as u128 * micros / NEAR.as_micros();
    usize::try_from(bytes)
        .unwrap_or(MOST_WINDOW_BYTES)
        .clamp(LEAST_WINDOW_BYTES, MOST_WINDOW_BYTES)
}

/// One message of the application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) data: Vec<u8>,
    pub(super) binary: bool,
}

/// The lines of all channels of a connection. Their sum is bounded by the caller, who refuses
/// messages ([`Backlog::bytes`]).
#[derive(Debug)]
pub(super) struct Backlog<I> {
    lines: HashMap<I, Line>,
    /// Channels with messages, the next one to be served first.
    turns: VecDeque<I>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Line {
    messages: VecDeque<Message>,
    bytes: usize,
}

impl<I> Default for Backlog<I> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            turns: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<I: Copy + Eq + Hash> Backlog<I> {
    pub(super) fn push(&mut self, channel: I, message: Message) {
        let bytes = message.data.len();
        let line = self.lines.entry(channel).or_default();
        if line.messages.is_empty() {
            self.turns.push_back(channel);
        }
        line.messages.push_back(message);
        line.bytes += bytes;
        self.bytes += bytes;
    }

    /// The next message, if it is no longer than `room`.
    pub(super) fn pop(&mut self, room: usize) -> Option<(I, Message)> {
        let channel = *self.turns.front()?;
        let line = self.lines.get_mut(&channel)?;
        let length = line.messages.front()?.data.len();
        if length > room {
            return None;
        }
        let message = line.messages.pop_front()?;
        line.bytes -= length;
        self.bytes -= length;
        self.turns.pop_front();
        if line.messages.is_empty() {
            self.lines.remove(&channel);
        } else {
            self.turns.push_back(channel);
        }
        Some((channel, message))
    }

    /// Puts back what was taken by the last [`Self::pop`] and could not be sent.
    pub(super) fn put_back(&mut self, channel: I, message: Message) {
        let bytes = message.data.len();
        let line = self.lines.entry(channel).or_default();
        line.messages.push_front(message);
        line.bytes += bytes;
        self.bytes += bytes;
        self.turns.retain(|turn| *turn != channel);
        self.turns.push_front(channel);
    }

    pub(super) fn forget(&mut self, channel: I) {
        if let Some(line) = self.lines.remove(&channel) {
            self.bytes -= line.bytes;
            self.turns.retain(|turn| *turn != channel);
        }
    }

    pub(super) fn bytes_of(&self, channel: I) -> usize {
        self.lines.get(&channel).map_or(0, |line| line.bytes)
    }

    /// Empty messages count: a line of them is not empty.
    pub(super) fn has(&self, channel: I) -> bool {
        self.lines.contains_key(&channel)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u8, length: usize) -> Message {
        Message {
            data: vec![n; length],
            binary: true,
        }
    }

    fn popped(backlog: &mut Backlog<char>) -> Option<(char, u8)> {
        backlog
            .pop(usize::MAX)
            .map(|(channel, message)| (channel, message.data[0]))
    }

    #[test]
    fn a_short_message_does_not_wait_behind_the_bulk_of_another_channel() {
        let mut backlog = Backlog::default();
        for n in 0..100 {
            backlog.push('r', message(n, 15_000));
        }
        backlog.push('l', message(200, 10));
        let firsts: Vec<_> = (0..4).filter_map(|_| popped(&mut backlog)).collect();
        assert_eq!(firsts, [('r', 0), ('l', 200), ('r', 1), ('r', 2)]);
        assert_eq!(backlog.bytes(), 97 * 15_000);
    }

    #[test]
    fn a_message_waits_until_there_is_room_and_keeps_its_place() {
        let mut backlog = Backlog::default();
        backlog.push('a', message(1, 100));
        backlog.push('a', message(2, 1));
        assert_eq!(backlog.pop(99), None);
        let (channel, first) = backlog.pop(100).expect("room for the first");
        backlog.put_back(channel, first);
        assert_eq!(backlog.bytes_of('a'), 101);
        let order: Vec<_> = std::iter::from_fn(|| popped(&mut backlog)).collect();
        assert_eq!(order, [('a', 1), ('a', 2)]);
        assert!(backlog.is_empty() && backlog.bytes() == 0);
    }

    #[test]
    fn a_closed_channel_leaves_nothing_behind() {
        let mut backlog = Backlog::default();
        backlog.push('a', message(1, 100));
        backlog.push('b', message(2, 10));
        backlog.forget('a');
        assert_eq!((backlog.bytes(), backlog.bytes_of('a')), (10, 0));
        assert_eq!(popped(&mut backlog), Some(('b', 2)));
        assert_eq!(popped(&mut backlog), None);
    }

    #[test]
    fn empty_messages_have_their_turn() {
        let mut backlog = Backlog::default();
        backlog.push('a', message(0, 0));
        assert!(backlog.has('a') && !backlog.is_empty());
        assert!(backlog.pop(0).is_some());
        assert!(!backlog.has('a'));
    }

    #[test]
    fn the_window_grows_with_the_distance_and_is_bounded() {
        let ms = |n| Some(Duration::from_millis(n));
        assert_eq!(window_bytes(None), LEAST_WINDOW_BYTES);
        assert_eq!(window_bytes(ms(1)), LEAST_WINDOW_BYTES);
        assert_eq!(window_bytes(ms(20)), 4 * LEAST_WINDOW_BYTES);
        assert_eq!(window_bytes(ms(60_000)), MOST_WINDOW_BYTES);
    }
}
