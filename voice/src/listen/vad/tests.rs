//! Scripts for the listener: real samples, and everything that is not speech.

use super::*;
use crate::test_support::sounds;

/// Pushes 10 ms at a time, as a track does, and returns everything heard.
fn hear(listener: &mut Listener, track: &[i16]) -> Vec<Heard> {
    let mut heard: Vec<_> = track
        .chunks(160)
        .filter_map(|frame| listener.push(frame))
        .collect();
    heard.extend(std::iter::from_fn(|| listener.finish()));
    heard
}

fn listener() -> Listener {
    Listener::new(&ListenConfig::default())
}

/// First and last millisecond where a clean sample is above the level of its own silence.
fn speech_ms(samples: &[i16]) -> (u64, u64) {
    let loud = |frame: &[i16]| super::super::gate::level_db(frame) > -45.0;
    let frames: Vec<bool> = samples.chunks(160).map(loud).collect();
    let first = frames
        .iter()
        .position(|&loud| loud)
        .expect("the sample holds speech");
    let last = frames
        .iter()
        .rposition(|&loud| loud)
        .expect("the sample holds speech");
    (first as u64 * 10, last as u64 * 10 + 10)
}

#[test]
fn speech_is_found_within_100_ms_of_where_it_is() {
    for name in sounds::sample_names()
        .iter()
        .filter(|name| name.contains("clean"))
    {
        let speech = sounds::sample(name);
        let track = [sounds::silence(1.0), speech.clone(), sounds::silence(1.0)].concat();
        let heard = hear(&mut listener(), &track);
        let (first, last) = speech_ms(&speech);
        let Some(Heard::SpeechStarted { at_ms }) = heard.first() else {
            panic!("{name}: nothing was heard")
        };
        assert!(
            at_ms.abs_diff(first + 1000) <= 100,
            "{name}: began at {} ms, heard at {at_ms}",
            first + 1000
        );
        let Some(Heard::SpeechEnded(utterance)) = heard.last() else {
            panic!("{name}: the speech never ended")
        };
        let ended = utterance.ended_ms;
        assert!(
            ended.abs_diff(last + 1000) <= 130,
            "{name}: ended at {} ms, heard at {ended}",
            last + 1000
        );
    }
}

#[test]
fn an_utterance_holds_its_pre_roll_and_its_trailing_silence() {
    let track = [
        sounds::silence(1.0),
        sounds::sample("243-clean.wav"),
        sounds::silence(1.0),
    ]
    .concat();
    let heard = hear(&mut listener(), &track);
    let [Heard::SpeechStarted { .. }, Heard::SpeechEnded(utterance)] = &heard[..] else {
        panic!("one utterance was expected, {} events came", heard.len())
    };
    let length = utterance.samples.len() as u64 / 16;
    let voice = utterance.ended_ms - utterance.started_ms;
    assert!(
        (voice + 590..=voice + 620).contains(&length),
        "{voice} ms of voice came as {length} ms"
    );
}

#[test]
fn a_start_is_reported_while_the_caller_still_speaks() {
    let track = [sounds::silence(0.5), sounds::sample("119-clean.wav")].concat();
    let (first, _) = speech_ms(&sounds::sample("119-clean.wav"));
    let mut listener = listener();
    let told = track
        .chunks(160)
        .position(|frame| listener.push(frame).is_some())
        .expect("speech is noticed");
    let delay = told as u64 * 10 - (500 + first);
    assert!(delay <= 250, "the start was told {delay} ms after it");
}

#[test]
fn what_is_not_speech_is_not_heard() {
    let sounds: [(&str, Vec<i16>); 8] = [
        ("silence", sounds::silence(5.0)),
        ("white noise at -30 dB", sounds::white_noise(-30.0, 10.0)),
        ("white noise at -50 dB", sounds::white_noise(-50.0, 10.0)),
        ("pink noise at -30 dB", sounds::pink_noise(-30.0, 10.0)),
        ("a 1 kHz tone", sounds::tones(&[1000.0], -20.0, 3.0)),
        (
            "ringback",
            [
                sounds::silence(1.0),
                sounds::tones(&[440.0, 480.0], -20.0, 2.0),
                sounds::silence(1.0),
            ]
            .concat(),
        ),
        ("the dial tone", sounds::tones(&[350.0, 440.0], -20.0, 3.0)),
        (
            "a held key",
            [
                sounds::silence(1.0),
                sounds::tones(&[770.0, 1336.0], -15.0, 1.0),
            ]
            .concat(),
        ),
    ];
    for (name, track) in sounds {
        let heard = hear(&mut listener(), &track);
        assert!(
            heard.is_empty(),
            "{name} was heard as speech: {} events",
            heard.len()
        );
    }
}

#[test]
fn noise_that_sets_in_is_unlearned_within_a_second() {
    for noise in [
        sounds::pink_noise(-35.0, 6.0),
        sounds::white_noise(-30.0, 6.0),
    ] {
        let heard = hear(&mut listener(), &[sounds::silence(1.0), noise].concat());
        for event in &heard {
            let Heard::SpeechEnded(noise) = event else {
                continue;
            };
            let length = noise.ended_ms - noise.started_ms;
            assert!(length <= 1000, "noise was taken for {length} ms of speech");
        }
        assert!(heard.len() <= 2, "noise began {} times", heard.len());
    }
}

