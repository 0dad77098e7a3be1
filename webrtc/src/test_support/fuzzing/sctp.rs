//! SCTP and DCEP of a peer that has the keys.

use std::cell::Cell;

use super::{
    bytes::Bytes,
    pair::Pair,
    wire::{check, on_connected, pass},
};

/// Chunk type and flags of a message in one piece (RFC 9260).
const DATA: u8 = 0;

thread_local! {
    /// Ports and verification tag of the peer's packets.
    static HEADER: Cell<[u8; 8]> = const { Cell::new([0; 8]) };
    /// Transmission sequence number of the peer's next message.
    static NEXT_TSN: Cell<u32> = const { Cell::new(0) };
}

/// SCTP packets and messages over the peer's DTLS.
///
/// # Panics
///
/// When a promise is broken.
pub fn sctp(data: &[u8]) {
    let mut script = Bytes::new(data);
    on_connected(|pair| {
        attack(&mut script, pair);
    });
}

fn attack(script: &mut Bytes<'_>, pair: &mut Pair) -> Option<()> {
    let mut rounds = 0;
    loop {
        match script.u8()? % 4 {
            0 => {
                let length = usize::from(script.u16()?);
                pair.inject(script.take(length).to_vec());
            }
            1 => {
                // Any chunks in a packet of the association.
                let length = usize::from(script.u16()?);
                pair.inject(packet(script.take(length)));
            }
            2 => {
                // DCEP or data on any stream.
                let (flags, stream, ppid) = (script.u8()?, script.u16()?, script.u8()?);
                let length = usize::from(script.u8()?);
                let chunk = message(flags, stream, ppid, script.take(length));
                pair.inject(packet(&chunk));
            }
            _ => pass(script, pair, &mut rounds)?,
        }
        pair.round();
        check(pair);
    }
}

/// Learns from what the peer's own SCTP sends how to send in its name.
pub(super) fn overhear(packet: &[u8]) {
    let Some(header) = packet.first_chunk::<8>() else {
        return;
    };
    HEADER.set(*header);
    let mut chunks = packet.get(12..).unwrap_or_default();
    while let [kind, _, high, low, ..] = *chunks {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if kind == DATA
            && let Some(Ok(tsn)) = chunks.get(4..8).map(<[u8; 4]>::try_from)
        {
            NEXT_TSN.set(u32::from_be_bytes(tsn).wrapping_add(1));
        }
        chunks = chunks
            .get(length.next_multiple_of(4).max(4)..)
            .unwrap_or_default();
    }
}

fn message(flags: u8, stream: u16, ppid: u8, payload: &[u8]) -> Vec<u8> {
    let tsn = NEXT_TSN.get();
    NEXT_TSN.set(tsn.wrapping_add(1));
    let length = u16::try_from(16 + payload.len()).unwrap_or(u16::MAX);
    let mut chunk = vec![DATA, flags];
    chunk.extend(length.to_be_bytes());
    chunk.extend(tsn.to_be_bytes());
    chunk.extend(stream.to_be_bytes());
    chunk.extend([0, 0]); // sequence within the stream
    chunk.extend([0, 0, 0, ppid]);
    chunk.extend(payload);
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// Chunks behind the association's header, with a valid checksum.
fn packet(chunks: &[u8]) -> Vec<u8> {
    let mut packet = HEADER.get().to_vec();
    packet.extend([0; 4]);
    packet.extend(chunks);
    let checksum = crc32c(&packet).to_le_bytes();
    packet[8..12].copy_from_slice(&checksum);
    packet
}

/// The checksum of RFC 9260, appendix A.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 * (crc & 1))
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::events::Event;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// Without this the target would fuzz a parser's first line and nothing behind it.
    #[test]
    fn a_forged_message_opens_a_channel() {
        let mut pair = Pair::connected();
        let open = [3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, b'x'];
        pair.inject(packet(&message(3, 42, 50, &open)));
        let mut announced = false;
        for _ in 0..5 {
            pair.poll_evil();
            while let Some(datagram) = pair.inbound.pop_front() {
                pair.deliver(&datagram);
            }
            let events = &pair.core.outbox.events;
            announced |= events
                .iter()
                .any(|event| matches!(event, Event::NewChannel(_)));
            pair.round();
        }
        assert!(announced, "the forged message did not reach SCTP");
    }
}
