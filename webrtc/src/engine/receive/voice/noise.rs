//! Comfort noise: what is heard while the sender is silent and sends next to nothing.
//!
//! The decoder makes it, from what it knows of the sender's background, and takes as long for it
//! as for speech. So it is asked for a piece only, and the rest is cut from that, at chance
//! places. Silence is most of what a listener hears; it must not cost what speech costs.

use super::rms;

/// Until then the decoder is still leaving the sound before the silence, blocks of 10 ms.
const LEAVING_BLOCKS: usize = 8;

/// As much is kept: long enough that nobody hears it come again, blocks.
const KEPT_BLOCKS: usize = 12;

/// After so many blocks the decoder is asked again, because backgrounds change (2 s).
const MAX_USES: usize = 200;

/// One piece goes over into another within this share of a block.
const SEAM_SHARE: usize = 4;

/// News of the sender's background that differs by more is another background: a quarter of its
/// level, or one step of 16 bits.
const SAME_BACKGROUND: f32 = 0.25;
const SAME_STEP: f32 = 1.0;

/// The noise of one stream.
#[derive(Debug, Default)]
pub(super) struct Noise {
    kept: Vec<i16>,
    /// Blocks that the decoder made since this silence or background began.
    made: usize,
    /// Blocks cut from what is kept.
    uses: usize,
    /// Where the next cut begins, samples of `kept`.
    position: usize,
    /// Root mean square of what is kept.
    level: f32,
    /// State of a generator (xorshift), which needs to look random to an ear only.
    chance: u32,
}

impl Noise {
    /// Another stream or another format: what is kept is of no use.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A packet was decoded, which has this level: speech, or news of the background.
    pub(super) fn hear(&mut self, level: f32) {
        let differs = (level - self.level).abs() > SAME_BACKGROUND * self.level + SAME_STEP;
        if self.made > 0 && (differs || !self.is_ready()) {
            self.forget();
        }
    }

    /// Whether [`Self::cut`] can replace the decoder.
    pub(super) const fn is_ready(&self) -> bool {
        self.made > LEAVING_BLOCKS + KEPT_BLOCKS && self.uses < MAX_USES
    }

    /// Learns from a block that the decoder made in a silence: samples of all `channels`. The last
    /// that is learned from goes over into what was kept before it.
    pub(super) fn learn(&mut self, block: &mut [i16], channels: usize) {
        if self.uses >= MAX_USES {
            self.forget();
        }
        if (LEAVING_BLOCKS..LEAVING_BLOCKS + KEPT_BLOCKS).contains(&self.made) {
            self.kept.extend_from_slice(block);
        } else if self.made == LEAVING_BLOCKS + KEPT_BLOCKS {
            self.level = rms(&self.kept);
            self.position = self.anywhere(block.len(), channels);
            let next = self.kept.get(self.position..).unwrap_or_default();
            go_over(block, next, channels);
            self.position += block.len();
        }
        self.made += 1;
    }

    /// Appends `samples` of noise. Needs [`Self::is_ready`].
    pub(super) fn cut(&mut self, samples: usize, channels: usize, pcm: &mut Vec<i16>) {
        self.uses += 1;
        let seam = samples / SEAM_SHARE / channels * channels;
        let begin = pcm.len();
        if self.position + samples > self.kept.len() {
            // What is left leads over to another place.
            let rest = self.kept.get(self.position..).unwrap_or_default();
            let rest = &rest[..rest.len().min(seam)];
            pcm.extend_from_slice(rest);
            self.position = self.anywhere(samples, channels);
            let next = self.kept.get(self.position..).unwrap_or_default();
            go_over(&mut pcm[begin..], next, channels);
            self.position += pcm.len() - begin;
        }
        let needed = samples - (pcm.len() - begin);
        let end = (self.position + needed).min(self.kept.len());
        pcm.extend_from_slice(self.kept.get(self.position..end).unwrap_or_default());
        self.position = end;
        pcm.resize(begin + samples, 0); // only if a piece longer than all that is kept was wanted
    }

    /// A place from which on `samples` are kept.
    fn anywhere(&mut self, samples: usize, channels: usize) -> usize {
        let places = self.kept.len().saturating_sub(samples) / channels + 1;
        self.chance = if self.chance == 0 { 1 } else { self.chance };
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        self.chance as usize % places * channels
    }
}

