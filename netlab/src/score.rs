//! What came through: words understood, samples concealed, delay, recovery.
//!
//! Everything is read from a receiver's files after the run, by the same rules for every implementation.

mod counters;
mod hearing;
mod recovery;
mod sound;
mod words;

use std::{path::Path, thread};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use self::{counters::Totals, hearing::Hearing};
use crate::{
    peer::{Line, read_wav},
    plan::{Plan, Sentence, Stream},
};

/// Cores that scoring may use: a thread each, one sentence at a time.
const THREADS: usize = 2;
/// Of a sentence's words so many must be right for it to count as heard.
const HEARD_SHARE: f64 = 0.5;

/// A time without any network, in milliseconds after the run's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Its first moment.
    pub from_ms: u64,
    /// The network is back.
    pub until_ms: u64,
}

/// What one receiver heard of one sender, over all rooms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PairScore {
    /// The sender's name, e.g. `ours`.
    pub sender: String,
    /// The receiver's name.
    pub receiver: String,
    /// Words said.
    pub words: usize,
    /// Words to change, add or drop to get from what was said to what was understood.
    pub word_errors: usize,
    /// Sentences said.
    pub sentences: usize,
    /// Sentences of which at least half the words were understood.
    pub sentences_heard: usize,
    /// Samples made up, of those played; 0 to 1.
    pub concealed_share: f64,
    /// Packets that never came, of those sent; 0 to 1.
    pub lost_share: f64,
    /// The jitter buffer's delay, in milliseconds: the median over seconds. `None` when nothing was counted.
    pub delay_p50_ms: Option<f64>,
    /// The delay that 95 of 100 seconds keep.
    pub delay_p95_ms: Option<f64>,
    /// From the end of an outage to the first words heard again, in milliseconds: the worst room and outage.
    /// `None` without an outage, and when something was never heard again.
    pub recover_ms: Option<u64>,
    /// Outages after which nothing was heard again, over rooms.
    pub unrecovered: usize,
    /// From saying to hearing as the recording has it, less what the sender hands over in advance; the median room,
    /// in milliseconds.
    pub offset_ms: i64,
    /// What happened to the connections: room and event.
    pub events: Vec<(String, Line)>,
    /// Each sentence, for whoever wants to know why.
    pub transcripts: Vec<Transcript>,
}

impl PairScore {
    /// Word errors of a hundred words said.
    pub fn word_error_rate(&self) -> f64 {
        100.0 * self.word_errors as f64 / self.words.max(1) as f64
    }
}

/// A sentence and what was understood.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transcript {
    /// The sentence's name.
    pub id: String,
    /// What was said.
    pub said: String,
    /// What was understood; empty for silence.
    pub heard: String,
    /// Words said.
    pub words: usize,
    /// See [`PairScore::word_errors`].
    pub word_errors: usize,
}

/// A room's recording, put beside what was said.
struct Room<'a> {
    stream: &'a Stream,
    recorded: Vec<i16>,
    /// How much later than said it is heard, in milliseconds.
    offset_ms: i64,
    /// When each outage was over for the ear; `None` for never.
    recovered: Vec<Option<u64>>,
    lines: Vec<Line>,
}

