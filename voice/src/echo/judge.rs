//! What was heard beside what was sent, by their levels.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    Sent,
    bands::{Bands, Levels},
    sent::tens,
};
use crate::listen::LISTEN_RATE_HZ;

/// Tens of milliseconds that are remembered, ten seconds: of a longer utterance its end is compared.
const KEPT: usize = 1_024;
/// An echo is on its way for so long, in tens of milliseconds: 400 ms of its own, and the network twice.
const LAGS: RangeInclusive<u64> = 2..=80;
/// By the last second, each fifth of a second, the path of the echo is sought.
const WINDOW: u64 = 100;
const SEEK_EVERY: u64 = 20;
/// So alike are only a sound and its echo. Measured: see the tests.
const PATH_LIKENESS: f32 = 0.8;
/// What is so much louder than its echo should be is not only echo: 6 dB.
const MARGIN: f32 = 2.0;
/// The path is lost when less than this comes back of what should.
const LOST: f32 = 0.4;
/// Below this, -60 dBFS, nothing is sent.
const SILENT: f32 = 30.0;
/// A known path may differ by so much, in tens of milliseconds.
const PATH_SPREAD: u64 = 2;
/// Sounds of less than so many tens of milliseconds are alike by chance.
const ENOUGH: usize = 12;

/// Compares what is heard with what was sent, 10 ms at a time. Pure but for what it reads of [`Sent`].
#[derive(Debug)]
pub struct Echo {
    sent: Sent,
    bands: Bands,
    heard: Ring,
    played: Ring,
    /// The 10 ms that are heard next.
    at: u64,
    path: Option<Path>,
}

/// How sound comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Path {
    /// Tens of milliseconds.
    lag: u64,
    /// Of each band.
    gain: Levels,
}

impl Echo {
    /// Nothing was heard yet.
    #[must_use]
    pub fn new(sent: Sent) -> Self {
        Self {
            sent,
            bands: Bands::new(LISTEN_RATE_HZ),
            heard: Ring::new(),
            played: Ring::new(),
            at: 0,
            path: None,
        }
    }

    /// Takes the caller's sound, mono 16 kHz, that came at `now` since the epoch of [`Sent`]. Whether it is no more than
    /// what comes back of the agent's voice; `false` as long as it is not known how that sounds.
    pub fn hear(&mut self, frame: &[i16], now: Duration) -> bool {
        let played = &mut self.played;
        self.sent.take(|at, levels| played.put(at, levels));
        let arrived = tens(now);
        // The line's clock is followed: after a gap, and when it runs away.
        if arrived > self.at + 30 || self.at > arrived + 30 {
            self.at = arrived;
        }
        let (mut is_own, mut any) = (true, false);
        let (heard, at, path) = (&mut self.heard, &mut self.at, self.path);
        self.bands.push(frame, |levels| {
            heard.put(*at, levels);
            is_own &= path.is_some_and(|path| path.explains(&levels, played, *at));
            any = true;
            *at += 1;
        });
        if self.at.is_multiple_of(SEEK_EVERY) {
            self.seek_path();
        }
        is_own && any
    }

    /// Whether it is known how the agent's voice comes back on this line.
    #[must_use]
    pub fn knows_path(&self) -> bool {
        self.path.is_some()
    }

    /// How alike what was heard from `from` to `to` ago is to what was sent before it: 1 for a clean echo. `None`: nothing
    /// was sent, or there is too little to tell. Any short sound is like some part of what was said before it: one of less
    /// than a second is compared along a known path alone.
    #[must_use]
    pub fn likeness(&self, from: Duration, to: Duration) -> Option<f32> {
        let (from, to) = (tens(from).min(KEPT as u64 - 100), tens(to));
        let window = self.at.saturating_sub(from)..self.at.saturating_sub(to);
        if !self.is_sent_before(&window) {
            return None;
        }
        let lags = match self.path {
            Some(path) => path.lag.saturating_sub(PATH_SPREAD)..=path.lag + PATH_SPREAD,
            None if window.end - window.start < WINDOW => return None,
            None => LAGS,
        };
        self.best_of(lags, &window).map(|(_, likeness)| likeness)
    }

    /// Whether something was sent that may have come back in this window.
    fn is_sent_before(&self, window: &std::ops::Range<u64>) -> bool {
        let from = window.start.saturating_sub(*LAGS.end());
        (from..window.end).any(|at| self.played.get(at).iter().any(|level| *level > SILENT))
    }

