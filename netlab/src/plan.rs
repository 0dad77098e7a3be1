//! What is said during a run: human sentences, spread over rooms, each at its time.
//!
//! The recordings are Debian's `asterisk-core-sounds-en-wav` with the transcripts of `asterisk-core-sounds-en` (one
//! speaker, 8 kHz, CC-BY-SA-3.0); `scripts/setup --test` installs them. They are never part of this repository.

mod prompts;
mod resample;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

/// Samples per second of everything a plan refers to and of every recording.
pub const RATE_HZ: u32 = 16_000;
/// Silence before the first sentence, while connections settle.
const LEAD_MS: u64 = 2_000;
/// Silence between two sentences of a room.
const GAP_MS: u64 = 1_000;
/// The same sentences in the same order in every run.
const SEED: u64 = 0x7e11_e400;

/// What both ends of a run agree on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Samples per second of the files.
    pub rate_hz: u32,
    /// One room each.
    pub streams: Vec<Stream>,
}

/// What is said in one room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// The room's name.
    pub room: String,
    /// In the order of their start.
    pub sentences: Vec<Sentence>,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// The prompt's name.
    pub id: String,
    /// Mono 16-bit WAV at the plan's rate.
    pub wav: String,
    /// What is said in it.
    pub text: String,
    /// When it begins, in milliseconds after the run's start.
    pub start_ms: u64,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

impl Sentence {
    /// When it ends, in milliseconds after the run's start.
    pub fn end_ms(&self) -> u64 {
        self.start_ms + self.duration_ms
    }
}

impl Plan {
    /// Until the last sentence of the longest stream is over.
    pub fn length(&self) -> Duration {
        let ends = self.streams.iter().flat_map(|stream| &stream.sentences);
        Duration::from_millis(ends.map(Sentence::end_ms).max().unwrap_or(0))
    }

    /// Reads a plan's file.
    ///
    /// # Errors
    /// When it cannot be read or is not a plan.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a plan", path.display()))
    }

    /// Writes a plan's file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        std::fs::write(path, text).with_context(|| format!("{}", path.display()))
    }
}

/// Chooses `sentences` of the recordings, converts them into `work` at [`RATE_HZ`], and spreads them over `streams`
/// rooms so that all rooms end at about the same time. The choice of N is the beginning of the choice of N + 1.
///
/// # Errors
/// When the recordings are not installed, are fewer than asked for, or `work` cannot be written.
pub fn make(sentences: usize, streams: usize, work: &Path) -> anyhow::Result<Plan> {
    ensure!(streams > 0, "a plan needs a room");
    let mut chosen = prompts::installed()?;
    ensure!(
        sentences <= chosen.len(),
        "{sentences} sentences were asked for, there are {}",
        chosen.len()
    );
    shuffle(&mut chosen, SEED);
    chosen.truncate(sentences);
    std::fs::create_dir_all(work).with_context(|| format!("{}", work.display()))?;
    let mut parts = Vec::with_capacity(sentences);
    for prompt in chosen {
        let wav = work.join(format!("{}.wav", prompt.id.replace('/', "-")));
        let duration_ms = prompts::convert(&prompt.wav, &wav)?;
        parts.push(Sentence {
            id: prompt.id,
            wav: wav.display().to_string(),
            text: prompt.text,
            start_ms: 0,
            duration_ms,
        });
    }
    Ok(spread(parts, streams))
}

/// Each sentence goes to the room that is free first.
fn spread(sentences: Vec<Sentence>, streams: usize) -> Plan {
    let mut rooms: Vec<Stream> = (0..streams)
        .map(|index| Stream {
            room: format!("lab-{index}"),
            sentences: Vec::new(),
        })
        .collect();
    let free_at = |stream: &Stream| {
        let last = stream.sentences.last();
        last.map_or(LEAD_MS, |sentence| sentence.end_ms() + GAP_MS)
    };
    for mut sentence in sentences {
        let Some(room) = rooms.iter_mut().min_by_key(|room| free_at(room)) else {
            break;
        };
        sentence.start_ms = free_at(room);
        room.sentences.push(sentence);
    }
    Plan {
        rate_hz: RATE_HZ,
        streams: rooms,
    }
}

/// Fisher and Yates with SplitMix64: the same order everywhere, whatever random crates do.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        items.swap(last, (mixed % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(id: usize, duration_ms: u64) -> Sentence {
        Sentence {
            id: id.to_string(),
            wav: String::new(),
            text: String::new(),
            start_ms: 0,
            duration_ms,
        }
    }

    #[test]
    fn sentences_of_a_room_keep_a_second_apart_and_rooms_end_together() {
        let plan = spread(
            (0..40)
                .map(|i| sentence(i, 1_000 + 97 * i as u64))
                .collect(),
            3,
        );
        let ends: Vec<u64> = plan
            .streams
            .iter()
            .map(|stream| {
                for pair in stream.sentences.windows(2) {
                    assert_eq!(pair[1].start_ms, pair[0].end_ms() + GAP_MS);
                }
                assert_eq!(stream.sentences[0].start_ms, LEAD_MS);
                stream.sentences.last().map_or(0, Sentence::end_ms)
            })
            .collect();
        let (first, last) = (ends.iter().min(), ends.iter().max());
        assert!(
            last.zip(first)
                .is_some_and(|(last, first)| last - first < 6_000),
            "rooms end at {ends:?}"
        );
        assert_eq!(
            plan.length().as_millis() as u64,
            *last.expect("three rooms")
        );
        let said: usize = plan
            .streams
            .iter()
            .map(|stream| stream.sentences.len())
            .sum();
        assert_eq!(said, 40, "every sentence is said once");
    }

    #[test]
    fn the_order_is_mixed_and_always_the_same() {
        let mixed = |seed| {
            let mut items: Vec<u32> = (0..161).collect();
            shuffle(&mut items, seed);
            items
        };
        let items = mixed(SEED);
        assert_eq!(items, mixed(SEED), "the same seed gives the same order");
        assert_ne!(items, mixed(SEED + 1), "another seed gives another");
        let moved = items
            .iter()
            .enumerate()
            .filter(|(at, item)| *at as u32 != **item)
            .count();
        assert!(moved > 140, "only {moved} of 161 moved");
        let mut sorted = items;
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            (0..161).collect::<Vec<_>>(),
            "nothing is lost or doubled"
        );
    }
}
