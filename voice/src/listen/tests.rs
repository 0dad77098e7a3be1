//! tiny.en on a human speaker and on what is not speech. Run by `scripts/test`, which provides the model.

use std::time::Duration;

use crate::{
    listen::{
        Heard, ListenConfig, Listener, ModelFile, Stt, Utterance, WhisperConfig, WhisperPool,
    },
    test_support::sounds,
};

pub(crate) fn tiny_en() -> Stt {
    let models = sounds::fixtures().join("../../../models");
    let names = ["ggml-tiny.en.bin", "ggml-tiny.en-q8_0.bin"];
    let file = names
        .map(|name| models.join(name))
        .into_iter()
        .find(|file| file.exists());
    let model = ModelFile::open(&file.expect("scripts/model was run")).expect("the model is valid");
    assert!(
        model.name().starts_with("tiny.en "),
        "the model calls itself {}",
        model.name()
    );
    // Several tests share a core, with other programs beside them.
    let patient = WhisperConfig {
        timeout: Duration::from_secs(120),
        ..WhisperConfig::default()
    };
    Stt::Whisper(WhisperPool::start(&model, &patient).expect("whisper.cpp takes it"))
}

async fn words(stt: &Stt, samples: &[i16]) -> String {
    let utterance = Utterance {
        samples: sounds::floats(samples),
        started_ms: 0,
        ended_ms: 0,
    };
    stt.transcribe(utterance)
        .await
        .expect("it is transcribed")
        .text
}

fn plain(text: &str) -> Vec<String> {
    let kept = |c: char| {
        if c.is_alphanumeric() || c == '\'' {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    text.chars()
        .map(kept)
        .collect::<String>()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// Words to change, add or drop to get from one to the other.
fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in heard.iter().enumerate() {
            next.push(
                (row[j + 1] + 1)
                    .min(next[j] + 1)
                    .min(row[j] + usize::from(word != other)),
            );
        }
        row = next;
    }
    row[heard.len()]
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model and asterisk-core-sounds-en-wav"]
async fn a_human_speaker_is_understood_through_the_listener() {
    let stt = tiny_en();
    let sentences = sounds::human_sentences();
    assert!(
        sentences.len() >= 120,
        "only {} prompts are installed",
        sentences.len()
    );
    let (mut wrong, mut all) = (0, 0);
    for (text, samples) in sentences.iter().step_by(sentences.len() / 40).take(40) {
        let track = [sounds::silence(0.5), samples.clone(), sounds::silence(0.5)].concat();
        let mut listener = Listener::new(&ListenConfig::default());
        let mut heard = String::new();
        for frame in track.chunks(160) {
            if let Some(Heard::SpeechEnded(utterance)) = listener.push(frame) {
                heard += &stt
                    .transcribe(utterance)
                    .await
                    .expect("it is transcribed")
                    .text;
                heard.push(' ');
            }
        }
        wrong += errors(&plain(text), &plain(&heard));
        all += plain(text).len();
    }
    let rate = 100.0 * wrong as f32 / all as f32;
    assert!(rate < 9.0, "{rate:.1} % of {all} words came out wrong");
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model"]
async fn what_is_not_speech_gets_no_words_from_a_real_model() {
    let stt = tiny_en();
    let cases = [
        ("silence", sounds::silence(3.0)),
        ("white noise", sounds::white_noise(-30.0, 3.0)),
        ("faint white noise", sounds::white_noise(-50.0, 3.0)),
        ("a burst of noise", sounds::white_noise(-30.0, 0.5)),
        ("pink noise", sounds::pink_noise(-30.0, 3.0)),
        ("a tone", sounds::tones(&[1000.0], -20.0, 3.0)),
        ("a key", sounds::tones(&[770.0, 1336.0], -20.0, 3.0)),
        ("ringback", sounds::tones(&[440.0, 480.0], -20.0, 3.0)),
        ("music on hold", sounds::chords(-20.0, 8.0)),
    ];
    for (name, samples) in cases {
        assert_eq!(words(&stt, &samples).await, "", "{name} was given words");
    }
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model"]
async fn music_on_hold_says_nothing_through_the_listener() {
    let stt = tiny_en();
    let mut listener = Listener::new(&ListenConfig::default());
    for frame in sounds::chords(-20.0, 10.0).chunks(160) {
        if let Some(Heard::SpeechEnded(utterance)) = listener.push(frame) {
            let text = stt
                .transcribe(utterance)
                .await
                .expect("it is transcribed")
                .text;
            assert_eq!(text, "", "music was given words");
        }
    }
}
