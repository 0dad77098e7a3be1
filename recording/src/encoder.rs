//! From blocks of both sides to segments of Ogg pages.

use opus::{Application, Bitrate, Channels, Encoder as Opus};

use crate::{
    RATE_HZ,
    ogg::{self, PACKETS, SEGMENT_SECONDS},
};

/// Both sides together, bits per second: at 16 kHz nobody hears a difference to more.
const BITRATE: i32 = 24_000;
/// Of 0 to 10. The scale's middle costs half of its top, for sound that is kept and not talked over.
const COMPLEXITY: i32 = 5;
/// An Opus packet of 20 ms is at most this long (RFC 6716, 3.2.1).
const MOST_PACKET: usize = 1275;
/// What a packet may take at most, so that a page of fifty always has less than 255 pieces.
const PACKET_BOUND: usize = 4 * 255 - 1;

/// Encodes one recording.
pub(crate) struct Encoder {
    opus: Opus,
    serial: u32,
    /// Of the second that is being filled.
    packets: Vec<Vec<u8>>,
    seconds: u32,
    /// Pages of the segment that is being filled.
    pages: Vec<u8>,
    packet: [u8; MOST_PACKET],
}

/// Pages that belong together.
pub(crate) struct Pages {
    /// Counts from 0.
    pub(crate) number: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(serial: u32) -> Result<Self, opus::Error> {
        let mut opus = Opus::new(RATE_HZ, Channels::Stereo, Application::Voip)?;
        opus.set_bitrate(Bitrate::Bits(BITRATE))?;
        opus.set_complexity(COMPLEXITY)?;
        Ok(Self {
            opus,
            serial,
            packets: Vec::with_capacity(PACKETS),
            seconds: 0,
            pages: Vec::new(),
            packet: [0; MOST_PACKET],
        })
    }

    /// Takes 20 ms of both sides, and gives the segment that they complete.
    ///
    /// # Errors
    /// When libopus refuses; the block is not in the recording.
    pub(crate) fn push(&mut self, block: &[i16]) -> Result<Option<Pages>, opus::Error> {
        let length = self.opus.encode(block, &mut self.packet[..PACKET_BOUND])?;
        self.packets.push(self.packet[..length].to_vec());
        if self.packets.len() < PACKETS {
            return Ok(None);
        }
        self.turn_page(false);
        Ok((self.seconds.is_multiple_of(SEGMENT_SECONDS)).then(|| self.segment(self.seconds)))
    }

    /// The recording's last segment; `None` if nothing is left for one.
    pub(crate) fn finish(mut self) -> Option<Pages> {
        if !self.packets.is_empty() {
            self.turn_page(true);
        }
        // A segment that was complete is gone already: then nothing says that it was the last.
        let begun = self.seconds.div_ceil(SEGMENT_SECONDS) * SEGMENT_SECONDS;
        (!self.pages.is_empty()).then(|| self.segment(begun))
    }

    fn turn_page(&mut self, last: bool) {
        let page = ogg::second(self.serial, self.seconds, &self.packets, last);
        self.pages.extend(page);
        self.packets.clear();
        self.seconds += 1;
    }

    fn segment(&mut self, end: u32) -> Pages {
        Pages {
            number: end / SEGMENT_SECONDS - 1,
            bytes: std::mem::take(&mut self.pages),
        }
    }
}

#[cfg(test)]
mod tests;
