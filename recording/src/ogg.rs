//! Opus in Ogg (RFC 3533, RFC 7845), in a form whose every byte has a place that is known beforehand.
//!
//! ```text
//! file:     header | segment 0 | segment 1 | …            each segment is sealed and stored for itself
//! segment:  ten pages of one second (the last segment has fewer), each of fifty packets of 20 ms
//! ```
//!
//! Page n of a recording is second n, whoever made it: a segment that was lost is replaced by
//! [`silence`] when a recording is read, and what follows stays where it was.

/// Packets of a page.
pub(crate) const PACKETS: usize = 50;
/// Seconds, and pages, of a segment.
pub const SEGMENT_SECONDS: u32 = 10;
/// Ogg's clock of Opus, Hz, whatever the sound's own rate is.
const CLOCK_HZ: u64 = 48_000;
/// What an encoder of [`crate::RATE_HZ`] looks ahead, in samples of that clock: a player leaves it out.
pub(crate) const PRE_SKIP: u16 = 312;
/// 20 ms of digital silence on two channels (RFC 6716: CELT, full band, its "silence" flag).
const SILENT_PACKET: [u8; 3] = [0xfc, 0xff, 0xfe];

/// Who made it, as every Ogg file of Opus says.
const VENDOR: &[u8] = b"Teller";

const FIRST: u8 = 2;
const LAST: u8 = 4;
const HEADER_PAGES: u32 = 2;

/// What a recording begins with. `serial` is the same in all of its pages.
#[must_use]
pub fn header(serial: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend_from_slice(&PRE_SKIP.to_le_bytes());
    head.extend_from_slice(&crate::RATE_HZ.to_le_bytes());
    // Gain of 0 dB, channel mapping family 0: left and right.
    head.extend_from_slice(&[0, 0, 0]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend_from_slice(&(VENDOR.len() as u32).to_le_bytes());
    tags.extend_from_slice(VENDOR);
    tags.extend_from_slice(&0_u32.to_le_bytes());
    let mut out = page(serial, 0, 0, FIRST, &[head]);
    out.extend(page(serial, 1, 0, 0, &[tags]));
    out
}

/// The page of second number `second`; `last` ends the recording, and may have fewer packets.
pub(crate) fn second(serial: u32, second: u32, packets: &[Vec<u8>], last: bool) -> Vec<u8> {
    let before = u64::from(second) * CLOCK_HZ;
    let granule = before + packets.len() as u64 * (CLOCK_HZ / PACKETS as u64);
    let flags = if last { LAST } else { 0 };
    page(serial, HEADER_PAGES + second, granule, flags, packets)
}

/// What stands for a segment that was lost.
#[must_use]
pub fn silence(serial: u32, segment: u32) -> Vec<u8> {
    let packets = vec![SILENT_PACKET.to_vec(); PACKETS];
    let first = segment * SEGMENT_SECONDS;
    (first..first + SEGMENT_SECONDS)
        .flat_map(|number| second(serial, number, &packets, false))
        .collect()
}

/// A page of whole packets: at most 255 pieces of 255 bytes, which fifty packets of this bit rate never fill.
fn page(serial: u32, sequence: u32, granule: u64, flags: u8, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        lacing.push((packet.len() % 255) as u8);
    }
    let mut out = b"OggS\x00".to_vec();
    out.push(flags);
    out.extend_from_slice(&granule.to_le_bytes());
    out.extend_from_slice(&serial.to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    let checksum = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(u8::try_from(lacing.len()).expect("fifty packets have less than 255 pieces"));
    out.extend_from_slice(&lacing);
    for packet in packets {
        out.extend_from_slice(packet);
    }
    let crc = crc(&out);
    out[checksum..checksum + 4].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Ogg's own: the polynomial of Ethernet, neither reflected nor inverted.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (crc << 8) ^ CRC_TABLE[((crc >> 24) as u8 ^ byte) as usize]
    })
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ (if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 });
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
