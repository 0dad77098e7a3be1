//! The real whisper.cpp on the fixture model.

use super::*;
use crate::test_support::sounds;

fn pool(threads: usize) -> WhisperPool {
    let model = ModelFile::open(&sounds::fixtures().join("mini-whisper-q5_0.bin.gz"))
        .expect("the fixture is valid");
    let config = WhisperConfig {
        threads,
        timeout: Duration::from_secs(60),
        ..WhisperConfig::default()
    };
    WhisperPool::start(&model, &config).expect("whisper.cpp takes the fixture")
}

fn utterance(samples: &[i16]) -> Utterance {
    Utterance {
        samples: sounds::floats(samples),
        started_ms: 0,
        ended_ms: samples.len() as u64 / 16,
    }
}

#[tokio::test]
async fn every_recording_is_transcribed_exactly() {
    let pool = pool(1);
    for (name, words) in sounds::references() {
        let transcript = pool
            .transcribe(utterance(&sounds::sample(&name)))
            .await
            .expect("it is transcribed");
        assert_eq!(transcript.text, words, "{name}");
        assert!(
            transcript.stt >= transcript.queued && transcript.stt > Duration::ZERO,
            "{name} took no time"
        );
    }
}

#[tokio::test]
async fn states_working_side_by_side_give_the_same_words() {
    let pool = pool(2);
    let jobs = sounds::references()
        .into_iter()
        .chain(sounds::references())
        .map(|(name, words)| {
            let pool = pool.clone();
            async move {
                (
                    pool.transcribe(utterance(&sounds::sample(&name)))
                        .await
                        .expect("it is transcribed")
                        .text,
                    words,
                )
            }
        });
    for (text, words) in futures_util::future::join_all(jobs).await {
        assert_eq!(text, words, "two states disturbed each other");
    }
}

#[tokio::test]
async fn what_is_not_speech_has_no_words() {
    let pool = pool(1);
    let cases = [
        ("silence", sounds::silence(2.0)),
        ("no samples at all", Vec::new()),
        ("a click", vec![9000; 40]),
        ("faint noise", sounds::white_noise(-60.0, 2.0)),
    ];
    for (name, samples) in cases {
        let transcript = pool
            .transcribe(utterance(&samples))
            .await
            .expect("it is transcribed");
        assert_eq!(transcript.text, "", "{name} was given words");
    }
}

#[tokio::test]
async fn a_listener_and_whisper_hear_whole_sentences_out_of_a_track() {
    let pool = pool(1);
    let mut listener = crate::listen::Listener::new(&crate::listen::ListenConfig::default());
    for (name, words) in sounds::references()
        .into_iter()
        .filter(|(name, _)| name.contains("clean"))
    {
        let track = [
            sounds::silence(0.6),
            sounds::sample(&name),
            sounds::silence(0.6),
        ]
        .concat();
        let mut texts = Vec::new();
        for frame in track.chunks(160) {
            if let Some(crate::listen::Heard::SpeechEnded(heard)) = listener.push(frame) {
                texts.push(
                    pool.transcribe(heard)
                        .await
                        .expect("it is transcribed")
                        .text,
                );
            }
        }
        assert_eq!(texts, [words], "{name} as the listener cut it");
    }
}

#[tokio::test]
async fn a_question_that_takes_too_long_is_given_up() {
    let model = ModelFile::open(&sounds::fixtures().join("mini-whisper-q5_0.bin.gz"))
        .expect("the fixture is valid");
    let config = WhisperConfig {
        threads: 1,
        queue: 1,
        timeout: Duration::from_millis(1),
    };
    let pool = WhisperPool::start(&model, &config).expect("whisper.cpp takes the fixture");
    let answer = pool
        .transcribe(utterance(&sounds::sample("043-clean.wav")))
        .await;
    assert!(
        matches!(answer, Err(SttError::TimedOut(_))),
        "{answer:?} came within a millisecond"
    );
}

/// A process that exits while whisper.cpp works may crash: dropping the last clone waits.
#[tokio::test]
async fn the_threads_end_with_the_last_clone() {
    // No other test has so many.
    let pool = pool(4);
    let fourth_runs = || {
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
        let mut names = tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.any(|name| name.trim() == "whisper-3")
    };
    // It gives itself its name.
    while !fourth_runs() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pool.transcribe(utterance(&sounds::silence(1.0)))
        .await
        .expect("it is transcribed");
    let clone = pool.clone();
    drop(pool);
    assert!(fourth_runs(), "a clone keeps the threads");
    drop(clone);
    assert!(!fourth_runs(), "nobody keeps the threads");
}