/// Lets `sound` go over into `next`, of which as much is used. Noise adds by power: the squares
/// of both shares make one.
fn go_over(sound: &mut [i16], next: &[i16], channels: usize) {
    let frames = (sound.len() / channels).max(1) as f32;
    let old = sound.chunks_mut(channels);
    for (index, (old, new)) in old.zip(next.chunks(channels)).enumerate() {
        let share = (index as f32 + 0.5) / frames;
        let (out, into) = ((1.0 - share).sqrt(), share.sqrt());
        for (old, new) in old.iter_mut().zip(new) {
            *old = (f32::from(*old) * out + f32::from(*new) * into) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: usize = 160;

    fn hiss(state: &mut u32, amplitude: i32) -> Vec<i16> {
        let mut sample = || {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((*state >> 16) as i32 % (2 * amplitude + 1) - amplitude) as i16
        };
        (0..BLOCK).map(|_| sample()).collect()
    }

    /// Has learned noise of this amplitude.
    fn ready(amplitude: i32) -> Noise {
        let (mut noise, mut state) = (Noise::default(), 7);
        while !noise.is_ready() {
            noise.learn(&mut hiss(&mut state, amplitude), 1);
        }
        noise
    }

    fn cut(noise: &mut Noise, blocks: usize) -> Vec<i16> {
        let mut pcm = Vec::new();
        for _ in 0..blocks {
            noise.cut(BLOCK, 1, &mut pcm);
        }
        assert_eq!(pcm.len(), blocks * BLOCK);
        pcm
    }

    #[test]
    fn noise_goes_on_as_loud_as_the_decoder_made_it() {
        let mut noise = ready(200);
        let learned = noise.level;
        for second in cut(&mut noise, 199).chunks(50 * BLOCK) {
            let level = rms(second) / learned;
            assert!((0.9..1.1).contains(&level), "{level} times as loud");
        }
    }

    #[test]
    fn nothing_comes_again_at_a_steady_pace() {
        let pcm = cut(&mut ready(1_000), 199);
        let power: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        for lag in (BLOCK..pcm.len() / 2).step_by(BLOCK / 4) {
            let alike = pcm[lag..].iter().zip(&pcm);
            let alike: f64 = alike.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!(alike / power < 0.5, "it repeats after {lag} samples");
        }
    }

    #[test]
    fn digital_silence_stays_silent() {
        let mut noise = ready(0);
        assert!(cut(&mut noise, 50).iter().all(|sample| *sample == 0));
    }

    #[test]
    fn a_louder_background_is_learned_anew_and_the_same_is_not() {
        let mut noise = ready(200);
        let level = noise.level;
        noise.hear(level * 1.1);
        assert!(noise.is_ready(), "the same background");
        noise.hear(level * 2.0);
        assert!(!noise.is_ready(), "another background");
    }

    #[test]
    fn speech_in_the_middle_of_learning_begins_it_anew() {
        let mut noise = Noise::default();
        let mut state = 7;
        for _ in 0..LEAVING_BLOCKS + 3 {
            noise.learn(&mut hiss(&mut state, 200), 1);
        }
        noise.hear(3_000.0);
        assert_eq!((noise.made, noise.kept.len()), (0, 0));
    }

    #[test]
    fn after_two_seconds_the_decoder_is_asked_anew() {
        let mut noise = ready(200);
        cut(&mut noise, MAX_USES);
        assert!(!noise.is_ready());
        noise.learn(&mut hiss(&mut 7, 200), 1);
        assert_eq!((noise.made, noise.uses), (1, 0));
    }

    proptest::proptest! {
        /// A hostile sender chooses when packets come, how long they are and what they hold.
        #[test]
        fn whatever_comes_exactly_what_was_wanted_is_cut(
            steps in proptest::collection::vec((0_u8..3, 0_usize..2_000, -1.0_f32..40_000.0), 1..200),
            channels in 1_usize..3,
        ) {
            let mut noise = Noise::default();
            for (step, frames, level) in steps {
                let samples = frames * channels;
                match step {
                    0 => noise.hear(level),
                    1 => (0..30).for_each(|_| noise.learn(&mut vec![7; samples], channels)),
                    _ if noise.is_ready() => {
                        let mut pcm = vec![1; 3];
                        noise.cut(samples, channels, &mut pcm);
                        proptest::prop_assert_eq!(pcm.len(), 3 + samples);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn channels_stay_on_their_sides() {
        let mut noise = Noise::default();
        let mut state = 7;
        while !noise.is_ready() {
            let left = hiss(&mut state, 500);
            let mut both: Vec<i16> = left.iter().flat_map(|sample| [*sample, 0]).collect();
            noise.learn(&mut both, 2);
        }
        let mut pcm = Vec::new();
        for _ in 0..100 {
            noise.cut(2 * BLOCK, 2, &mut pcm);
        }
        assert!(pcm.iter().skip(1).step_by(2).all(|sample| *sample == 0));
    }
}
