//! Lines of statistics, as both peers write them and the scorer reads them.

use std::{fs, io::Write as _, path::Path};

use anyhow::Context as _;
use livekit::webrtc::stats::RtcStats;
use serde::{Deserialize, Serialize};

/// One line of a `*.stats.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Unix time in milliseconds.
    pub t_ms: u64,
    /// Something that happened to the connection, e.g. `reconnecting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What was counted so far.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
}

/// The counters of <https://www.w3.org/TR/webrtc-stats/#dom-rtcinboundrtpstreamstats>, since the track began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Samples made up because their packet was missing.
    pub concealed_samples: u64,
    /// Samples played, made up or not.
    pub total_samples_received: u64,
    /// Seconds that played samples waited in the jitter buffer, summed over samples.
    pub jitter_buffer_delay: f64,
    /// Samples in that sum.
    pub jitter_buffer_emitted_count: u64,
    /// Packets that never came.
    pub packets_lost: i64,
    /// Packets that came.
    pub packets_received: u64,
    /// Samples added to play slower.
    pub inserted_samples_for_deceleration: u64,
    /// Samples taken out to play faster.
    pub removed_samples_for_acceleration: u64,
}

impl Counters {
    /// The audio stream's counters among a receiver's statistics.
    pub fn of(stats: &[RtcStats]) -> Option<Self> {
        stats.iter().find_map(|record| {
            let RtcStats::InboundRtp(record) = record else {
                return None;
            };
            let (received, inbound) = (&record.received, &record.inbound);
            (record.stream.kind == "audio").then_some(Self {
                concealed_samples: inbound.concealed_samples,
                total_samples_received: inbound.total_samples_received,
                jitter_buffer_delay: inbound.jitter_buffer_delay,
                jitter_buffer_emitted_count: inbound.jitter_buffer_emitted_count,
                packets_lost: received.packets_lost,
                packets_received: received.packets_received,
                inserted_samples_for_deceleration: inbound.inserted_samples_for_deceleration,
                removed_samples_for_acceleration: inbound.removed_samples_for_acceleration,
            })
        })
    }
}

impl Line {
    /// A line that says what happened.
    pub fn event(t_ms: u64, event: String) -> Self {
        Self {
            t_ms,
            event: Some(event),
            counters: None,
        }
    }

    /// A line that counts.
    pub fn counters(t_ms: u64, counters: Counters) -> Self {
        Self {
            t_ms,
            event: None,
            counters: Some(counters),
        }
    }

    /// All lines of a file; the last one may be half written when a peer was killed, and is left out then.
    ///
    /// # Errors
    /// When the file cannot be read, or a line before the last makes no sense.
    pub fn read_all(path: &Path) -> anyhow::Result<Vec<Self>> {
        let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        Self::parse_all(&text).with_context(|| format!("{}", path.display()))
    }

    fn parse_all(text: &str) -> anyhow::Result<Vec<Self>> {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(serde_json::from_str);
        Ok(lines.collect::<Result<_, _>>()?)
    }
}

/// A file that grows by lines, each complete at once.
#[derive(Debug)]
pub(super) struct File(fs::File);

impl File {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = fs::File::create(path).with_context(|| format!("{}", path.display()))?;
        Ok(Self(file))
    }

    pub(super) fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        Ok(self.0.write_all(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written_and_a_torn_end_is_left_out() {
        let lines = [
            Line::event(1, "joined".to_owned()),
            Line::counters(
                2,
                Counters {
                    concealed_samples: 3,
                    jitter_buffer_delay: 1.5,
                    packets_lost: -1,
                    ..Counters::default()
                },
            ),
        ];
        let mut text = String::new();
        for line in &lines {
            text += &serde_json::to_string(line).expect("it is plain data");
            text.push('\n');
        }
        text += "{\"t_ms\":3,\"eve";
        let read = Line::parse_all(&text).expect("whole lines are read");
        assert_eq!(read, lines);
        assert!(
            Line::parse_all("{\"t_ms\":\n{}\n").is_err(),
            "a broken line is told"
        );
    }
}
