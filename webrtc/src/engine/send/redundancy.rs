//! Redundant audio (RFC 2198): each packet carries the frame before it as well, so that a single
//! loss is repaired one packet later, without a request and without work for the encoder.

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
    last: Vec<u8>,
    /// RTP time of `last`; `None` after a silence.
    last_timestamp: Option<u32>,
    packet: Vec<u8>,
}

impl Redundancy {
    /// The RED payload for a frame: the previous one, if `repeat` says so and it fits, then the
    /// frame itself. `primary` is the payload type of both.
    pub(super) fn wrap(
        &mut self,
        primary: u8,
        payload: &[u8],
        timestamp: u32,
        repeat: bool,
    ) -> &[u8] {
        let offset = self
            .last_timestamp
            .map(|last| timestamp.wrapping_sub(last))
            .filter(|offset| repeat && (1..=MAX_TIMESTAMP_OFFSET).contains(offset))
            .filter(|_| self.last.len() + payload.len() <= MAX_PAYLOAD_BYTES);
        self.packet.clear();
        if let Some(offset) = offset {
            // F, payload type (7 bits), timestamp offset (14), block length (10)
            let fields = offset << 10 | self.last.len() as u32;
            self.packet.push(FOLLOWED | primary);
            self.packet.extend_from_slice(&fields.to_be_bytes()[1..]);
        }
        self.packet.push(primary & !FOLLOWED);
        if offset.is_some() {
            self.packet.extend_from_slice(&self.last);
        }
        self.packet.extend_from_slice(payload);
        self.last.clear();
        self.last_timestamp = (payload.len() <= MAX_BLOCK_BYTES).then(|| {
            self.last.extend_from_slice(payload);
            timestamp
        });
        &self.packet
    }

    /// Nothing of what was said is worth repeating: silence follows.
    pub(super) fn reset(&mut self) {
        self.last_timestamp = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock};

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
            blocks(red.wrap(111, &[1; 70], start, true)),
            [(111, 0, vec![1; 70])]
        );
        let second = red.wrap(111, &[2; 300], start.wrapping_add(960), true);
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
    fn nothing_is_repeated_after_a_silence_or_when_told_not_to() {
        let mut red = Redundancy::default();
        red.wrap(111, &[1], 0, true);
        red.reset();
        assert_eq!(blocks(red.wrap(111, &[2], 960, true)).len(), 1);
        assert_eq!(blocks(red.wrap(111, &[3], 1_920, false)).len(), 1);
        assert_eq!(
            blocks(red.wrap(111, &[4], 2_880, true))[0].2,
            [3],
            "a frame sent without redundancy may still be repeated"
        );
    }

    #[test]
    fn what_does_not_fit_the_header_or_the_packet_is_left_out() {
        let mut red = Redundancy::default();
        red.wrap(111, &[1; MAX_BLOCK_BYTES + 1], 0, true);
        assert_eq!(blocks(red.wrap(111, &[2], 960, true)).len(), 1, "length");
        assert_eq!(
            blocks(red.wrap(111, &[3], 960 + MAX_TIMESTAMP_OFFSET + 1, true)).len(),
            1,
            "time"
        );
        red.wrap(111, &[4; 600], 20_000, true);
        let packet = red.wrap(111, &[5; 600], 20_960, true);
        assert_eq!(blocks(packet).len(), 1, "packet");
    }
}
