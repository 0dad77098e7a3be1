use super::*;
use crate::{
    ogg,
    test_support::{decode, loudness, pages},
    timeline::BLOCK,
};

/// 20 ms of a tone on the left, of silence on the right.
fn tone(block: usize) -> [i16; 2 * BLOCK] {
    let mut samples = [0; 2 * BLOCK];
    for (at, pair) in samples.chunks_exact_mut(2).enumerate() {
        let seconds = (block * BLOCK + at) as f32 / RATE_HZ as f32;
        pair[0] = ((seconds * 440.0 * std::f32::consts::TAU).sin() * 8_000.0) as i16;
    }
    samples
}

#[test]
fn segments_make_a_file_that_plays_in_time() {
    let mut encoder = Encoder::new(7).expect("an encoder");
    let mut file = ogg::header(7);
    let mut numbers = Vec::new();
    // A tone from 11 s to 12 s, and 23.1 s in all.
    for block in 0..1_155 {
        let sounds = (550..600).contains(&block);
        let samples = if sounds { tone(block) } else { [0; 2 * BLOCK] };
        if let Some(segment) = encoder.push(&samples).expect("encoded") {
            numbers.push(segment.number);
            file.extend(segment.bytes);
        }
    }
    let last = encoder.finish().expect("something is left");
    numbers.push(last.number);
    file.extend(last.bytes);
    assert_eq!(numbers, [0, 1, 2]);
    let read = pages(&file);
    assert_eq!(read.len(), 2 + 24);
    assert_eq!(
        read.last().map(|page| page.flags),
        Some(4),
        "it says that it ends"
    );
    let [left, right] = decode(&file);
    assert_eq!(
        left.len(),
        1_155 * BLOCK - 104,
        "but for what an encoder looks ahead"
    );
    assert!(loudness(&left, 11_020..11_980) > 3_000.0);
    assert!(loudness(&left, 0..10_980) < 20.0, "nothing before it");
    assert!(loudness(&left, 12_040..23_000) < 20.0, "nor after");
    assert!(loudness(&right, 0..23_000) < 200.0, "nor on the other side");
}

#[test]
fn the_encoder_looks_ahead_as_far_as_the_header_says() {
    let mut encoder = Encoder::new(7).expect("an encoder");
    let ahead = encoder.opus.get_lookahead().expect("it says");
    assert_eq!(ahead * 3, i32::from(ogg::PRE_SKIP));
}

#[test]
fn a_recording_that_ends_with_a_segment_has_nothing_left() {
    let mut encoder = Encoder::new(7).expect("an encoder");
    let segments = (0..500).filter_map(|_| encoder.push(&[0; 2 * BLOCK]).expect("encoded"));
    assert_eq!(segments.count(), 1);
    assert!(encoder.finish().is_none());
}