#[test]
fn keys_pressed_on_a_phone_are_not_heard() {
    let keys = [
        [697.0, 1209.0],
        [852.0, 1477.0],
        [941.0, 1336.0],
        [770.0, 1209.0],
        [941.0, 1477.0],
    ];
    for press in [0.07, 0.1, 0.25] {
        let track: Vec<i16> = keys
            .iter()
            .flat_map(|key| [sounds::tones(key, -15.0, press), sounds::silence(0.12)].concat())
            .collect();
        let heard = hear(&mut listener(), &track);
        assert!(
            heard.is_empty(),
            "keys of {press} s were heard as speech: {} events",
            heard.len()
        );
    }
}

#[test]
fn starts_and_ends_alternate_and_no_sample_is_told_twice() {
    let mut track = sounds::silence(0.3);
    for name in sounds::sample_names() {
        track.extend(sounds::sample(&name));
        track.extend(sounds::silence(0.25));
    }
    let heard = hear(&mut listener(), &track);
    assert!(
        heard.len() >= 20,
        "ten sentences made {} events",
        heard.len()
    );
    let (mut speaking, mut total) = (false, 0);
    for event in &heard {
        assert_eq!(
            speaking,
            matches!(event, Heard::SpeechEnded(_)),
            "two starts or two ends in a row"
        );
        speaking = !speaking;
        total += if let Heard::SpeechEnded(utterance) = event {
            utterance.samples.len()
        } else {
            0
        };
    }
    assert!(!speaking, "the last start has no end");
    assert!(
        total <= track.len(),
        "{total} samples came out of {}",
        track.len()
    );
}

#[test]
fn talk_without_a_pause_is_cut_before_whisper_overflows() {
    let config = ListenConfig {
        max_utterance: std::time::Duration::from_secs(8),
        ..ListenConfig::default()
    };
    // Sentences with their silences cut away leave no 200 ms pause.
    let talk: Vec<i16> = (0..6)
        .flat_map(|_| {
            let speech = sounds::sample("119-clean.wav");
            let (first, last) = speech_ms(&speech);
            speech[first as usize * 16..last as usize * 16].to_vec()
        })
        .collect();
    let heard = hear(&mut Listener::new(&config), &talk);
    let lengths: Vec<usize> = heard
        .iter()
        .filter_map(|h| {
            if let Heard::SpeechEnded(u) = h {
                Some(u.samples.len())
            } else {
                None
            }
        })
        .collect();
    assert!(
        lengths.len() >= 2,
        "{} s of talk came as one utterance",
        talk.len() / 16_000
    );
    assert!(
        lengths.iter().all(|&n| n <= 8 * 16_000 + FRAME),
        "an utterance is longer than asked: {lengths:?}"
    );
    let lost = talk.len() - lengths.iter().sum::<usize>();
    assert!(lost == 0, "{lost} samples of talk were lost");
}

#[test]
fn the_track_ending_in_mid_word_closes_the_utterance() {
    let speech = sounds::sample("043-clean.wav");
    let heard = hear(&mut listener(), &speech[..speech.len() / 2]);
    assert!(
        matches!(
            &heard[..],
            [Heard::SpeechStarted { .. }, Heard::SpeechEnded(_)]
        ),
        "{} events",
        heard.len()
    );
}

#[test]
fn the_length_of_the_pieces_does_not_matter() {
    let track = [
        sounds::silence(0.5),
        sounds::sample("022-telephone.wav"),
        sounds::silence(0.5),
    ]
    .concat();
    let by_ten = hear(&mut listener(), &track);
    let mut other = listener();
    let mut by_seven: Vec<_> = track
        .chunks(7)
        .filter_map(|frame| other.push(frame))
        .collect();
    by_seven.extend(other.finish());
    assert!(
        by_ten == by_seven,
        "pieces of 7 samples are heard otherwise than pieces of 160"
    );
}

#[test]
fn a_turn_is_handed_out_with_its_pauses_as_far_back_as_it_is_kept() {
    let speech = sounds::sample("043-clean.wav");
    let config = ListenConfig {
        turn_memory: std::time::Duration::from_secs(8),
        ..ListenConfig::default()
    };
    let pause = sounds::silence(1.0);
    let track = [pause.clone(), speech.clone(), pause.clone(), speech, pause].concat();
    let mut listener = Listener::new(&config);
    let mut began = None;
    let mut turns = Vec::new();
    for (at, frame) in track.chunks(160).enumerate() {
        match listener.push(frame) {
            Some(Heard::SpeechStarted { at_ms }) => {
                began.get_or_insert(at_ms);
            }
            Some(Heard::SpeechEnded(_)) => {
                let turn = listener.turn_since(began.expect("it began"));
                turns.push((turn, (at + 1) * 160));
            }
            None => {}
        }
    }
    let [(first, now), (both, end)] = &*turns else {
        panic!("{} utterances", turns.len())
    };
    // From 200 ms before the voice to now; a frame that is not whole yet is missing.
    let wanted = now - usize::try_from(began.unwrap() * 16).unwrap() + 3200;
    assert!(first.len().abs_diff(wanted) <= FRAME, "{}", first.len());
    assert_eq!(both.len(), 8 * 16_000, "the last eight seconds");
    let known = end - end % FRAME;
    assert_eq!(both[..], sounds::floats(&track[known - both.len()..known]));
    let forgetful = Listener::new(&ListenConfig::default());
    assert!(forgetful.turn_since(0).is_empty(), "nobody asked for it");
}
