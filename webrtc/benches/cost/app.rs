//! The application of a measurement: it speaks into sources and listens to streams, on threads
//! of its own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use libwebrtc::{
    audio_source::native::NativeAudioSource, audio_stream::native::NativeAudioStream, prelude::*,
    stats::RtcStats,
};
use tokio::{runtime::Runtime, task::JoinSet};
use tokio_stream::StreamExt;

use crate::{
    pair::{Pair, Shape},
    voice::{Talk, voice},
};

/// Speakers and listeners of some pairs, until it is dropped.
pub(crate) struct App {
    pub(crate) pairs: Vec<Pair>,
    frames: Arc<AtomicU64>,
    loud: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl App {
    /// Connects pairs, in which the first speaks and the second listens.
    pub(crate) async fn start(count: usize, source_hz: u32, listener_hz: u32, talk: Talk) -> Self {
        let pcm: Arc<[i16]> = voice(source_hz, talk).into();
        let (frames, loud) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        let mut pairs = Vec::new();
        for index in 0..count {
            let shape = Shape {
                forth_hz: Some(source_hz),
                dtx: talk == Talk::TwoOfFive,
                ..Shape::default()
            };
            let pair = Pair::connected(shape).await;
            let source = pair.first.source.clone().expect("a source");
            let block = source_hz as usize / 50;
            // Not all speak at the same moment.
            let start = index * 37 % (pcm.len() / block) * block;
            tasks.spawn(speak(source, Arc::clone(&pcm), start, source_hz));
            let stream = pair.second.listen(listener_hz).await;
            tasks.spawn(listen(stream, Arc::clone(&frames), Arc::clone(&loud)));
            pairs.push(pair);
        }
        Self {
            pairs,
            frames,
            loud,
            _tasks: tasks,
        }
    }

    /// Frames of 10 ms heard so far, and how many of them were not silent.
    pub(crate) fn heard(&self) -> (u64, u64) {
        (self.frames.load(Relaxed), self.loud.load(Relaxed))
    }

    /// Packets and payload bytes sent so far.
    pub(crate) async fn sent(&self) -> (u64, u64) {
        let (mut packets, mut bytes) = (0, 0);
        for pair in &self.pairs {
            let records = pair.first.connection.get_stats().await.expect("statistics");
            for record in records {
                if let RtcStats::OutboundRtp(record) = record {
                    packets += record.sent.packets_sent;
                    bytes += record.sent.bytes_sent;
                }
            }
        }
        (packets, bytes)
    }
}

/// A runtime whose threads are the application's.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("app")
        .enable_all()
        .build()
        .expect("a runtime")
}

async fn speak(source: NativeAudioSource, pcm: Arc<[i16]>, start: usize, rate_hz: u32) {
    let block = rate_hz as usize / 50;
    let mut position = start;
    loop {
        let mut frame = AudioFrame::new(rate_hz, 1, block as u32);
        frame
            .data
            .to_mut()
            .copy_from_slice(&pcm[position..position + block]);
        position = (position + block) % pcm.len();
        if source.capture_frame(&frame).await.is_err() {
            return;
        }
    }
}

async fn listen(mut stream: NativeAudioStream, frames: Arc<AtomicU64>, loud: Arc<AtomicU64>) {
    while let Some(frame) = stream.next().await {
        frames.fetch_add(1, Relaxed);
        if frame.data.iter().any(|sample| sample.unsigned_abs() > 200) {
            loud.fetch_add(1, Relaxed);
        }
    }
}
