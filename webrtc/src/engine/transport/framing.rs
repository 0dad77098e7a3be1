//! Packets on a byte stream: ICE over TCP (RFC 4571) and TURN over TCP or TLS (RFC 8656
//! section 3.1), which delimit them differently.

use std::ops::Range;

/// The port in the candidate of a side that opens connections and takes none (RFC 6544
/// section 4.5). It stands for our end of each stream to a peer, whatever port that really has.
pub(crate) const ACTIVE_PORT: u16 = 9;

/// STUN's header, with the magic cookie and the transaction.
const STUN_HEADER: usize = 20;

/// How packets are delimited on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Each packet after its length in two bytes (RFC 4571 section 2).
    Length,
    /// STUN messages and channel data, whose headers contain their length; channel data is padded
    /// to four bytes (RFC 8656 section 12.5).
    Turn,
}

/// What a stream carried is not a packet of its framing: nothing after it can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream carries neither STUN nor channel data")]
pub(crate) struct FramingError;

impl Framing {
    /// Puts a packet on the stream. One that is too long for its length field is left out.
    pub(crate) fn write(self, packet: &[u8], stream: &mut Vec<u8>) {
        match self {
            Self::Length => {
                let Ok(length) = u16::try_from(packet.len()) else {
                    return;
                };
                stream.extend_from_slice(&length.to_be_bytes());
                stream.extend_from_slice(packet);
            }
            Self::Turn => {
                stream.extend_from_slice(packet);
                stream.resize(stream.len() + padding(packet.len()), 0);
            }
        }
    }

    /// Where the first packet lies in what was received, and how many bytes it takes; `None`
    /// while it is incomplete.
    ///
    /// # Errors
    ///
    /// For bytes that begin no packet.
    pub(crate) fn first(
        self,
        stream: &[u8],
    ) -> Result<Option<(Range<usize>, usize)>, FramingError> {
        let [a, b, c, d, ..] = match (self, stream) {
            (Self::Length, [a, b, ..]) => [*a, *b, 0, 0],
            (Self::Turn, [a, b, c, d, ..]) => [*a, *b, *c, *d],
            _ => return Ok(None),
        };
        let (packet, taken) = match self {
            Self::Length => {
                let end = 2 + usize::from(u16::from_be_bytes([a, b]));
                (2..end, end)
            }
            Self::Turn => {
                let length = usize::from(u16::from_be_bytes([c, d]));
                let end = match a >> 6 {
                    0 if length % 4 == 0 => STUN_HEADER + length,
                    1 => 4 + length,
                    _ => return Err(FramingError),
                };
                (0..end, end + padding(end))
            }
        };
        Ok((stream.len() >= taken).then_some((packet, taken)))
    }
}

/// Collects what a stream delivers in pieces. Holds at most one packet (64 KiB) and one piece.
#[derive(Debug)]
pub(crate) struct Deframer {
    framing: Framing,
    received: Vec<u8>,
}

impl Deframer {
    pub(crate) const fn new(framing: Framing) -> Self {
        Self {
            framing,
            received: Vec::new(),
        }
    }

    /// Takes a piece of the stream and hands over each packet that it completes. Packets of no
    /// length are keep-alives and left out.
    ///
    /// # Errors
    ///
    /// For bytes that begin no packet; the stream is useless from there on.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        mut deliver: impl FnMut(&[u8]),
    ) -> Result<(), FramingError> {
        self.received.extend_from_slice(piece);
        let mut done = 0;
        while let Some((packet, taken)) = self.framing.first(&self.received[done..])? {
            if !packet.is_empty() {
                deliver(&self.received[done + packet.start..done + packet.end]);
            }
            done += taken;
        }
        self.received.drain(..done);
        Ok(())
    }
}

/// Bytes up to the next multiple of four.
const fn padding(length: usize) -> usize {
    length.wrapping_neg() % 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a stream in pieces of a size and collects the packets.
    fn packets(
        framing: Framing,
        stream: &[u8],
        piece: usize,
    ) -> (Vec<Vec<u8>>, Result<(), FramingError>) {
        let mut deframer = Deframer::new(framing);
        let mut packets = Vec::new();
        for piece in stream.chunks(piece) {
            let result = deframer.push(piece, |packet| packets.push(packet.to_vec()));
            if result.is_err() {
                return (packets, result);
            }
        }
        (packets, Ok(()))
    }

    fn stun(length: u8) -> Vec<u8> {
        let mut message = vec![0_u8, 1, 0, length];
        message.resize(STUN_HEADER + usize::from(length), 7);
        message
    }

    #[test]
    fn packets_survive_any_way_a_stream_is_cut() {
        let channel_data = vec![0x40, 1, 0, 3, 9, 9, 9];
        for (framing, sent) in [
            (
                Framing::Length,
                vec![vec![1, 2, 3], vec![4; 1_200], vec![5]],
            ),
            (Framing::Turn, vec![stun(8), channel_data, stun(0)]),
        ] {
            let mut stream = Vec::new();
            for packet in &sent {
                framing.write(packet, &mut stream);
            }
            for piece in [1, 2, 3, 7, 4_000] {
                let (received, result) = packets(framing, &stream, piece);
                assert_eq!(
                    (received, result),
                    (sent.clone(), Ok(())),
                    "{framing:?} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn an_empty_packet_is_a_keep_alive() {
        let (received, result) = packets(Framing::Length, &[0, 0, 0, 1, 8], 5);
        assert_eq!((received, result), (vec![vec![8]], Ok(())));
    }

    #[test]
    fn a_stream_that_is_not_turn_is_given_up() {
        for rubbish in [&b"HTTP/1.1 400"[..], &[0x80; 30], &[0, 1, 0, 3, 0, 0]] {
            let (received, result) = packets(Framing::Turn, rubbish, 4);
            // "HT" looks like channel data of a large length: it just never ends.
            if rubbish[0] >> 6 != 1 {
                assert_eq!(
                    (received, result),
                    (vec![], Err(FramingError)),
                    "{rubbish:?}"
                );
            }
        }
    }

    #[test]
    fn an_unfinished_packet_waits() {
        let (received, result) = packets(Framing::Length, &[0xff, 0xff, 1, 2, 3], 2);
        assert_eq!((received, result), (vec![], Ok(())));
    }
}
