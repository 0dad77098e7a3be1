//! The real networks, where `scripts/model onnxruntime` and `piper` or `kokoro` have put them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::speak::{
    FrameSink, LocalVoice, Provider, SPEECH_RATE_HZ, SpeechId, Spoken, Tts, TtsConfig, Voice,
    VoiceEvent,
};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

fn library() -> PathBuf {
    models().join("onnxruntime/libonnxruntime.so")
}

/// A voice, if it and what runs it are installed.
fn installed(voice: NeuralVoice) -> Option<NeuralConfig> {
    for file in [library(), voice.file()] {
        if !file.exists() {
            let file = file.display();
            eprintln!(
                "skipped: there is no {file} (scripts/model onnxruntime, scripts/model {})",
                voice.engine()
            );
            return None;
        }
    }
    Some(NeuralConfig {
        library: library(),
        voice,
        threads: NonZeroUsize::new(1),
    })
}

fn joe() -> PathBuf {
    models().join("piper/en_US-joe-medium.onnx")
}

fn piper() -> NeuralConfig {
    installed(NeuralVoice::Piper(joe())).expect("scripts/model onnxruntime piper was run")
}

fn kokoro() -> Option<NeuralConfig> {
    installed(NeuralVoice::Kokoro {
        folder: models().join("kokoro"),
        voice: None,
    })
}

fn tts(voice: NeuralConfig, fallback: Option<LocalVoice>) -> Tts {
    Tts::open(&TtsConfig {
        fallback,
        timeout: Duration::from_secs(60),
        ..TtsConfig::new(Provider::Neural(voice))
    })
    .expect("the voice opens")
}

const TEN_WORDS: &str = "Your card was blocked on Monday because it was lost.";

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model onnxruntime piper"]
async fn a_piper_voice_is_heard_before_its_sentence_is_made() {
    let voice = piper();
    let tts = tts(voice, None);
    let Spoken::Growing(first, mut rest) = tts.begin(TEN_WORDS).await.expect("it speaks") else {
        panic!("the sentence came whole");
    };
    let begun = Duration::from_secs(1) * first.samples.len() as u32 / SPEECH_RATE_HZ;
    assert!(
        begun < Duration::from_millis(400),
        "the first piece has {begun:?}"
    );
    let mut samples = first.samples.len() as u64;
    while let Some(more) = rest.next().await.expect("it goes on") {
        let crate::speak::More::Sound(piece) = more else {
            panic!("it broke off")
        };
        samples += piece.samples.len() as u64;
    }
    assert!(
        (2..6).contains(&(samples / u64::from(SPEECH_RATE_HZ))),
        "{samples} samples"
    );
    let late = first.expected.abs_diff(samples) as f64 / samples as f64;
    assert!(
        late < 0.2,
        "{} samples were foretold of {samples}",
        first.expected
    );
    let again = tts.begin(TEN_WORDS).await.expect("it is kept");
    assert!(matches!(again, Spoken::Whole(speech) if speech.samples.len() as u64 == samples));
}

