//! Lines that echo: flite speaks, its voice comes back, and a person (Debian's `asterisk-core-sounds-en-wav`) speaks over it.

use std::time::Duration;

use language::Listening;
use tokio::time::Instant;

use super::{Echo, Judged, Sent, own_words};
use crate::{
    listen::{Heard, ListenConfig, Listener, Utterance, tests::tiny_en},
    speak::{FRAME_SAMPLES, Provider, Tts, TtsConfig},
    test_support::sounds,
};

/// 10 ms at 16 kHz.
const FRAME: usize = 160;

/// What the agent says, over and over.
const SAID: [&str; 6] = [
    "You can block your card at once in the app, or by dialling the number on its back.",
    "A new card costs five dollars and is ready at your branch after two working days.",
    "The branch in the city centre is open from eight in the morning until four in the afternoon.",
    "You need your identity document, and a proof of where you live that is not older than three months.",
    "The fee for a transfer to another bank is one dollar, and it arrives within two hours.",
    "Please keep the receipt until the amount is shown in your account.",
];

/// How a line echoes.
#[derive(Debug, Clone, Copy)]
struct Line {
    delay_ms: usize,
    level_db: f32,
    noise_db: f32,
}

/// An utterance that the listener found, with how alike it is to what was sent.
struct Found {
    utterance: Utterance,
    likeness: Option<f32>,
}

impl Found {
    fn overlap_ms(&self, from_ms: u64, to_ms: u64) -> u64 {
        let (from, to) = (
            self.utterance.started_ms.max(from_ms),
            self.utterance.ended_ms.min(to_ms),
        );
        to.saturating_sub(from)
    }
}

/// What the agent says, at 24 kHz, with a pause after each sentence.
fn agent() -> Vec<i16> {
    // On a thread of its own, so that a test with a runtime can ask for it too.
    std::thread::spawn(speak).join().expect("flite speaks")
}

#[tokio::main(flavor = "current_thread")]
async fn speak() -> Vec<i16> {
    let tts = Tts::open(&TtsConfig::new(Provider::Flite {
        voice: Some("slt".to_owned()),
    }));
    let tts = tts.expect("nothing is loaded");
    let mut samples = vec![0; 24_000];
    for sentence in SAID {
        let speech = tts.synthesize(sentence).await.expect("flite speaks");
        samples.extend(&speech.samples);
        samples.extend(vec![0; 24_000 * 18 / 100]);
    }
    samples
}

/// Human prompts of one to four seconds, at -20 dBFS.
fn people() -> Vec<(String, Vec<i16>)> {
    let sentences = sounds::human_sentences().into_iter();
    sentences
        .filter(|(_, samples)| (16_000..64_000).contains(&samples.len()))
        .map(|(text, samples)| (text, at_level(&samples, -20.0)))
        .collect()
}

fn at_level(samples: &[i16], level_db: f32) -> Vec<i16> {
    let blocks: Vec<f32> = samples
        .chunks(FRAME)
        .map(|block| block.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / block.len() as f32)
        .collect();
    let loud = blocks.iter().copied().fold(0.0, f32::max) * 0.01;
    let active: Vec<f32> = blocks.into_iter().filter(|block| *block > loud).collect();
    let rms = (active.iter().sum::<f32>() / active.len() as f32).sqrt();
    let gain = 10_f32.powf(level_db / 20.0) * 32_768.0 / rms;
    samples
        .iter()
        .map(|s| (f32::from(*s) * gain).clamp(-32_767.0, 32_767.0) as i16)
        .collect()
}

/// What the caller's microphone hears: the echo, noise, and people from these milliseconds on.
fn microphone(agent: &[i16], line: Line, people: &[(u64, &[i16])]) -> Vec<i16> {
    let floats: Vec<f32> = agent.iter().map(|s| f32::from(*s)).collect();
    let echo = resampler::resample(&floats, 24_000, 16_000);
    let gain = 10_f32.powf(line.level_db / 20.0);
    let mut heard = sounds::white_noise(line.noise_db, echo.len() as f32 / 16_000.0);
    heard.resize(echo.len(), 0);
    let mut add = |at: usize, sample: f32| {
        if let Some(heard) = heard.get_mut(at) {
            *heard = (f32::from(*heard) + sample).clamp(-32_767.0, 32_767.0) as i16;
        }
    };
    for (at, sample) in echo.iter().enumerate() {
        add(at + line.delay_ms * 16, sample * gain);
    }
    for (from_ms, samples) in people {
        for (at, sample) in samples.iter().enumerate() {
            add(*from_ms as usize * 16 + at, f32::from(*sample));
        }
    }
    heard
}

/// Lets the listener hear it beside what is sent; 60 ms of what is sent wait in the sink, and the network takes 40.
fn listen(agent: &[i16], heard: &[i16]) -> Vec<Found> {
    let sent = Sent::new(Instant::now());
    let mut echo = Echo::new(sent.clone());
    let mut listener = Listener::new(&ListenConfig::default());
    let mut found = Vec::new();
    let frames = agent.chunks(FRAME_SAMPLES).zip(heard.chunks(FRAME));
    for (at, (out, heard)) in frames.enumerate() {
        let at = at as u64;
        sent.frame_at(out, at);
        let now = Duration::from_millis(10 * (at + 4));
        let is_own = echo.hear(heard, now);
        if let Some(Heard::SpeechEnded(utterance)) = listener.push_judged(heard, is_own) {
            let voiced = utterance.ended_ms - utterance.started_ms;
            let ended = Duration::from_millis(200);
            let likeness = echo.likeness(ended + Duration::from_millis(voiced), ended);
            found.push(Found {
                utterance,
                likeness,
            });
        }
    }
    found
}

