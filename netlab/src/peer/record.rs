//! A recording whose first sample is the run's start, whatever happens to the connection meanwhile.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};

use crate::plan::RATE_HZ;

/// Samples of a millisecond.
const PER_MS: i64 = RATE_HZ as i64 / 1_000;
/// Frames follow each other by their own count, not by when they came: a slow moment of this process is not the
/// network's. Off by more than this, the count is wrong and the clock is right.
const SLACK_MS: i64 = 500;

/// Mono samples at [`RATE_HZ`], kept in memory: a run is minutes long, and holds its length at most.
#[derive(Debug)]
pub struct Recording {
    samples: Vec<i16>,
    most: usize,
    /// The next frame's time is taken from the clock.
    fresh: bool,
}

impl Recording {
    /// An empty one that takes at most `most`.
    pub fn new(most: Duration) -> Self {
        Self {
            samples: Vec::new(),
            most: most.as_millis() as usize * PER_MS as usize,
            fresh: true,
        }
    }

    /// The next frame is of another track than the last.
    pub fn begin_track(&mut self) {
        self.fresh = true;
    }

    /// Takes a frame that was complete `elapsed_ms` after the run's start. Frames from before it are left out.
    pub fn push(&mut self, elapsed_ms: i64, frame: &[i16]) {
        let arrived = elapsed_ms * PER_MS - frame.len() as i64;
        let late = arrived - self.samples.len() as i64;
        if arrived < 0 || late < -SLACK_MS * PER_MS {
            return;
        }
        if late > SLACK_MS * PER_MS || (self.fresh && late > 0) {
            self.samples.resize((arrived as usize).min(self.most), 0);
        }
        self.fresh = false;
        let room = self.most.saturating_sub(self.samples.len());
        self.samples.extend(frame.iter().take(room));
    }

    /// What is recorded so far.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }
}

/// Writes mono 16-bit samples at [`RATE_HZ`].
///
/// # Errors
/// When the file cannot be written.
pub fn write_wav(path: &Path, samples: &[i16]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let failed = || format!("{}", path.display());
    let mut writer = hound::WavWriter::create(path, spec).with_context(failed)?;
    let mut block = writer.get_i16_writer(samples.len() as u32);
    samples
        .iter()
        .for_each(|&sample| block.write_sample(sample));
    block.flush().with_context(failed)?;
    writer.finalize().with_context(failed)
}

/// Reads mono 16-bit samples at [`RATE_HZ`].
///
/// # Errors
/// When the file cannot be read or is of another kind.
pub fn read_wav(path: &Path) -> anyhow::Result<Vec<i16>> {
    let failed = || format!("{}", path.display());
    let mut reader = hound::WavReader::open(path).with_context(failed)?;
    let spec = reader.spec();
    ensure!(
        spec.sample_rate == RATE_HZ && spec.channels == 1 && spec.bits_per_sample == 16,
        "{} is not mono 16-bit at {RATE_HZ} Hz",
        path.display()
    );
    let samples: Result<Vec<i16>, _> = reader.samples().collect();
    samples.with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 ms.
    const FRAME: usize = 160;

    fn recording() -> Recording {
        Recording::new(Duration::from_secs(10))
    }

    #[test]
    fn frames_follow_each_other_though_they_come_unevenly() {
        let mut recording = recording();
        for (number, came) in [10, 35, 35, 80, 80, 80, 80, 81].into_iter().enumerate() {
            recording.push(came, &[number as i16 + 1; FRAME]);
        }
        let expected: Vec<i16> = (1..=8).flat_map(|number| [number; FRAME]).collect();
        assert_eq!(recording.samples(), expected);
    }

    #[test]
    fn what_came_before_the_start_is_left_out_and_the_first_frame_has_its_time() {
        let mut recording = recording();
        recording.push(-50, &[1; FRAME]);
        recording.push(0, &[2; FRAME]);
        assert!(recording.samples().is_empty(), "nothing was due yet");
        recording.push(300, &[3; FRAME]);
        let samples = recording.samples();
        assert_eq!(samples.len(), 300 * 16);
        assert_eq!((samples[290 * 16 - 1], samples[290 * 16]), (0, 3));
    }

    #[test]
    fn another_track_goes_on_at_its_time_and_never_before_what_is_there() {
        let mut recording = recording();
        recording.push(100, &[1; FRAME]);
        recording.begin_track();
        recording.push(2_000, &[2; FRAME]);
        assert_eq!(
            recording.samples().len(),
            2_000 * 16,
            "the outage is silence"
        );
        recording.begin_track();
        recording.push(1_990, &[3; FRAME]);
        assert_eq!(
            recording.samples().len(),
            2_010 * 16,
            "nothing is overwritten"
        );
    }

    #[test]
    fn a_long_stall_and_the_flood_after_it_do_not_shift_what_follows() {
        let mut recording = recording();
        recording.push(10, &[1; FRAME]);
        for _ in 0..300 {
            recording.push(3_000, &[2; FRAME]);
        }
        let ahead = recording.samples().len() as i64 - 3_000 * PER_MS;
        assert!(
            ahead <= (SLACK_MS + 10) * PER_MS,
            "the flood put the recording {ahead} samples ahead of the clock"
        );
    }

    #[test]
    fn it_never_grows_past_its_length() {
        let mut recording = Recording::new(Duration::from_millis(25));
        for number in 1..10 {
            recording.push(number * 10, &[1; FRAME]);
        }
        recording.push(9_000, &[1; FRAME]);
        assert_eq!(recording.samples().len(), 25 * 16);
    }
}
