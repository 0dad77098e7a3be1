//! Packets of a peer that holds the keys: hostile sequence numbers, times, payloads.

use std::{
    f64::consts::PI,
    sync::{Arc, LazyLock},
};

use opus::{Application, Channels, Encoder};

use super::bytes::Bytes;
use crate::engine::{
    receive::test_support::{Listener, Packet},
    sink::Format,
};

/// What listeners ask for, Opus' own rates and others.
const FORMATS: [Format; 8] = [
    format(48_000, 1),
    format(24_000, 1),
    format(16_000, 1),
    format(12_000, 1),
    format(8_000, 1),
    format(48_000, 2),
    format(44_100, 1),
    format(16_000, 2),
];

/// Ticks of 10 ms that one input may take: ten seconds.
const MAX_TICKS: u32 = 1_000;

/// After an attack the peer speaks properly for so long (ten seconds: the target delay forgets
/// slowly, and what is too much is stretched away, not cut) ...
const RECOVERY_TICKS: u32 = 1_000;

/// ... and must be heard in the last of these ticks.
const HEARD_TICKS: u32 = 100;

/// A sine of 300 Hz; by then it must come out this loud (rms of the input is 5,657).
const HEARD_RMS: f64 = 1_000.0;

const fn format(rate_hz: u32, channels: u32) -> Format {
    Format { rate_hz, channels }
}

/// Two seconds of a tone, 20 ms a packet.
static TONE: LazyLock<Vec<Arc<[u8]>>> = LazyLock::new(|| {
    let mut encoder = Encoder::new(48_000, Channels::Mono, Application::Voip).expect("an encoder");
    encoder.set_inband_fec(true).expect("FEC");
    encoder.set_packet_loss_perc(20).expect("a loss rate");
    let packet = |index: u32| {
        let sample = |n: u32| {
            let at = f64::from(index * 960 + n) / 48_000.0;
            (8_000.0 * (2.0 * PI * 300.0 * at).sin()) as i16
        };
        let pcm: Vec<i16> = (0..960).map(sample).collect();
        encoder.encode_vec(&pcm, 1_500).expect("a packet").into()
    };
    (0..100).map(packet).collect()
});

/// RTP with any header into the receive path.
///
/// # Panics
///
/// When a promise is broken.
pub fn rtp(data: &[u8]) {
    let mut attack = Attack::new();
    attack_by_rtp(&mut Bytes::new(data), &mut attack);
    if data.len().is_multiple_of(4) {
        attack.recover(); // decoding takes all the time: not after every attack
    }
}

fn attack_by_rtp(script: &mut Bytes<'_>, attack: &mut Attack) -> Option<()> {
    attack.choose_format(script.u8()?);
    loop {
        let operation = script.u8()?;
        attack.redundant = operation >= 0xc0;
        match operation % 8 {
            0..=2 => {
                // The next packet, or one near it.
                let near = i64::from(script.u8()?.cast_signed());
                // The RTP layer counts from 0 and extends 16 bits: never near the end of 64.
                attack.sequence = attack.sequence.saturating_add_signed(near);
                attack.rtp_time = attack.rtp_time.wrapping_add((near * 960) as u32);
                attack.push(Arc::clone(&TONE[usize::from(script.u8()?) % TONE.len()]));
            }
            3 => {
                attack.sequence = u64::from(script.u32()?);
                attack.push(Arc::clone(&TONE[0]));
            }
            4 => attack.rtp_time = script.u32()?,
            5 => attack.ssrc = u32::from(script.u8()?),
            6 => {
                let length = usize::from(script.u16()?);
                attack.push(script.take(length).into());
            }
            _ => {
                let ticks = u32::from(script.u8()?);
                attack.play(ticks)?;
            }
        }
    }
}

/// Any payload in any order of loss and repair into the decoder, at every rate.
///
/// # Panics
///
/// When a promise is broken.
pub fn opus(data: &[u8]) {
    let mut attack = Attack::new();
    attack_by_opus(&mut Bytes::new(data), &mut attack);
    if data.len().is_multiple_of(4) {
        attack.recover();
    }
}

fn attack_by_opus(script: &mut Bytes<'_>, attack: &mut Attack) -> Option<()> {
    attack.choose_format(script.u8()?);
    loop {
        let operation = script.u8()?;
        attack.sequence += 1;
        attack.rtp_time = attack.rtp_time.wrapping_add(960);
        match operation {
            0..=0x3f => {} // lost
            0x40..=0x4f => attack.choose_format(operation),
            0x50..=0x7f => attack.push(Arc::clone(&TONE[usize::from(operation) % TONE.len()])),
            _ => {
                let length = usize::from(script.u8()?);
                attack.push(script.take(length).into());
            }
        }
        attack.play(2)?;
    }
}

/// A receive path under attack, and what must stay true of it.
struct Attack {
    listener: Listener,
    format: Format,
    ssrc: u32,
    sequence: u64,
    rtp_time: u32,
    /// Whether what is pushed is said to be redundant audio.
    redundant: bool,
    ticks: u32,
}

impl Attack {
    fn new() -> Self {
        Self {
            listener: Listener::new(crate::engine::test_support::start()),
            format: FORMATS[0],
            ssrc: 1,
            sequence: 1_000,
            rtp_time: u32::MAX - 48_000, // wraps within a second
            redundant: false,
            ticks: 0,
        }
    }

    fn choose_format(&mut self, choice: u8) {
        self.format = FORMATS[usize::from(choice) % FORMATS.len()];
    }

    fn push(&mut self, payload: Arc<[u8]>) {
        let before = self.listener.packets();
        self.listener.push(Packet {
            ssrc: self.ssrc,
            sequence: self.sequence,
            rtp_time: self.rtp_time,
            payload,
            redundant: self.redundant,
        });
        assert!(self.listener.packets() >= before, "a counter went back");
        let held = self.listener.held();
        assert!(held <= Listener::MAX_HELD, "{held} packets are held");
    }

    /// `None` once the input has used up its time.
    fn play(&mut self, ticks: u32) -> Option<()> {
        for _ in 0..ticks {
            self.ticks += 1;
            if self.ticks > MAX_TICKS {
                return None;
            }
            self.tick();
        }
        Some(())
    }

    /// Plays 10 ms; returns the sum of squares.
    fn tick(&mut self) -> f64 {
        let (block, format) = self.listener.play(self.format);
        assert_eq!(
            block.len(),
            format.block_samples(),
            "a frame for {:?} that is not 10 ms of {format:?}",
            self.format
        );
        block.iter().map(|sample| f64::from(*sample).powi(2)).sum()
    }

    /// Whatever happened: a proper sender is heard again.
    fn recover(mut self) {
        self.redundant = false;
        let (mut energy, mut samples) = (0.0, 0);
        for tick in 0..RECOVERY_TICKS {
            if tick % 2 == 0 {
                self.sequence += 1;
                self.rtp_time = self.rtp_time.wrapping_add(960);
                let index = tick as usize / 2 % TONE.len();
                self.push(Arc::clone(&TONE[index]));
            }
            let heard = self.tick();
            if tick >= RECOVERY_TICKS - HEARD_TICKS {
                energy += heard;
                samples += self.format.block_samples();
            }
        }
        let rms = (energy / samples as f64).sqrt();
        assert!(
            rms > HEARD_RMS,
            "deaf after the attack: a tone is heard with rms {rms:.0}"
        );
        let held = self.listener.held();
        assert!(
            held <= Listener::MAX_HELD_IN_PEACE,
            "{held} packets of delay are left after the attack"
        );
    }
}
