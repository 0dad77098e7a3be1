//! Redundant audio (RFC 2198): each packet carries the frame before it as well, so that a single
//! loss is repaired one packet later, without a request and without work for the encoder. Where much
//! is lost it carries the two frames before it.

use std::collections::VecDeque;

/// Frames before its own that a packet repeats at most. At 20 % loss one copy leaves 4 % of frames
/// unrepaired, two leave 1 %; a third would come too late to be played.
pub(super) const MAX_COPIES: usize = 2;

/// What fits the fields of a redundant block's header.
const MAX_BLOCK_BYTES: usize = (1 << 10) - 1;
const MAX_TIMESTAMP_OFFSET: u32 = (1 << 14) - 1;

/// Room in a packet that no network fragments.
const MAX_PAYLOAD_BYTES: usize = 1_100;

/// "Another block follows" in the first byte of a block's header.
const FOLLOWED: u8 = 0x80;

/// Wraps the frames of one stream.
#[derive(Debug, Default)]
pub(super) struct Redundancy {
    /// The last frames with their RTP times, oldest first. Bounded by [`MAX_COPIES`]: the oldest
    /// goes.
    last: VecDeque<(u32, Vec<u8>)>,
    packet: Vec<u8>,
}

impl Redundancy {
    /// The RED payload for a frame: up to so many `copies` of those before it that fit, then the
    /// frame itself. `primary` is the payload type of all.
    pub(super) fn wrap(
        &mut self,
        primary: u8,
        payload: &[u8],
        timestamp: u32,
        copies: usize,
    ) -> &[u8] {
        let repeated = self.repeated(payload.len(), timestamp, copies);
        let copied = || self.last.iter().skip(self.last.len() - repeated);
        self.packet.clear();
        for (earlier, bytes) in copied() {
            // F, payload type (7 bits), timestamp offset (14), block length (10)
            let fields = timestamp.wrapping_sub(*earlier) << 10 | bytes.len() as u32;
            self.packet.push(FOLLOWED | primary);
            self.packet.extend_from_slice(&fields.to_be_bytes()[1..]);
        }
        self.packet.push(primary & !FOLLOWED);
        for (_, bytes) in copied() {
            self.packet.extend_from_slice(bytes);
        }
        self.packet.extend_from_slice(payload);
        self.remember(payload, timestamp);
        &self.packet
    }

    /// How many of the last frames go with one of so many bytes: the newest that fit.
    fn repeated(&self, bytes: usize, timestamp: u32, copies: usize) -> usize {
        let mut room = MAX_PAYLOAD_BYTES.saturating_sub(bytes);
        let newest = self.last.iter().rev().take(copies);
        let fitting = newest.take_while(|(earlier, bytes)| {
            let offset = timestamp.wrapping_sub(*earlier);
            let fits = (1..=MAX_TIMESTAMP_OFFSET).contains(&offset) && bytes.len() <= room;
            room = room.saturating_sub(bytes.len());
            fits
        });
        fitting.count()
    }

    fn remember(&mut self, payload: &[u8], timestamp: u32) {
        if payload.len() > MAX_BLOCK_BYTES {
            self.reset();
            return;
        }
        let mut bytes = if self.last.len() == MAX_COPIES {
            self.last
                .pop_front()
                .map_or_else(Vec::new, |(_, bytes)| bytes)
        } else {
            Vec::new()
        };
        bytes.clear();
        bytes.extend_from_slice(payload);
        self.last.push_back((timestamp, bytes));
    }

    /// Nothing of what was said is worth repeating: silence follows.
    pub(super) fn reset(&mut self) {
        self.last.clear();
    }
}

#[cfg(test)]
mod tests {
    use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock};

    use super::*;

    type Blocks = Vec<(u8, u32, Vec<u8>)>;

    /// Payload type, timestamp offset and bytes of each block, as an independent reader has it.
    fn blocks(packet: &[u8]) -> Blocks {
        let blocks = RedDecoder::decode(packet).expect("a well-formed packet");
        blocks
            .into_iter()
            .map(|block| (block.pt, block.timestamp_offset, block.payload.to_vec()))
            .collect()
    }

    #[test]
    fn each_packet_repeats_the_frame_before_it() {
        let mut red = Redundancy::default();
        let start = u32::MAX - 500; // the timestamp wraps between the frames
        assert_eq!(
            blocks(red.wrap(111, &[1; 70], start, 1)),
            [(111, 0, vec![1; 70])]
        );
        let second = red.wrap(111, &[2; 300], start.wrapping_add(960), 1);
        assert_eq!(
            blocks(second),
            [(111, 960, vec![1; 70]), (111, 0, vec![2; 300])]
        );
        let written = RedEncoder::encode(
            111,
            &[2; 300],
            &[RedundantBlock {
                pt: 111,
                timestamp_offset: 960,
                payload: vec![1; 70],
            }],
        );
        assert_eq!(second, written, "another writer's bytes differ");
    }

    #[test]
    fn where_much_is_lost_each_packet_repeats_the_two_frames_before_it() {
        let mut red = Redundancy::default();
        red.wrap(111, &[1; 70], 0, 2);
        red.wrap(111, &[2; 80], 960, 2);
        assert_eq!(
            blocks(red.wrap(111, &[3; 90], 1_920, 2)),
            [
                (111, 1_920, vec![1; 70]),
                (111, 960, vec![2; 80]),
                (111, 0, vec![3; 90])
            ]
        );
        assert_eq!(blocks(red.wrap(111, &[4; 90], 2_880, 1)).len(), 2);
        // The nearest frame matters most: it goes alone where both do not fit.
        red.wrap(111, &[5; 600], 3_840, 2);
        red.wrap(111, &[6; 400], 4_800, 2);
        let ages: Vec<u32> = blocks(red.wrap(111, &[7; 400], 5_760, 2))
            .iter()
            .map(|b| b.1)
            .collect();
        assert_eq!(ages, [960, 0]);
    }

    #[test]
    fn nothing_is_repeated_after_a_silence_or_when_told_not_to() {
        let mut red = Redundancy::default();
        red.wrap(111, &[1], 0, 1);
        red.reset();
        assert_eq!(blocks(red.wrap(111, &[2], 960, 1)).len(), 1);
        assert_eq!(blocks(red.wrap(111, &[3], 1_920, 0)).len(), 1);
        assert_eq!(
            blocks(red.wrap(111, &[4], 2_880, 1))[0].2,
            [3],
            "a frame sent without redundancy may still be repeated"
        );
    }

    #[test]
    fn what_does_not_fit_the_header_or_the_packet_is_left_out() {
        let mut red = Redundancy::default();
        red.wrap(111, &[1; MAX_BLOCK_BYTES + 1], 0, 1);
        assert_eq!(blocks(red.wrap(111, &[2], 960, 1)).len(), 1, "length");
        assert_eq!(
            blocks(red.wrap(111, &[3], 960 + MAX_TIMESTAMP_OFFSET + 1, 1)).len(),
            1,
            "time"
        );
        red.wrap(111, &[4; 600], 20_000, 1);
        let packet = red.wrap(111, &[5; 600], 20_960, 1);
        assert_eq!(blocks(packet).len(), 1, "packet");
    }
}
