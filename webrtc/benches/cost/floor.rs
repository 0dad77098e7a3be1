//! The least a stream can cost: the same primitives, back to back in one loop, with no timers,
//! no queues, no connection.
//!
//! Per 20 ms of one stream: encode, protect, send; receive, unprotect, decode at the listener's
//! rate. That is what one call costs an agent: its voice goes out, the caller's comes in.

use crate::{
    meter::own_cpu,
    voice::{Talk, voice},
};
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use opus::{Application, Bitrate, Channels, Decoder, Encoder};
use std::{net::UdpSocket, time::Duration};

/// What the engine sets its encoder to. The sizes of packets are compared with the engine's, so
/// that a floor that encodes something else is noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) source_hz: u32,
    pub(crate) listener_hz: u32,
    pub(crate) talk: Talk,
    pub(crate) dtx: bool,
    pub(crate) complexity: i32,
}

/// What the loop took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// CPU for a second of one stream.
    pub(crate) cpu_per_second: Duration,
    pub(crate) packets_per_second: f64,
    pub(crate) bytes_per_packet: f64,
}

const FRAME_S: f64 = 0.02;
const RTP_HEADER_BYTES: usize = 12 + 8;

/// Runs the loop over `seconds` of sound.
pub(crate) fn measure(settings: Settings, seconds: u32) -> Floor {
    let pcm = voice(settings.source_hz, settings.talk);
    let mut encoder = encoder(settings);
    let mut decoder = Decoder::new(settings.listener_hz, Channels::Mono).expect("a decoder");
    let key = || LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("a key"));
    let (seal, open) = (key(), key());
    let bind = || UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let (sender, receiver) = (bind(), bind());
    let to = receiver.local_addr().expect("an address");
    let (mut packet, mut heard) = (vec![0; 1_500], vec![0; 5_760]);
    let (mut packets, mut bytes, mut quiet) = (0_u32, 0_usize, 0_u32);
    let frame = (f64::from(settings.source_hz) * FRAME_S) as usize;
    let frames = (f64::from(seconds) / FRAME_S) as usize;
    let before = own_cpu();
    for (index, block) in pcm.chunks_exact(frame).cycle().take(frames).enumerate() {
        // Silence is not encoded after 200 ms, but for a frame and a mark every 400 ms.
        let silent = settings.dtx && block.iter().all(|sample| *sample == 0);
        quiet = if silent { quiet + 1 } else { 0 };
        let since = quiet.saturating_sub(11);
        if quiet > 10 && since % 20 > 1 {
            continue;
        }
        let mark = quiet > 10 && since % 20 == 1 || quiet == 11;
        let length = if mark {
            1
        } else {
            encoder.encode(block, &mut packet).expect("a frame")
        };
        packets += 1;
        bytes += length;
        let nonce = |n: usize| {
            let mut bytes = [0; 12];
            bytes[4..].copy_from_slice(&(n as u64).to_be_bytes());
            Nonce::assume_unique_for_key(bytes)
        };
        let mut sealed = packet[..length].to_vec();
        let header = Aad::from([0x80_u8; RTP_HEADER_BYTES]);
        seal.seal_in_place_append_tag(nonce(index), header, &mut sealed)
            .expect("sealed");
        sender.send_to(&sealed, to).expect("sent");
        let (received, _) = receiver.recv_from(&mut packet).expect("received");
        let header = Aad::from([0x80_u8; RTP_HEADER_BYTES]);
        let opened = open.open_in_place(nonce(index), header, &mut packet[..received]);
        let opened = opened.expect("opened");
        if !mark {
            let samples = decoder.decode(opened, &mut heard, false);
            assert!(samples.expect("decoded") > 0, "nothing was decoded");
        }
    }
    let cpu = own_cpu() - before;
    Floor {
        cpu_per_second: cpu / seconds,
        packets_per_second: f64::from(packets) / f64::from(seconds),
        bytes_per_packet: bytes as f64 / f64::from(packets.max(1)),
    }
}

fn encoder(settings: Settings) -> Encoder {
    let mut encoder =
        Encoder::new(settings.source_hz, Channels::Mono, Application::Voip).expect("an encoder");
    encoder
        .set_complexity(settings.complexity)
        .expect("a complexity");
    encoder.set_inband_fec(true).expect("FEC");
    encoder.set_packet_loss_perc(10).expect("a loss rate");
    encoder
        .set_bitrate(Bitrate::Bits(32_000))
        .expect("a bit rate");
    encoder
}