/// With its noise turned off a voice says the same twice: once as it is, once in windows as wide as the sentence.
#[test]
#[ignore = "scripts/test: needs scripts/model onnxruntime piper"]
fn windows_joined_are_the_sentence_that_was_made_whole() {
    let config = piper();
    let folder = tempfile::tempdir().unwrap();
    let NeuralVoice::Piper(model) = &config.voice else {
        unreachable!()
    };
    let quiet = folder.path().join("quiet.onnx");
    std::fs::copy(model, &quiet).unwrap();
    let json = std::fs::read_to_string(Piper::beside(model)).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["inference"] =
        serde_json::json!({"noise_scale": 0.0, "length_scale": 1.0, "noise_w": 0.0});
    std::fs::write(Piper::beside(&quiet), json.to_string()).unwrap();
    let config = NeuralConfig {
        voice: NeuralVoice::Piper(quiet.clone()),
        ..config
    };
    let mut network = network(&config).unwrap();
    let windows = trial(network.as_mut(), &config).unwrap();
    let environment = runtime::environment(&config.library).unwrap();
    let file = PiperFile::read(&Piper::beside(&quiet)).unwrap();
    let whole = Piper::open(&environment, &quiet, &file)
        .unwrap()
        .whole(TRIAL)
        .unwrap();
    assert_eq!(windows.len(), whole.len());
    let power =
        |sound: &mut dyn Iterator<Item = f32>| sound.map(|s| f64::from(s).powi(2)).sum::<f64>();
    let differs = power(&mut windows.iter().zip(&whole).map(|(a, b)| a - b));
    let db = 10.0 * (differs / power(&mut whole.iter().copied())).log10();
    assert!(db < -60.0, "windows differ from the whole by {db:.0} dB");
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model onnxruntime piper"]
async fn ten_calls_at_once_are_all_spoken_to() {
    let voice = piper();
    let tts = tts(voice, None);
    let all = (0..10).map(|n| {
        let tts = tts.clone();
        async move { tts.synthesize(&format!("This is call number {n}.")).await }
    });
    for speech in futures_util::future::join_all(all).await {
        assert!(speech.expect("it speaks").duration() > Duration::from_millis(800));
    }
}

// Not fetched for the tests: it has 300 MB.
#[tokio::test]
async fn kokoro_speaks_with_the_same_engine_and_names_its_voices() {
    let Some(voice) = kokoro() else { return };
    let speech = tts(voice.clone(), None).synthesize("Good morning.").await;
    assert!(speech.expect("it speaks").duration() > Duration::from_millis(500));
    for name in ["nobody", "../af_heart", "af heart"] {
        let wrong = NeuralConfig {
            voice: NeuralVoice::Kokoro {
                folder: models().join("kokoro"),
                voice: Some(name.to_owned()),
            },
            ..voice.clone()
        };
        let error = Neural::open(&wrong)
            .err()
            .expect("there is none")
            .to_string();
        assert!(error.contains(name), "{error}");
    }
}

/// Files that are missing, cut off, of another kind, or belong to another voice.
#[test]
#[ignore = "scripts/test: needs scripts/model onnxruntime piper"]
fn a_voice_that_cannot_be_used_is_refused_when_it_is_opened() {
    let config = piper();
    let folder = tempfile::tempdir().unwrap();
    let NeuralVoice::Piper(model) = &config.voice else {
        unreachable!()
    };
    let whole = std::fs::read(model).unwrap();
    let json = std::fs::read_to_string(Piper::beside(model)).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&json).unwrap();
    other["num_symbols"] = 100_000.into();
    other["phoneme_id_map"]["ð"] = serde_json::json!([99_999]);
    let other_symbols = other.to_string();
    type Case<'a> = (&'a str, Option<&'a [u8]>, Option<&'a str>);
    let cases: [Case<'_>; 7] = [
        ("no model", None, Some(&json)),
        ("no json", Some(&whole), None),
        ("an empty model", Some(b""), Some(&json)),
        ("half a model", Some(&whole[..whole.len() / 2]), Some(&json)),
        ("no ONNX file", Some(b"RIFF....WAVE"), Some(&json)),
        ("no json in it", Some(&whole), Some("hello")),
        ("another alphabet", Some(&whole), Some(&other_symbols)),
    ];
    for (what, model, json) in cases {
        let path = folder.path().join("voice.onnx");
        for (path, content) in [
            (path.clone(), model),
            (Piper::beside(&path), json.map(str::as_bytes)),
        ] {
            match content {
                Some(content) => std::fs::write(&path, content).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
        }
        let opened = Neural::open(&NeuralConfig {
            voice: NeuralVoice::Piper(path.clone()),
            ..config.clone()
        });
        let error = opened.err().unwrap_or_else(|| panic!("{what} was taken"));
        assert!(matches!(error, OpenError::Voice { .. }), "{what}: {error}");
        assert!(error.to_string().contains("voice.onnx"), "{what}: {error}");
    }
}

#[test]
fn a_library_that_is_none_is_refused_and_a_second_one_too() {
    let missing = runtime::environment(Path::new("/nowhere/libonnxruntime.so"));
    let error = missing.expect_err("there is none");
    assert!(matches!(error, OpenError::Library { .. }), "{error}");
    if !library().exists() {
        return;
    }
    runtime::environment(&library()).expect("it loads");
    runtime::environment(&library()).expect("and is there");
    let other = tempfile::NamedTempFile::new().unwrap();
    let error = runtime::environment(other.path()).expect_err("one is loaded");
    assert!(error.to_string().contains("already"), "{error}");
}

#[tokio::test]
#[ignore = "scripts/test: needs scripts/model onnxruntime piper"]
async fn what_is_known_is_voiced_ahead_and_costs_nothing_then() {
    let voice = piper();
    let folder = tempfile::tempdir().unwrap();
    let config = TtsConfig {
        kept: Some(crate::speak::KeptConfig {
            folder: folder.path().to_owned(),
            most_bytes: 10 << 20,
        }),
        timeout: Duration::from_secs(60),
        ..TtsConfig::new(Provider::Neural(voice))
    };
    let (fixed, more) = (["Good morning.".to_owned()], ["It costs $5.".to_owned()]);
    let first = Tts::open(&config).expect("it opens");
    let ahead = first.voice_ahead(&fixed, &more).await;
    assert_eq!((ahead.voiced, ahead.there, ahead.failed), (2, 0, 0));
    let again = Tts::open(&config).expect("it opens");
    assert_eq!(again.voice_ahead(&fixed, &more).await.there, 2);
    for text in fixed.iter().chain(&more) {
        let (a, b) = (first.begin(text).await, again.begin(text).await);
        // A voice's noise makes each rendering another one: equal, they are the one that was kept.
        match (a.expect("kept"), b.expect("kept")) {
            (Spoken::Whole(a), Spoken::Whole(b)) => assert_eq!(a, b),
            other => panic!("it was voiced again: {other:?}"),
        }
    }
}