    fn best_of(
        &self,
        lags: RangeInclusive<u64>,
        window: &std::ops::Range<u64>,
    ) -> Option<(u64, f32)> {
        let heard: Vec<Levels> = window.clone().map(|at| self.heard.get(at)).collect();
        if !is_enough(&heard) {
            return None;
        }
        let likeness = |lag: u64| {
            let played = window
                .clone()
                .map(|at| self.played.get(at.saturating_sub(lag)));
            let played: Vec<Levels> = played.collect();
            let likeness = is_enough(&played).then(|| alike(&heard, &played)).flatten();
            likeness.map(|likeness| (lag, likeness))
        };
        lags.filter_map(likeness).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn seek_path(&mut self) {
        let window = self.at.saturating_sub(WINDOW)..self.at;
        if !self.is_sent_before(&window) {
            return;
        }
        if let Some((lag, likeness)) = self.best_of(LAGS, &window)
            && likeness >= PATH_LIKENESS
        {
            let gain = self.gain(&window, lag);
            self.path = Some(Path { lag, gain });
            return;
        }
        // Nothing comes back any more: a headset was put on, or the agent was never heard there.
        if let Some(path) = self.path {
            let sum = |levels: Levels| levels.iter().sum::<f32>();
            let due: f32 = window
                .clone()
                .map(|at| sum(path.due(&self.played, at)))
                .sum();
            let came: f32 = window.map(|at| sum(self.heard.get(at))).sum();
            if due > SILENT * WINDOW as f32 && came < LOST * due {
                self.path = None;
            }
        }
    }

    /// How much of each band comes back.
    fn gain(&self, window: &std::ops::Range<u64>, lag: u64) -> Levels {
        let mut gain = Levels::default();
        for (band, gain) in gain.iter_mut().enumerate() {
            let (mut both, mut sent) = (0.0, 1.0);
            for at in window.clone() {
                let played = self.played.get(at.saturating_sub(lag))[band];
                both += played * self.heard.get(at)[band];
                sent += played * played;
            }
            *gain = both / sent;
        }
        gain
    }
}

impl Path {
    /// What should come back at this time: an echo is smeared over some tens of milliseconds.
    fn due(&self, played: &Ring, at: u64) -> Levels {
        let mut due = Levels::default();
        for late in 0..5 {
            let played = played.get((at + 2).saturating_sub(self.lag + late));
            for ((due, played), gain) in due.iter_mut().zip(played).zip(self.gain) {
                *due = due.max(played * gain);
            }
        }
        due
    }

    /// At most one band is louder than what should come back.
    fn explains(&self, heard: &Levels, played: &Ring, at: u64) -> bool {
        let due = self.due(played, at);
        let louder = heard
            .iter()
            .zip(due)
            .filter(|(heard, due)| **heard > MARGIN * due + SILENT);
        // Of silence nothing needs to be explained.
        louder.count() <= 1 && due.iter().any(|due| *due > 0.0)
    }
}

fn is_enough(levels: &[Levels]) -> bool {
    let sounds = |levels: &&Levels| levels.iter().any(|level| *level > SILENT);
    levels.iter().filter(sounds).count() >= ENOUGH
}

/// How alike two courses of levels are, band by band: 1 for the same, whatever their loudness. `None`: one of them is flat.
fn alike(one: &[Levels], other: &[Levels]) -> Option<f32> {
    let count = one.len() as f32;
    let (mut sum, mut bands) = (0.0, 0.0);
    for band in 0..one[0].len() {
        let mean = |of: &[Levels]| of.iter().map(|levels| levels[band]).sum::<f32>() / count;
        let (mean_one, mean_other) = (mean(one), mean(other));
        let (mut both, mut var_one, mut var_other) = (0.0, 0.0, 0.0);
        for (a, b) in one.iter().zip(other) {
            let (a, b) = (a[band] - mean_one, b[band] - mean_other);
            both += a * b;
            var_one += a * a;
            var_other += b * b;
        }
        if var_one > count && var_other > count {
            sum += both / (var_one * var_other).sqrt();
            bands += 1.0;
        }
    }
    (bands > 1.0).then(|| sum / bands)
}

/// The last ten seconds of levels, by their time.
#[derive(Debug)]
struct Ring(Vec<(u64, Levels)>);

impl Ring {
    fn new() -> Self {
        Self(vec![(u64::MAX, Levels::default()); KEPT])
    }

    fn put(&mut self, at: u64, levels: Levels) {
        self.0[at as usize % KEPT] = (at, levels);
    }

    /// Silence where nothing was put, or it is forgotten.
    fn get(&self, at: u64) -> Levels {
        let (put, levels) = self.0[at as usize % KEPT];
        if put == at { levels } else { Levels::default() }
    }
}
