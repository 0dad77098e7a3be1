use super::*;

const PAIRS: [(u32, u32); 6] = [
    (22_050, 24_000),
    (24_000, 16_000),
    (48_000, 16_000),
    (16_000, 48_000),
    (44_100, 48_000),
    (8_000, 16_000),
];

/// What a tone is at a time, in samples of its rate.
fn tone(hz: f64, rate_hz: u32, at: f64) -> f32 {
    (0.25 * (2.0 * PI * hz * at / f64::from(rate_hz)).sin()) as f32
}

fn tones(hz: f64, rate_hz: u32, count: usize) -> Vec<f32> {
    (0..count).map(|n| tone(hz, rate_hz, n as f64)).collect()
}

/// The largest difference, edges of 5 ms left out: there the tone begins and ends.
fn error(output: &[f32], rate_hz: u32, expected: impl Fn(usize) -> f32) -> f32 {
    let edge = rate_hz as usize / 200;
    (edge..output.len() - edge)
        .map(|n| (output[n] - expected(n)).abs())
        .fold(0.0, f32::max)
}

#[test]
fn a_whole_sound_keeps_its_length_and_every_sample_its_time() {
    for (from, to) in PAIRS {
        let input = tones(440.0, from, from as usize / 2);
        let output = resample(&input, from, to);
        assert_eq!(
            output.len(),
            to as usize / 2,
            "half a second, {from} to {to}"
        );
        let error = error(&output, to, |n| tone(440.0, to, n as f64));
        assert!(error < 1e-3, "{from} to {to}: off by {error} of 0.25");
    }
}

#[test]
fn a_stream_is_late_by_half_the_filter_and_no_more() {
    for (from, to) in PAIRS {
        let mut resampler = Resampler::new(from, to);
        let mut output = Vec::new();
        for block in tones(440.0, from, from as usize / 2).chunks(97) {
            output.extend(resampler.push(block.iter().copied()));
        }
        let delay = HALF_WIDTH / f64::from(from.min(to)) * f64::from(to);
        let error = error(&output, to, |n| tone(440.0, to, n as f64 - delay));
        assert!(error < 1e-3, "{from} to {to}: off by {error} of 0.25");
    }
}

#[test]
fn nothing_and_the_same_rate_stay_as_they_are() {
    assert!(resample(&[], 22_050, 24_000).is_empty());
    assert_eq!(resample(&[0.5, -0.25], 16_000, 16_000), [0.5, -0.25]);
}

#[test]
fn what_the_lower_rate_cannot_carry_is_removed() {
    let output = resample(&tones(10_000.0, 48_000, 48_000), 48_000, 16_000);
    let left = error(&output, 16_000, |_| 0.0);
    assert!(
        left < 1e-3,
        "10 kHz folded down into 16 kHz: {left} of 0.25"
    );
}
