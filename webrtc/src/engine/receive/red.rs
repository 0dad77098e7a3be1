//! Redundant audio (RFC 2198): a packet that repeats the sound of packets before it.

use std::ops::Range;

/// Blocks of one packet that are looked at. Browsers send two or three; more are refused, which
/// bounds the work a packet can cause.
const MAX_BLOCKS: usize = 8;

/// The bit that says "another header follows".
const MORE: u8 = 0x80;

/// One block of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// How much earlier than the packet its sound begins, RTP ticks. 0 for the packet's own.
    pub(crate) age: u32,
    /// Its bytes within the packet.
    pub(crate) bytes: Range<usize>,
}

/// The blocks of a packet with the payload type of its own sound, oldest first, its own last.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    blocks: [Block; MAX_BLOCKS],
    count: usize,
}

impl Blocks {
    /// `None` for a packet that is cut off or has too many blocks.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        let mut headers = [(0_u8, 0_u32, 0_usize); MAX_BLOCKS];
        let mut count = 0;
        let mut at = 0;
        while *payload.get(at)? & MORE != 0 {
            let header: [u8; 4] = payload.get(at..at + 4)?.try_into().ok()?;
            let word = u32::from_be_bytes(header);
            // 1 bit, 7 bits of payload type, 14 of age, 10 of length.
            let entry = headers.get_mut(count)?;
            *entry = (
                header[0] & !MORE,
                word >> 10 & 0x3fff,
                (word & 0x3ff) as usize,
            );
            count += 1;
            at += 4;
        }
        let own_type = payload[at];
        at += 1;
        let mut found = Self::default();
        for (payload_type, age, length) in headers.into_iter().take(count) {
            let bytes = at..at + length;
            at = bytes.end;
            if payload_type == own_type && age > 0 && length > 0 {
                found.add(Block { age, bytes })?;
            }
        }
        let own = at..payload.len();
        if own.start > own.end {
            return None;
        }
        found.add(Block { age: 0, bytes: own })?;
        Some(found)
    }

    fn add(&mut self, block: Block) -> Option<()> {
        *self.blocks.get_mut(self.count)? = block;
        self.count += 1;
        Some(())
    }

    pub(crate) fn as_slice(&self) -> &[Block] {
        &self.blocks[..self.count]
    }
}

/// The packet's own sound, without copies of other packets; `None` as [`Blocks::parse`] says.
pub(crate) fn own_sound(payload: &[u8]) -> Option<&[u8]> {
    let blocks = Blocks::parse(payload)?;
    payload.get(blocks.as_slice().last()?.bytes.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of a redundant block of Opus (type 111).
    fn header(payload_type: u8, age: u32, length: u32) -> [u8; 4] {
        (u32::from(payload_type | MORE) << 24 | age << 10 | length).to_be_bytes()
    }

    fn parse(payload: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
        let blocks = Blocks::parse(payload)?;
        let bytes = |block: &Block| (block.age, payload[block.bytes.clone()].to_vec());
        Some(blocks.as_slice().iter().map(bytes).collect())
    }

    #[test]
    fn blocks_come_oldest_first_and_the_packets_own_last() {
        let mut packet = Vec::new();
        packet.extend(header(111, 1_920, 2));
        packet.extend(header(111, 960, 3));
        packet.extend([111, 1, 1, 2, 2, 2, 9, 9, 9, 9]);
        let expected = vec![(1_920, vec![1, 1]), (960, vec![2, 2, 2]), (0, vec![9; 4])];
        assert_eq!(parse(&packet), Some(expected));
        assert_eq!(own_sound(&packet), Some([9; 4].as_slice()));
    }

    #[test]
    fn a_packet_without_redundancy_has_its_own_block_alone() {
        assert_eq!(parse(&[111, 5, 6]), Some(vec![(0, vec![5, 6])]));
    }

    #[test]
    fn blocks_of_another_codec_and_empty_ones_are_left_out() {
        let mut packet = Vec::new();
        packet.extend(header(0, 960, 1));
        packet.extend(header(111, 960, 0));
        packet.extend([111, 7, 9]);
        assert_eq!(parse(&packet), Some(vec![(0, vec![9])]));
    }

    #[test]
    fn what_is_cut_off_or_endless_is_refused() {
        let mut packet = header(111, 960, 30).to_vec();
        assert_eq!(parse(&packet), None, "no header of its own block");
        packet.extend([111, 1, 2]);
        assert_eq!(parse(&packet), None, "block longer than the packet");
        assert_eq!(parse(&packet[..2]), None, "half a header");
        assert_eq!(parse(&[]), None);
        let mut endless: Vec<u8> = (0..40).flat_map(|_| header(111, 960, 0)).collect();
        endless.push(111);
        assert_eq!(parse(&endless), None, "40 blocks");
    }
}
