//! A person calls: human recordings through a real LiveKit server, as a browser and as a phone.
//!
//! The recordings and their transcripts are Debian's `asterisk-core-sounds-en-wav` and `asterisk-core-sounds-en`
//! (one human speaker, 8 kHz, CC-BY-SA-3.0); they are installed, never part of this repository. Asserted are both
//! directions: what the agent heard, word by word, and what its caller heard, by correlation with a rendering of
//! the same text and by transcription.

pub(crate) mod sound;
pub(crate) mod words;

use std::{collections::BTreeSet, io::Read as _, path::PathBuf, process::Stdio, time::Duration};

use voice::{
    listen::{LISTEN_RATE_HZ, ModelFile, Stt, WhisperConfig, WhisperPool},
    speak::{Provider, Tts, TtsConfig},
};

use crate::support::{
    Report, Stack,
    stack::{Row, assert_gapless, real_model},
};

/// What one person says; in a bank's ears these are questions out of scope.
const BROWSER: [&str; 4] = [
    "check-number-dial-again",
    "feature-not-avail-line",
    "vm-nobox",
    "privacy-unident",
];
const PHONE: [&str; 3] = ["conf-waitforleader", "vm-tmpexists", "demo-nomatch"];

/// Most words that may come out wrong, of a hundred. tiny.en by itself: about five.
const WORD_ERRORS: f64 = 15.0;
/// Least words of the agent that must be understood in its caller's recording, of a hundred.
const UNDERSTOOD: f64 = 85.0;
/// A recording that contains a sentence correlates at least so much with a rendering of it (seen: 0.92 and more).
const SAME: f64 = 0.8;
/// And at most so much with a sentence that was never said (seen: 0.26).
const OTHER: f64 = 0.5;

/// Calls until one was understood, and each sentence on record heard whole in one: a machine that is too busy tears
/// holes into any sound, here and there, the caller's too, which is no fault of the agent's.
const MOST_CALLS: usize = 3;
/// A sentence on record begins to be heard at most so long after the one before it, seconds.
const NEXT_WITHIN: usize = 30;

/// Sentences that were heard whole in none of the calls so far.
#[derive(Default)]
struct Unheard(Option<BTreeSet<String>>);

impl Unheard {
    /// Whether another call is needed after this one.
    fn remain(&mut self, call: usize, now: BTreeSet<String>) -> bool {
        let still = match &self.0 {
            Some(before) => before.intersection(&now).cloned().collect(),
            None => now,
        };
        let remain = !still.is_empty();
        assert!(
            !remain || call < MOST_CALLS,
            "on record and not heard in {call} calls: {still:#?}"
        );
        self.0 = Some(still);
        remain
    }
}

#[tokio::test]
async fn a_person_in_a_browser_is_understood_and_hears_what_is_on_record() {
    let sentences = recordings(&BROWSER);
    let stack = Stack::with_the_whole_pack(&[]).await;
    let recording = stack.folder.join("browser.wav").display().to_string();
    let mut arguments = vec!["call", "--json", "--record", &recording];
    for (wav, _) in &sentences {
        arguments.extend(["--wav", wav.to_str().unwrap()]);
    }
    let mut unheard = Unheard::default();
    for call in 1.. {
        let caller = stack
            .ahead(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let report = stack.finish(caller).await;
        report.assert_met();

        let (session, _) = stack.summarised().await;
        let rows = stack.messages(session).await;
        if let Err(why) = understood(&rows, &report, &sentences) {
            assert!(call < MOST_CALLS, "{why:#}");
            continue;
        }
        if !unheard.remain(call, not_heard(&rows, &recording).await) {
            break;
        }
    }
}

#[tokio::test]
async fn a_person_on_the_phone_is_understood_and_hears_what_is_on_record() {
    let sentences = recordings(&PHONE);
    let stack = Stack::with_the_whole_pack(&[]).await;
    let recording = stack.folder.join("phone.wav").display().to_string();
    let mut script = "- active\n- wait: 30\n".to_owned();
    for (wav, _) in &sentences {
        script += &format!("- wav: {}\n- wait: 30\n", wav.display());
    }
    let mut unheard = Unheard::default();
    for call in 1.. {
        let report = stack
            .call_with(&script, &["--sip", "--record", &recording])
            .await;
        report.assert_met();

        let (session, summary) = stack.summarised().await;
        assert_eq!(summary["channel"], "phone", "{summary:#}");
        let rows = stack.messages(session).await;
        if let Err(why) = understood(&rows, &report, &sentences) {
            assert!(call < MOST_CALLS, "{why:#}");
            continue;
        }
        if !unheard.remain(call, not_heard(&rows, &recording).await) {
            break;
        }
    }
}

/// File and words of each recording.
fn recordings(names: &[&str]) -> Vec<(PathBuf, String)> {
    let missing = "is missing: scripts/setup --test installs asterisk-core-sounds-en-wav and asterisk-core-sounds-en";
    let list = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
    let file = std::fs::File::open(list).unwrap_or_else(|_| panic!("{list} {missing}"));
    let mut transcripts = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut transcripts)
        .unwrap();
    let find = |name: &&str| {
        let wav = PathBuf::from(format!(
            "/usr/share/asterisk/sounds/en_US_f_Allison/{name}.wav"
        ));
        assert!(wav.exists(), "{} {missing}", wav.display());
        let line = transcripts.lines().filter_map(|line| line.split_once(": "));
        let (_, text) = line
            .into_iter()
            .find(|(n, _)| n == name)
            .expect("the recording has a transcript");
        assert!(
            words::plain(text).len() >= 6,
            "a sentence is asked for: {text}"
        );
        (wav, text.to_owned())
    };
    names.iter().map(find).collect()
}

