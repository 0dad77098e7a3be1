//! Asks the media engine, every few seconds, what was counted of the caller's microphones: once they have left, nothing of
//! them is there any more.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use call::LineQuality;
use livekit::{track::RemoteAudioTrack, webrtc::stats::RtcStats};
use tokio::{sync::watch, time::interval};
use tokio_util::task::TaskTracker;

use crate::line::{Counted, TrackCounts};

/// Of a call that is shorter, nothing is known.
const EVERY: Duration = Duration::from_secs(2);
/// Tracks that are asked; of a page that publishes more, the last ones.
const TRACKS: usize = 4;

/// The caller's microphones, newest last.
#[derive(Clone, Default)]
pub(super) struct Microphones(Arc<Mutex<Vec<RemoteAudioTrack>>>);

impl Microphones {
    pub(super) fn add(&self, track: &RemoteAudioTrack) {
        let mut tracks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tracks.retain(|known| known.sid() != track.sid());
        if tracks.len() == TRACKS {
            tracks.remove(0);
        }
        tracks.push(track.clone());
    }

    fn all(&self) -> Vec<RemoteAudioTrack> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Watches how they are heard until nobody takes what is found.
    pub(super) fn watch(self, tasks: &TaskTracker) -> watch::Receiver<Option<LineQuality>> {
        let (found, quality) = watch::channel(None);
        tasks.spawn(async move {
            let mut counted = Counted::default();
            let mut ticks = interval(EVERY);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = found.closed() => return,
                }
                for track in self.all() {
                    count(&track, &mut counted).await;
                }
                found.send_replace(counted.quality());
            }
        });
        quality
    }
}

async fn count(track: &RemoteAudioTrack, counted: &mut Counted) {
    match track.get_stats().await {
        Ok(stats) => {
            for counts in stats.iter().filter_map(counts) {
                counted.count(track.sid().as_str(), counts);
            }
        }
        Err(error) => tracing::debug!(%error, "nothing was counted of the caller's sound"),
    }
}

fn counts(stats: &RtcStats) -> Option<TrackCounts> {
    let RtcStats::InboundRtp(inbound) = stats else {
        return None;
    };
    let (received, inbound) = (&inbound.received, &inbound.inbound);
    Some(TrackCounts {
        packets: received.packets_received,
        lost: received.packets_lost,
        jitter: received.jitter,
        samples: inbound.total_samples_received,
        concealed: inbound
            .concealed_samples
            .saturating_sub(inbound.silent_concealed_samples),
        waited: inbound.jitter_buffer_delay,
        emitted: inbound.jitter_buffer_emitted_count,
    })
}
