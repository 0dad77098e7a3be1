//! What can be read from an Opus packet without decoding it (RFC 6716, sections 3 and 4.2.3).

use super::ticks::{TICKS_PER_MS, ms};

/// The longest packet the format allows.
pub(crate) const MAX_DURATION: i64 = ms(120);

/// A packet of at most this many bytes carries no sound: the sender's discontinuous transmission
/// has begun or goes on.
const DTX_BYTES: usize = 2;

/// Durations in ticks, and what the packet carries beside its own sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PacketFacts {
    /// Of the whole packet.
    pub(crate) duration: i64,
    /// Of one of its frames: what its FEC can stand in for.
    pub(crate) frame: i64,
    /// It carries a low-bitrate copy of the frame before it (LBRR).
    pub(crate) fec: bool,
    /// The sender is silent.
    pub(crate) dtx: bool,
}

impl PacketFacts {
    /// `None` for what is not an Opus packet.
    pub(crate) fn of(payload: &[u8]) -> Option<Self> {
        let toc = *payload.first()?;
        let frame = frame_ticks(toc);
        let frames = match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => i64::from(payload.get(1)? & 0x3f),
        };
        let duration = frame * frames;
        if duration == 0 || duration > MAX_DURATION {
            return None;
        }
        Some(Self {
            duration,
            frame,
            fec: has_fec(payload, toc, frame),
            dtx: payload.len() <= DTX_BYTES,
        })
    }
}

/// Table 2: the first five bits give mode, bandwidth and frame duration.
const fn frame_ticks(toc: u8) -> i64 {
    let configuration = toc >> 3;
    match configuration {
        0..12 => match configuration & 3 {
            0 => ms(10),
            1 => ms(20),
            2 => ms(40),
            _ => ms(60),
        },
        12..16 => ms(10) << (configuration & 1),
        _ => (5 * TICKS_PER_MS / 2) << (configuration & 3),
    }
}

/// Whether the LBRR flag of the first SILK frame is set. The flags are the first bits of a frame,
/// each worth exactly one bit: one voice activity flag for each 20 ms, then LBRR; the same again
/// for the side channel of stereo.
fn has_fec(payload: &[u8], toc: u8, frame: i64) -> bool {
    let celt_only = toc >> 3 >= 16;
    if celt_only || payload.len() <= DTX_BYTES {
        return false;
    }
    let Some(flags) = first_frame_at(payload, toc).and_then(|at| payload.get(at)) else {
        return false;
    };
    let parts = (frame / ms(20)).max(1);
    let stereo = toc & 4 != 0;
    let mid = flags >> (7 - parts) & 1 == 1;
    let side = stereo && flags >> (6 - 2 * parts) & 1 == 1;
    mid || side
}

/// Where the first frame's bytes begin (section 3.2); `None` if it is empty or cut off.
fn first_frame_at(payload: &[u8], toc: u8) -> Option<usize> {
    /// The length at `at` (section 3.2.1) and the bytes it takes.
    fn length(payload: &[u8], at: usize) -> Option<(usize, usize)> {
        let first = usize::from(*payload.get(at)?);
        if first < 252 {
            return Some((first, 1));
        }
        Some((first + 4 * usize::from(*payload.get(at + 1)?), 2))
    }
    match toc & 3 {
        0 | 1 => Some(1),
        2 => {
            let (bytes, taken) = length(payload, 1)?;
            (bytes > 0).then_some(1 + taken)
        }
        _ => {
            let header = *payload.get(1)?;
            let mut at = 2;
            if header & 0x40 != 0 {
                while *payload.get(at)? == 255 {
                    at += 1;
                }
                at += 1;
            }
            if header & 0x80 == 0 {
                return Some(at);
            }
            let mut first_bytes = None;
            for _ in 1..header & 0x3f {
                let (bytes, taken) = length(payload, at)?;
                first_bytes.get_or_insert(bytes);
                at += taken;
            }
            (first_bytes != Some(0)).then_some(at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::receive::tests::support::{Encoder20, voiced};

    #[test]
    fn durations_follow_the_table_of_the_format() {
        // Mode and duration of configurations 0 (SILK 10 ms), 3 (SILK 60), 13 (hybrid 20),
        // 16 (CELT 2.5), 31 (CELT 20).
        for (configuration, expected) in [(0, 480), (3, 2_880), (13, 960), (16, 120), (31, 960)] {
            let facts = PacketFacts::of(&[configuration << 3, 0, 0]).expect("a packet");
            assert_eq!(facts.duration, expected, "of configuration {configuration}");
        }
    }

    #[test]
    fn two_frames_last_twice_as_long_and_too_many_are_refused() {
        assert_eq!(
            PacketFacts::of(&[9 << 3 | 1, 0, 0]).map(|f| f.duration),
            Some(1_920)
        );
        assert_eq!(
            PacketFacts::of(&[9 << 3 | 3, 6, 0]).map(|f| f.duration),
            Some(5_760)
        );
        assert_eq!(PacketFacts::of(&[9 << 3 | 3, 7, 0]), None, "140 ms");
        assert_eq!(PacketFacts::of(&[9 << 3 | 3, 0, 0]), None, "no frame");
        assert_eq!(PacketFacts::of(&[9 << 3 | 3]), None, "no frame count");
        assert_eq!(PacketFacts::of(&[]), None);
    }

    #[test]
    fn speech_encoded_with_fec_says_so_and_without_does_not() {
        for (fec, stereo) in [(true, false), (true, true), (false, false), (false, true)] {
            let mut encoder = Encoder20::new(24_000, stereo, fec);
            let carrying = (0..50)
                .filter(|n| {
                    let packet = encoder.encode(|at| voiced(at, 24_000), *n);
                    PacketFacts::of(&packet).expect("a packet").fec
                })
                .count();
            if fec {
                assert!(
                    carrying > 15,
                    "{carrying} of 50 packets with FEC, stereo {stereo}"
                );
            } else {
                assert_eq!(carrying, 0, "FEC seen where there is none, stereo {stereo}");
            }
        }
    }

    #[test]
    fn no_bytes_are_read_beyond_a_packet_that_is_cut_off() {
        for toc in 0..=255_u8 {
            for second in [0, 1, 3, 0x41, 0x82, 0xc3, 251, 252, 255] {
                for length in 1..6 {
                    let packet = [toc, second, 255, 252, 255, 255];
                    let _ = PacketFacts::of(&packet[..length]);
                }
            }
        }
    }
}