/// The caller's rows hold what was said: each sentence once, in order, and shown as recorded.
fn understood(
    rows: &[Row],
    report: &Report,
    sentences: &[(PathBuf, String)],
) -> anyhow::Result<()> {
    assert_gapless(rows);
    let heard: Vec<&Row> = rows.iter().filter(|row| row.role == "user").collect();
    anyhow::ensure!(
        heard.len() == sentences.len(),
        "each sentence is one turn, none is missing or doubled: {rows:#?}"
    );
    let (mut wrong, mut all) = (0, 0);
    for ((_, said), row) in sentences.iter().zip(&heard) {
        let (said, heard) = (words::plain(said), words::plain(&row.content));
        anyhow::ensure!(
            words::in_order(&said, &heard) * 2 > said.len(),
            "the row is about this sentence: {said:?}, {heard:?}"
        );
        wrong += words::errors(&said, &heard);
        all += said.len();
    }
    let rate = 100.0 * wrong as f64 / all as f64;
    anyhow::ensure!(
        rate <= WORD_ERRORS,
        "{rate:.1} % of {all} words came out wrong: {heard:#?}"
    );
    let replies = rows
        .iter()
        .filter(|row| row.meta["kind"] == "reply")
        .count();
    anyhow::ensure!(
        replies == sentences.len(),
        "each turn is answered once: {rows:#?}"
    );
    let recorded: Vec<&str> = heard.iter().map(|row| row.content.as_str()).collect();
    anyhow::ensure!(
        report.text("caller") == recorded.join("\n"),
        "what the page shows of the caller is what is on record"
    );
    Ok(())
}

/// What is on record of the agent and was not heard by its caller, in the pieces it was spoken in.
async fn not_heard(rows: &[Row], recording: &str) -> BTreeSet<String> {
    let heard = sound::agents_side(recording.as_ref());
    let model = ModelFile::open(&real_model()).unwrap();
    let patient = WhisperConfig {
        timeout: Duration::from_secs(120),
        ..WhisperConfig::default()
    };
    let stt = Stt::Whisper(WhisperPool::start(&model, &patient).unwrap());
    let said: Vec<&Row> = rows.iter().filter(|row| row.role == "assistant").collect();
    let all: Vec<&str> = said.iter().map(|row| row.content.as_str()).collect();
    let (wanted, transcript) = (
        words::plain(&all.join(" ")),
        sound::transcribe(&stt, &heard).await,
    );
    let understood = words::in_order(&wanted, &words::plain(&transcript));
    let rate = 100.0 * understood as f64 / wanted.len() as f64;
    let spoken = said.iter().flat_map(|row| pieces(row));
    if rate < UNDERSTOOD {
        return spoken.collect();
    }

    let tts = Tts::open(&TtsConfig::new(Provider::Flite {
        voice: Some("slt".into()), // the pack's
    }))
    .unwrap();
    let (mut until, mut missing) = (0, BTreeSet::new());
    for text in spoken {
        let speech = sound::at_listening_rate(&tts.synthesize(&text).await.unwrap());
        // No further: the same sentence may come again.
        let end = until + NEXT_WITHIN * LISTEN_RATE_HZ as usize + speech.len();
        let (likeness, at) = sound::likeness(&heard[until..end.min(heard.len())], &speech, SAME);
        if likeness < SAME {
            missing.insert(text);
        } else {
            until += at + speech.len() / 2;
        }
    }
    let never = "The weather in the mountains will be cold and windy until the end of the week.";
    let speech = sound::at_listening_rate(&tts.synthesize(never).await.unwrap());
    let (likeness, _) = sound::likeness(&heard, &speech, SAME);
    assert!(
        likeness <= OTHER,
        "the measure tells sentences apart: {likeness:.2} for one that was never said"
    );
    missing
}

/// A row's text in the pieces it was spoken in: the opening's lines as a whole, replies by sentence.
fn pieces(row: &Row) -> Vec<String> {
    if row.meta["kind"] == "greeting" {
        return vec![row.content.clone()];
    }
    // As the agent cuts them: an e-mail address is one word.
    knowledge::sentences(&row.content)
}
