//! The real engines, and what they say as the fixture model hears it.

use super::*;
use crate::{
    listen::{LISTEN_RATE_HZ, ModelFile, Stt, Utterance, WhisperConfig, WhisperPool},
    speak::SPEECH_RATE_HZ,
    test_support::sounds,
};

fn tts(provider: Provider) -> Tts {
    Tts::open(&TtsConfig {
        timeout: Duration::from_secs(20),
        ..TtsConfig::new(provider)
    })
    .expect("nothing is loaded")
}

fn flite() -> Provider {
    Provider::Flite {
        voice: Some("slt".into()),
    }
}

fn espeak() -> Provider {
    Provider::Espeak {
        voice: Some("en-us".into()),
    }
}

/// The speech as a caller's line would carry it: 16 kHz, some silence around.
fn heard_as(speech: &Speech) -> Utterance {
    let floats = sounds::floats(&speech.samples);
    let voice = resampler::resample(&floats, SPEECH_RATE_HZ, LISTEN_RATE_HZ);
    let silence = || std::iter::repeat_n(0.0, 4000);
    Utterance {
        samples: silence().chain(voice).chain(silence()).collect(),
        started_ms: 0,
        ended_ms: 0,
    }
}

#[tokio::test]
async fn the_fixture_model_understands_both_engines() {
    let model = ModelFile::open(&sounds::fixtures().join("mini-whisper-q5_0.bin.gz"))
        .expect("the fixture is valid");
    let config = WhisperConfig {
        timeout: Duration::from_secs(60),
        ..WhisperConfig::default()
    };
    let stt = Stt::Whisper(WhisperPool::start(&model, &config).expect("whisper.cpp takes it"));
    for provider in [flite(), espeak()] {
        let tts = tts(provider.clone());
        for (written, heard) in [
            ("My PIN is 2859.", "My PIN is two eight five nine."),
            (
                "My card number ends in 0471.",
                "My card number ends in zero four seven one.",
            ),
            ("My code is 52763.", "My code is five two seven six three."),
            ("I need a loan of $70.", "I need a loan of seventy dollars."),
            ("**What** is my balance? 😀", "What is my balance?"),
            ("Can I speak to a manager?", "Can I speak to a manager?"),
        ] {
            let speech = tts.synthesize(written).await.expect("it speaks");
            let transcript = stt
                .transcribe(heard_as(&speech))
                .await
                .expect("it is transcribed");
            assert_eq!(transcript.text, heard, "{written:?} by {provider:?}");
        }
    }
}

#[tokio::test]
async fn a_sentence_said_before_comes_from_the_cache() {
    let tts = tts(flite());
    let fixed = ["Good morning.".to_owned()];
    assert_eq!(tts.voice_ahead(&fixed, &[]).await.voiced, 1);
    let first = tts.synthesize("Good morning.").await.expect("it speaks");
    let again = tts.synthesize("Good morning.").await.expect("it speaks");
    assert!(
        Arc::ptr_eq(&first, &again),
        "the sentence was synthesised twice"
    );
}

#[tokio::test]
async fn a_text_with_nothing_to_say_is_silent() {
    for text in ["", "😀", "...", "-", "**"] {
        assert!(
            tts(flite())
                .synthesize(text)
                .await
                .expect("it is no error")
                .samples
                .is_empty(),
            "{text:?} was spoken"
        );
    }
}

#[tokio::test]
async fn a_voice_that_takes_too_long_is_given_up() {
    let tts = Tts::open(&TtsConfig {
        timeout: Duration::from_millis(1),
        ..TtsConfig::new(flite())
    })
    .expect("nothing is loaded");
    let answer = tts.synthesize("Good morning to all of you.").await;
    assert!(matches!(answer, Err(TtsError::TimedOut(_))), "{answer:?}");
}

#[tokio::test]
async fn many_callers_share_a_few_engines() {
    let tts = tts(espeak());
    let sentences = (0..12).map(|n| {
        let tts = tts.clone();
        async move { tts.synthesize(&format!("Sentence number {n}.")).await }
    });
    for answer in futures_util::future::join_all(sentences).await {
        assert!(
            answer.is_ok_and(|speech| !speech.samples.is_empty()),
            "one of them was not spoken"
        );
    }
}

#[test]
fn what_is_missing_is_said_with_its_remedy() {
    assert!(
        TtsError::NoEngine
            .to_string()
            .contains("apt install flite espeak-ng")
    );
}