/// Scores what `receiver` recorded of `sender` into `folder` during a run that began at `start_at_ms` (Unix). A room
/// without a recording counts as silence.
///
/// # Errors
/// When the model or one of the plan's sentences cannot be read, or a file is broken.
pub fn score(
    plan: &Plan,
    start_at_ms: u64,
    folder: &Path,
    sender: &str,
    receiver: &str,
    outages: &[Outage],
) -> anyhow::Result<PairScore> {
    let rooms = plan.streams.iter().map(|stream| {
        Room::read(stream, folder, &format!("send-{sender}"), outages)
            .with_context(|| format!("{} of {sender} by {receiver}", stream.room))
    });
    let rooms = rooms.collect::<anyhow::Result<Vec<_>>>()?;
    let transcripts = transcribe(&rooms)?;
    let until_ms = start_at_ms + plan.length().as_millis() as u64;
    let totals = rooms
        .iter()
        .map(|room| Totals::of(&room.lines, start_at_ms, until_ms))
        .fold(Totals::default(), Totals::and);
    let ends = rooms.iter().flat_map(|room| &room.recovered);
    let unrecovered = ends.clone().filter(|end| end.is_none()).count();
    let slowest = ends.copied().flatten().max();
    let mut offsets: Vec<i64> = rooms.iter().map(|room| room.offset_ms).collect();
    offsets.sort_unstable();
    let events = rooms.iter().flat_map(|room| {
        let events = room.lines.iter().filter(|line| line.event.is_some());
        events.map(|line| (room.stream.room.clone(), line.clone()))
    });
    let understood =
        |said: &&Transcript| (said.word_errors as f64) <= (1.0 - HEARD_SHARE) * said.words as f64;
    Ok(PairScore {
        sender: sender.to_owned(),
        receiver: receiver.to_owned(),
        words: transcripts.iter().map(|said| said.words).sum(),
        word_errors: transcripts.iter().map(|said| said.word_errors).sum(),
        sentences: transcripts.len(),
        sentences_heard: transcripts.iter().filter(understood).count(),
        concealed_share: totals.concealed_share(),
        lost_share: totals.lost_share(),
        delay_p50_ms: totals.delay_ms(0.5),
        delay_p95_ms: totals.delay_ms(0.95),
        recover_ms: slowest.filter(|_| unrecovered == 0),
        unrecovered,
        offset_ms: offsets.get(offsets.len() / 2).copied().unwrap_or(0),
        events: events.collect(),
        transcripts,
    })
}

impl<'a> Room<'a> {
    fn read(
        stream: &'a Stream,
        folder: &Path,
        sender: &str,
        outages: &[Outage],
    ) -> anyhow::Result<Self> {
        let path = |kind: &str| folder.join(format!("{}.{sender}.{kind}", stream.room));
        let (wav, stats) = (path("wav"), path("stats.jsonl"));
        let recorded = if wav.exists() {
            read_wav(&wav)?
        } else {
            Vec::new()
        };
        let lines = if stats.exists() {
            Line::read_all(&stats)?
        } else {
            Vec::new()
        };
        let said = sound::timeline(stream)?;
        let offset_ms = sound::offset_ms(&sound::envelope(&said), &sound::envelope(&recorded));
        let recovered = outages
            .iter()
            .map(|outage| recovery::after(&said, &recorded, offset_ms, *outage))
            .collect();
        Ok(Self {
            stream,
            recorded,
            offset_ms,
            recovered,
            lines,
        })
    }

    /// The stretch of the recording that holds a sentence.
    fn window(&self, sentence: &Sentence) -> anyhow::Result<Vec<i16>> {
        let said = read_wav(sentence.wav.as_ref())?;
        Ok(sound::window(
            &self.recorded,
            &said,
            sentence.start_ms,
            self.offset_ms,
        ))
    }
}

/// Every sentence of every room, in the plan's order.
fn transcribe(rooms: &[Room<'_>]) -> anyhow::Result<Vec<Transcript>> {
    let hearing = Hearing::load()?;
    let jobs: Vec<(&Room<'_>, &Sentence)> = rooms
        .iter()
        .flat_map(|room| room.stream.sentences.iter().map(move |said| (room, said)))
        .collect();
    let share = jobs.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = jobs
            .chunks(share)
            .map(|part| {
                let hearing = &hearing;
                scope.spawn(move || {
                    let mut ear = hearing.ear()?;
                    let each = part.iter().map(|(room, said)| {
                        let heard = ear.transcribe(&room.window(said)?)?;
                        Ok(Transcript::of(said, heard))
                    });
                    each.collect::<anyhow::Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::with_capacity(jobs.len());
        for part in parts {
            let part = part
                .join()
                .map_err(|_| anyhow::anyhow!("whisper panicked"))?;
            all.extend(part?);
        }
        Ok(all)
    })
}

impl Transcript {
    fn of(sentence: &Sentence, heard: String) -> Self {
        let said = words::plain(&sentence.text);
        Self {
            id: sentence.id.clone(),
            word_errors: words::errors(&said, &words::plain(&heard)),
            words: said.len(),
            said: sentence.text.clone(),
            heard,
        }
    }
}