const LEVELS_DB: [f32; 4] = [-4.0, -10.0, -20.0, -30.0];

#[test]
#[ignore = "scripts/test: needs flite"]
fn the_agents_voice_that_comes_back_begins_no_speech() {
    let agent = agent();
    for level_db in LEVELS_DB {
        for (delay_ms, noise_db) in [(50, -90.0), (150, -50.0), (400, -60.0)] {
            let line = Line {
                delay_ms,
                level_db,
                noise_db,
            };
            let found = listen(&agent, &microphone(&agent, line, &[]));
            // Until its path is known, a fifth of a second, it may be taken for speech.
            let long = found
                .iter()
                .map(|found| found.utterance.ended_ms - found.utterance.started_ms)
                .filter(|voiced| *voiced > 400);
            assert!(
                found.len() <= 2 && long.count() == 0,
                "{line:?}: {} utterances",
                found.len()
            );
        }
    }
}

#[test]
#[ignore = "scripts/test: needs flite and asterisk-core-sounds-en-wav"]
fn people_who_speak_over_an_echo_are_heard() {
    let (agent, people) = (agent(), people());
    for level_db in LEVELS_DB {
        let (mut heard, mut all) = (0, 0);
        for (place, (_, samples)) in people.iter().enumerate().step_by(9) {
            let (from_ms, to_ms) = (3_000, 3_000 + samples.len() as u64 / 16);
            let line = Line {
                delay_ms: [50, 150, 250, 400][place % 4],
                level_db,
                noise_db: -60.0,
            };
            let microphone = microphone(&agent, line, &[(from_ms, samples)]);
            let found = listen(&agent, &microphone[..(to_ms as usize + 1_000) * 16]);
            let covered: u64 = found.iter().map(|f| f.overlap_ms(from_ms, to_ms)).sum();
            all += 1;
            heard += u32::from(covered * 2 > to_ms - from_ms);
        }
        assert!(heard * 10 >= all * 9, "{heard} of {all} at {level_db} dB");
    }
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model, flite and asterisk-core-sounds-en-wav"]
async fn what_is_understood_on_a_line_that_echoes_is_the_callers() {
    let (agent, people) = (agent(), people());
    let (stt, english) = (tiny_en(), Listening::default());
    let said = SAID.join(" ");
    let (mut caught, mut all) = (0, 0);
    for (place, (text, samples)) in people.iter().enumerate().step_by(9) {
        let (from_ms, to_ms) = (3_000, 3_000 + samples.len() as u64 / 16);
        let line = Line {
            delay_ms: [50, 150, 250, 400][place % 4],
            level_db: LEVELS_DB[place % LEVELS_DB.len()],
            noise_db: -60.0,
        };
        let microphone = microphone(&agent, line, &[(from_ms, samples)]);
        let mut callers = Vec::new();
        for found in listen(&agent, &microphone) {
            let (begins, likeness) = (found.utterance.started_ms, found.likeness);
            let heard = stt
                .transcribe(found.utterance)
                .await
                .expect("it is transcribed");
            match own_words(&heard.text, &said, likeness, &english) {
                Judged::Callers(words) if !words.is_empty() => callers.push((begins, words)),
                _ => {}
            }
        }
        let beside = callers.iter().filter(|(begins, _)| *begins > to_ms + 400);
        assert_eq!(
            beside.count(),
            0,
            "{line:?}: {callers:?} when {text:?} was said"
        );
        all += 1;
        caught += u32::from(!callers.is_empty());
    }
    assert!(caught * 10 >= all * 9, "{caught} of {all}");
}

/// "Yes", "no", a number: whoever answers at once, on a line on which nothing comes back, has said it.
#[test]
#[ignore = "scripts/test: needs flite and asterisk-core-sounds-en-wav"]
fn a_short_answer_right_behind_the_agent_is_not_taken_for_its_echo() {
    const SPOKEN_MS: u64 = 3_000;
    let mut agent = agent();
    agent.truncate(SPOKEN_MS as usize * 24);
    agent.resize(7_000 * 24, 0);
    let english = Listening::default();
    let short = sounds::human_prompts(1..=3).into_iter();
    let short = short.filter(|(_, samples)| (4_800..20_000).contains(&samples.len()));
    let (mut all, mut lost) = (0, Vec::new());
    for (place, (text, samples)) in short.enumerate().step_by(5) {
        let from_ms = SPOKEN_MS + [100, 200, 350, 600][place % 4];
        let line = Line {
            delay_ms: 150,
            level_db: -90.0,
            noise_db: -60.0,
        };
        let answer = at_level(&samples, -20.0);
        let found = listen(&agent, &microphone(&agent, line, &[(from_ms, &answer)]));
        all += 1;
        let is_own =
            |found: &Found| own_words(&text, SAID[0], found.likeness, &english) == Judged::Own;
        if found.is_empty() || found.iter().any(is_own) {
            lost.push(text);
        }
    }
    assert!(all >= 20, "only {all} short sentences are installed");
    assert!(
        lost.len() * 50 <= all,
        "of {all} answers these are lost: {lost:?}"
    );
}
