//! The end that listens: records every microphone of a room, through reconnections.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use livekit::{
    RoomEvent,
    track::{RemoteAudioTrack, RemoteTrack},
    webrtc::audio_stream::native::{NativeAudioStream, NativeAudioStreamOptions},
};
use tokio::{sync::watch, task::JoinSet};

use super::{Clock, Counters, Line, Options, Recording, room, stats, write_wav};
use crate::plan::RATE_HZ;

/// Between two lines of statistics.
const EVERY: Duration = Duration::from_millis(500);
/// Statistics that take longer are left out.
const PATIENCE: Duration = Duration::from_millis(400);

/// One sender's files.
struct Heard {
    recording: Arc<Mutex<Recording>>,
    lines: stats::File,
    /// The track heard now; a reconnection brings another.
    track: RemoteAudioTrack,
    reader: tokio::task::AbortHandle,
}

/// One room's files.
struct Ears {
    room: String,
    out: PathBuf,
    clock: Clock,
    until: Duration,
    /// Of the connection so far; each sender's file opens with them.
    events: Vec<Line>,
    senders: HashMap<String, Heard>,
    readers: JoinSet<()>,
}

/// Listens in one room until it is stopped, then writes the recordings.
pub(super) async fn run(
    options: &Options,
    room: String,
    clock: Clock,
    until: Duration,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let Some((joined, mut events)) = room::join(options, &room, &mut stopped).await? else {
        anyhow::bail!("{room} was never joined");
    };
    let mut ears = Ears {
        room,
        out: options.out.clone(),
        clock,
        until,
        events: Vec::new(),
        senders: HashMap::new(),
        readers: JoinSet::new(),
    };
    ears.note("joined".to_owned())?;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => ears.on_event(event)?,
                None => break,
            },
            _ = ticks.tick() => ears.write_statistics().await?,
            () = room::until_stopped(&mut stopped) => break,
        }
    }
    // A room that ended by itself still has its files written when all others do.
    room::until_stopped(&mut stopped).await;
    ears.finish()?;
    let closed = tokio::time::timeout(Duration::from_secs(2), joined.close()).await;
    println!("{}: closed: {}", ears.room, closed.is_ok());
    Ok(())
}

impl Ears {
    fn on_event(&mut self, event: RoomEvent) -> anyhow::Result<()> {
        if let Some(name) = room::connection_event(&event) {
            self.note(name)?;
        }
        if let RoomEvent::TrackSubscribed {
            track: RemoteTrack::Audio(track),
            participant,
            ..
        } = event
        {
            self.listen(participant.identity().to_string(), track)?;
        }
        Ok(())
    }

    /// Writes an event down for every sender, and for those to come.
    fn note(&mut self, event: String) -> anyhow::Result<()> {
        println!("{}: {} {event}", self.room, Clock::unix_ms());
        let line = Line::event(Clock::unix_ms(), event);
        for heard in self.senders.values_mut() {
            heard.lines.write(&line)?;
        }
        self.events.push(line);
        Ok(())
    }

    /// A sender's track, the first or another one: the recording goes on at the right time.
    fn listen(&mut self, sender: String, track: RemoteAudioTrack) -> anyhow::Result<()> {
        let recording = match self.senders.get(&sender) {
            Some(heard) => {
                heard.reader.abort();
                Arc::clone(&heard.recording)
            }
            None => Arc::new(Mutex::new(Recording::new(self.until))),
        };
        let mut stream = NativeAudioStream::with_options(
            track.rtc_track(),
            RATE_HZ as i32,
            1,
            // A minute: a slow moment of this process must not cost samples.
            NativeAudioStreamOptions {
                queue_size_frames: Some(0),
            },
        );
        let (clock, samples) = (self.clock, Arc::clone(&recording));
        lock(&samples).begin_track();
        let reader = self.readers.spawn(async move {
            while let Some(frame) = stream.next().await {
                lock(&samples).push(clock.elapsed_ms(), &frame.data);
            }
        });
        match self.senders.get_mut(&sender) {
            Some(heard) => {
                heard.track = track;
                heard.reader = reader;
            }
            None => {
                let path = self.path(&sender, "stats.jsonl");
                let mut lines = stats::File::create(&path)?;
                self.events.iter().try_for_each(|line| lines.write(line))?;
                let heard = Heard {
                    recording,
                    lines,
                    track,
                    reader,
                };
                self.senders.insert(sender, heard);
            }
        }
        Ok(())
    }

    async fn write_statistics(&mut self) -> anyhow::Result<()> {
        for heard in self.senders.values_mut() {
            let stats = tokio::time::timeout(PATIENCE, heard.track.get_stats()).await;
            let Ok(Ok(stats)) = stats else { continue };
            if let Some(counters) = Counters::of(&stats) {
                heard
                    .lines
                    .write(&Line::counters(Clock::unix_ms(), counters))?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.readers.abort_all();
        for (sender, heard) in &self.senders {
            write_wav(&self.path(sender, "wav"), lock(&heard.recording).samples())?;
        }
        Ok(())
    }

    fn path(&self, sender: &str, kind: &str) -> PathBuf {
        self.out.join(format!("{}.{sender}.{kind}", self.room))
    }
}

fn lock(recording: &Mutex<Recording>) -> std::sync::MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}