/// A network that gives 100 ms of sound a step and fails at one of them.
struct Failing {
    steps: Arc<AtomicUsize>,
    at: usize,
}

impl Network for Failing {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn step(&mut self, sentence: &mut Sentence, _halt: &Halt) -> Result<Vec<f32>, String> {
        if self.steps.fetch_add(1, Ordering::SeqCst) >= self.at {
            return Err("it is broken".to_owned());
        }
        let breath = sentence.take_breath().ok_or("over")?;
        sentence.learn(&breath, 2_400);
        // As if it were work.
        std::thread::sleep(Duration::from_millis(2));
        Ok(vec![0.1; 2_400])
    }
}

/// A voice whose network fails after so many steps, and whose speller is this program.
fn failing(at: usize, program: &'static str, fallback: Option<LocalVoice>) -> Tts {
    counted(at, program, fallback).0
}

/// The same, with how many steps were made.
fn counted(
    at: usize,
    program: &'static str,
    fallback: Option<LocalVoice>,
) -> (Tts, Arc<AtomicUsize>) {
    let steps = Arc::new(AtomicUsize::new(0));
    let network = Failing {
        steps: steps.clone(),
        at,
    };
    let phonemizer = Phonemizer::by(program, "en-us");
    let neural = Neural::of(Box::new(network), phonemizer);
    let unused = NeuralConfig {
        library: PathBuf::new(),
        voice: NeuralVoice::Piper(PathBuf::new()),
        threads: None,
    };
    let config = TtsConfig {
        fallback,
        timeout: Duration::from_secs(60),
        ..TtsConfig::new(Provider::Neural(unused))
    };
    (Tts::with_network(neural, &config), steps)
}

#[tokio::test]
async fn a_network_that_fails_is_spoken_for_by_the_second_voice() {
    let flite = Some(LocalVoice::Flite);
    for (at, program) in [(0, "espeak-ng"), (9, "teller-no-such-program")] {
        let spoken = failing(at, program, flite).begin("Good morning.").await;
        let spoken = spoken.expect("the second voice says it");
        assert!(spoken.fallback(), "{program}, failing at step {at}");
        let error = failing(at, program, None).begin("Good morning.").await;
        assert!(error.is_err(), "nobody says it, and nobody is told");
    }
}

#[tokio::test]
async fn a_sentence_that_breaks_off_is_said_anew_by_the_second_voice() {
    let two = "Good morning. This is the second sentence.";
    let Spoken::Growing(_, mut rest) = failing(1, "espeak-ng", Some(LocalVoice::Flite))
        .begin(two)
        .await
        .expect("it begins")
    else {
        panic!("it came whole")
    };
    let more = rest.next().await.expect("the second voice says it");
    let Some(crate::speak::More::Anew(speech)) = more else {
        panic!("{more:?}")
    };
    assert!(speech.fallback && speech.duration() > Duration::from_secs(1));
    assert_eq!(rest.next().await.expect("it is over"), None);

    let Spoken::Growing(_, mut rest) = failing(1, "espeak-ng", None)
        .begin(two)
        .await
        .expect("it begins")
    else {
        panic!("it came whole")
    };
    assert!(
        rest.next().await.is_err(),
        "half a sentence was taken for a whole one"
    );
}

/// A line that plays and keeps nothing.
struct Line;

impl FrameSink for Line {
    async fn capture(&mut self, _samples: &[i16]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    fn clear(&mut self) {}

    fn queued(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn an_interrupted_sentence_is_not_made_any_further() {
    const BREATHS: usize = 2_000;
    let (tts, steps) = counted(usize::MAX, "espeak-ng", None);
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let voice = Voice::start(
        Line,
        crate::echo::Sent::new(tokio::time::Instant::now()),
        sender,
        &tokio_util::task::TaskTracker::new(),
    );
    let id = SpeechId(1);
    voice.begin(id, true).await;
    let long = "Go on. ".repeat(BREATHS);
    let spoken = tts.begin(&long).await.expect("it begins");
    let saying = voice.say(id, long, spoken);
    let interrupting = async {
        while !matches!(events.recv().await, Some(VoiceEvent::Started { .. })) {}
        voice.cancel().await;
    };
    let (said, ()) = tokio::join!(saying, interrupting);
    said.expect("to be interrupted is no failure");
    // The only thread is free for the next one.
    drop(tts.begin("Good morning.").await.expect("it begins"));
    let steps = steps.load(Ordering::SeqCst);
    assert!(steps < BREATHS, "all {steps} breaths of it were made");
}
