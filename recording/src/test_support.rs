//! Recordings read again, as a player reads them.

use opus::{Channels, Decoder};

use crate::{RATE_HZ, ogg};

/// A page of an Ogg file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// 2 for the first, 4 for the last, else 0.
    pub flags: u8,
    /// Where it ends, by Opus' clock of 48 kHz.
    pub granule: u64,
    /// Of the file.
    pub serial: u32,
    /// Counts from 0.
    pub sequence: u32,
    /// What is in it; none goes over its edge.
    pub packets: Vec<Vec<u8>>,
}

/// The pages of a file.
///
/// # Panics
/// When it is none, or a checksum is wrong.
#[must_use]
pub fn pages(mut bytes: &[u8]) -> Vec<Page> {
    let mut pages = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(&bytes[..5], b"OggS\0", "a page begins here");
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let pieces = usize::from(bytes[26]);
        let lacing = &bytes[27..27 + pieces];
        let body: usize = lacing.iter().map(|piece| usize::from(*piece)).sum();
        let end = 27 + pieces + body;
        let mut checked = bytes[..end].to_vec();
        checked[22..26].fill(0);
        assert_eq!(ogg::crc(&checked), word(22), "the page is whole");
        let (mut packets, mut packet, mut at) = (Vec::new(), Vec::new(), 27 + pieces);
        for piece in lacing.iter().map(|piece| usize::from(*piece)) {
            packet.extend_from_slice(&bytes[at..at + piece]);
            at += piece;
            if piece < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        assert!(packet.is_empty(), "no packet goes over the edge");
        pages.push(Page {
            flags: bytes[5],
            granule: u64::from(word(6)) | u64::from(word(10)) << 32,
            serial: word(14),
            sequence: word(18),
            packets,
        });
        bytes = &bytes[end..];
    }
    pages
}

/// The caller's and the agent's sound of a whole file, at [`RATE_HZ`], from the beginning of the call on.
///
/// # Panics
/// When it is no recording.
#[must_use]
pub fn decode(bytes: &[u8]) -> [Vec<i16>; 2] {
    let pages = pages(bytes);
    let head = &pages[0].packets[0];
    assert!(head.starts_with(b"OpusHead\x01\x02"), "two channels");
    let pre_skip =
        usize::from(u16::from_le_bytes([head[10], head[11]])) * RATE_HZ as usize / 48_000;
    let mut decoder = Decoder::new(RATE_HZ, Channels::Stereo).expect("a decoder");
    let mut sound = Vec::new();
    for packet in pages[2..].iter().flat_map(|page| &page.packets) {
        let mut block = [0; 2 * 5_760];
        let length = decoder
            .decode(packet, &mut block, false)
            .expect("an Opus packet");
        sound.extend_from_slice(&block[..2 * length]);
    }
    let side = |offset: usize| {
        sound
            .chunks(2)
            .skip(pre_skip)
            .map(|pair| pair[offset])
            .collect()
    };
    [side(0), side(1)]
}

/// The root of the mean square of a stretch, in milliseconds of one side's sound.
#[must_use]
pub fn loudness(sound: &[i16], milliseconds: std::ops::Range<usize>) -> f64 {
    let per_ms = RATE_HZ as usize / 1_000;
    let stretch = &sound[(milliseconds.start * per_ms).min(sound.len())
        ..(milliseconds.end * per_ms).min(sound.len())];
    let energy: f64 = stretch
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (energy / stretch.len().max(1) as f64).sqrt()
}
