//! The least a stream can cost: the same primitives, back to back in one loop, with no timers,
//! no queues, no connection.
//!
//! Per 20 ms of one stream: encode, put the frame before it in front (RFC 2198), protect, send;
//! receive, unprotect, find the frame behind its copy, decode at the listener's rate. That is what
//! one call costs an agent: its voice goes out, the caller's comes in.

use std::{
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use opus::{Application, Bitrate, Channels, Decoder, Encoder};

use crate::{
    meter::own_cpu,
    voice::{Talk, voice},
};

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

const FRAME: Duration = Duration::from_millis(20);
const RTP_HEADER_BYTES: usize = 12 + 8;

/// Payload type of Opus in the headers of redundant blocks; "another block follows" before it.
const OPUS_TYPE: u8 = 111;
const FOLLOWED: u8 = 0x80;

/// RTP ticks of a frame: how much older the copy is.
const FRAME_TICKS: u32 = 960;

/// Runs the loop for one stream over `seconds` of sound, back to back: code and state stay in
/// the processor's caches.
pub(crate) fn measure(settings: Settings, seconds: u32) -> Floor {
    run(settings, seconds, 1, |_| ())
}

/// The loop for as many streams as the engine carries, each frame when it is due: as bare, but
/// with the states of all streams and a thread that sleeps in between. What lies between this and
/// [`measure`] is the price of caches gone cold, which no engine can save.
pub(crate) fn measure_paced(settings: Settings, seconds: u32, streams: usize) -> Floor {
    let start = Instant::now();
    run(settings, seconds, streams, |frame| {
        let due = start + FRAME * frame;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    })
}

fn run(settings: Settings, seconds: u32, streams: usize, wait: impl Fn(u32)) -> Floor {
    let pcm = voice(settings.source_hz, settings.talk);
    let block = settings.source_hz as usize / 50;
    let blocks: Vec<&[i16]> = pcm.chunks_exact(block).collect();
    let mut streams: Vec<_> = (0..streams).map(|_| Stream::new(settings)).collect();
    let frames = seconds * 50;
    let before = own_cpu();
    for frame in 0..frames {
        wait(frame);
        for (index, stream) in streams.iter_mut().enumerate() {
            // Not all speak at the same moment.
            stream.turn(blocks[(frame as usize + index * 37) % blocks.len()]);
        }
    }
    let cpu = own_cpu() - before;
    let stream_seconds = seconds * streams.len() as u32;
    let packets: u32 = streams.iter().map(|stream| stream.packets).sum();
    let bytes: usize = streams.iter().map(|stream| stream.bytes).sum();
    Floor {
        cpu_per_second: cpu / stream_seconds,
        packets_per_second: f64::from(packets) / f64::from(stream_seconds),
        bytes_per_packet: bytes as f64 / f64::from(packets.max(1)),
    }
}

/// Both ends of one stream.
struct Stream {
    encoder: Encoder,
    decoder: Decoder,
    seal: LessSafeKey,
    open: LessSafeKey,
    sockets: [UdpSocket; 2],
    to: SocketAddr,
    packet: Vec<u8>,
    /// The frame before, which is sent again; empty after a silence.
    last: Vec<u8>,
    heard: Vec<i16>,
    dtx: bool,
    quiet_frames: u32,
    packets: u32,
    bytes: usize,
}

impl Stream {
    fn new(settings: Settings) -> Self {
        let key = || LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("a key"));
        let sockets = [(), ()].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        Self {
            encoder: encoder(settings),
            decoder: Decoder::new(settings.listener_hz, Channels::Mono).expect("a decoder"),
            seal: key(),
            open: key(),
            to: sockets[1].local_addr().expect("an address"),
            sockets,
            packet: vec![0; 1_500],
            last: Vec::new(),
            heard: vec![0; 5_760],
            dtx: settings.dtx,
            quiet_frames: 0,
            packets: 0,
            bytes: 0,
        }
    }

    /// 20 ms from the mouth to the ear.
    fn turn(&mut self, block: &[i16]) {
        // Silence is not encoded after 200 ms, but for a frame and a mark every 400 ms.
        let silent = self.dtx && block.iter().all(|sample| *sample == 0);
        self.quiet_frames = if silent { self.quiet_frames + 1 } else { 0 };
        let since = self.quiet_frames.saturating_sub(11);
        if self.quiet_frames > 10 && since % 20 > 1 {
            return;
        }
        let is_mark = self.quiet_frames == 11 || self.quiet_frames > 10 && since % 20 == 1;
        let length = if is_mark {
            1
        } else {
            self.encoder
                .encode(block, &mut self.packet)
                .expect("a frame")
        };
        let mut sealed = self.redundant(length, self.quiet_frames > 10);
        self.packets += 1;
        self.bytes += sealed.len();
        let mut number = [0; 12];
        number[4..].copy_from_slice(&u64::from(self.packets).to_be_bytes());
        let nonce = || Nonce::assume_unique_for_key(number);
        let header = || Aad::from([0x80_u8; RTP_HEADER_BYTES]);
        let result = self
            .seal
            .seal_in_place_append_tag(nonce(), header(), &mut sealed);
        result.expect("sealed");
        let [sender, receiver] = &self.sockets;
        sender.send_to(&sealed, self.to).expect("sent");
        let (received, _) = receiver.recv_from(&mut self.packet).expect("received");
        let received = &mut self.packet[..received];
        let opened = self.open.open_in_place(nonce(), header(), received);
        let opened = own_frame(opened.expect("opened"));
        if !is_mark {
            let samples = self.decoder.decode(opened, &mut self.heard, false);
            assert!(samples.expect("decoded") > 0, "nothing was decoded");
        }
    }

    /// The payload of a packet: the frame before this one, unless silence ends or begins with it,
    /// and this one, the first `length` bytes of what was encoded.
    fn redundant(&mut self, length: usize, ends_speech: bool) -> Vec<u8> {
        let frame = &self.packet[..length];
        let mut payload = Vec::with_capacity(5 + self.last.len() + length + AES_128_GCM.tag_len());
        let repeats = !ends_speech && !self.last.is_empty();
        if repeats {
            let fields = FRAME_TICKS << 10 | self.last.len() as u32;
            payload.push(FOLLOWED | OPUS_TYPE);
            payload.extend_from_slice(&fields.to_be_bytes()[1..]);
        }
        payload.push(OPUS_TYPE);
        if repeats {
            payload.extend_from_slice(&self.last);
        }
        payload.extend_from_slice(frame);
        self.last.clear();
        if !ends_speech {
            self.last.extend_from_slice(frame);
        }
        payload
    }
}

/// The last block of a redundant payload.
fn own_frame(payload: &[u8]) -> &[u8] {
    let (mut header, mut copies) = (0, 0);
    while payload[header] & FOLLOWED != 0 {
        copies += usize::from(payload[header + 2] & 0b11) << 8 | usize::from(payload[header + 3]);
        header += 4;
    }
    &payload[header + 1 + copies..]
}

fn encoder(settings: Settings) -> Encoder {
    let mut encoder =
        Encoder::new(settings.source_hz, Channels::Mono, Application::Voip).expect("an encoder");
    encoder
        .set_complexity(settings.complexity)
        .expect("a complexity");
    // Redundancy repairs what a clean link loses: FEC is for links that lose more.
    encoder.set_inband_fec(false).expect("no FEC");
    encoder
        .set_bitrate(Bitrate::Bits(32_000))
        .expect("a bit rate");
    encoder
}
