//! What a voice costs and how well it is understood: the figures of docs/voices.md.
//!
//!   voices flite|espeak-ng|piper|kokoro [WHISPER.bin]
//!
//! Says the sixty sentences of `tests/fixtures/sentences.txt` one after the other, then as ten calls at once, and prints
//! the CPU per second of speech, what the first sound costs, and memory. With a whisper model it also transcribes them,
//! three renderings each (context margin 512), and prints the share of words that came out wrong.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod hearing;

use std::time::Instant;

use hearing::{Ear, config, distance, heard, plain};
use voice::speak::{Tts, TtsConfig};

const SENTENCES: &str = include_str!("../tests/fixtures/sentences.txt");
const RENDERINGS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let engine = arguments.first().map_or("piper", String::as_str).to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("before: {}", memory());
    let (began, cpu) = (Instant::now(), cpu_s());
    let config = config(&engine);
    let tts = Tts::open(&config).unwrap();
    println!(
        "{}: opened in {:.2} s, {:.2} s of CPU; {}",
        config.provider.name(),
        began.elapsed().as_secs_f64(),
        cpu_s() - cpu,
        memory()
    );
    let sentences: Vec<&str> = SENTENCES.lines().collect();
    runtime.block_on(async {
        let first = first_sounds(&tts, &sentences).await;
        println!(
            "first sound of a sentence of 9 to 11 words, CPU of all: {first}; {}",
            memory()
        );
        let (speech, line) = one_by_one(&tts, &sentences, "").await;
        println!("one call: {line}; {}", memory());
        println!(
            "ten calls at once: {}; {}",
            ten_at_once(&config, &sentences).await,
            memory()
        );
        if let Some(model) = arguments.get(1) {
            let mut all = vec![speech];
            for _ in 1..RENDERINGS {
                let again = Tts::open(&config).unwrap();
                all.push(one_by_one(&again, &sentences, "").await.0);
            }
            word_errors(model, &sentences, &all);
        }
    });
}

/// Median and worst of ten, ms.
async fn first_sounds(tts: &Tts, sentences: &[&str]) -> String {
    let words = |text: &&&str| (9..=11).contains(&text.split(' ').count());
    let mut all = Vec::new();
    for sentence in sentences.iter().filter(words) {
        let cpu = cpu_s();
        let begun = tts.begin(sentence).await.unwrap();
        all.push((cpu_s() - cpu) * 1e3);
        drop(begun);
        // What the thread was at is over before the next one is measured.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    all.sort_by(f64::total_cmp);
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    format!(
        "mean {mean:.0} ms, median {:.0}, 9 of 10 below {:.0} ({} sentences)",
        all[all.len() / 2],
        all[all.len() * 9 / 10],
        all.len()
    )
}

async fn one_by_one(tts: &Tts, sentences: &[&str], end: &str) -> (Vec<Vec<f32>>, String) {
    let (mut seconds, mut all) = (0.0, Vec::new());
    let (began, cpu) = (Instant::now(), cpu_s());
    for sentence in sentences {
        let speech = tts.synthesize(&format!("{sentence}{end}")).await.unwrap();
        seconds += speech.duration().as_secs_f64();
        all.push(heard(&speech));
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu);
    (
        all,
        format!(
            "{seconds:.0} s of speech, {:.3} s of CPU and {:.3} s a second of it",
            cpu / seconds,
            wall / seconds
        ),
    )
}

/// On one thread; each call says six sentences.
async fn ten_at_once(config: &TtsConfig, sentences: &[&str]) -> String {
    let tts = Tts::open(config).unwrap();
    let (began, cpu) = (Instant::now(), cpu_s());
    let calls = sentences.chunks(6).map(|own| {
        let tts = tts.clone();
        async move {
            let (mut seconds, mut latest) = (0.0, 0.0_f64);
            for sentence in own {
                let asked = Instant::now();
                let begun = tts.begin(sentence).await.unwrap();
                latest = latest.max(asked.elapsed().as_secs_f64());
                drop(begun);
                seconds += tts
                    .synthesize(sentence)
                    .await
                    .unwrap()
                    .duration()
                    .as_secs_f64();
            }
            (seconds, latest)
        }
    });
    let all = futures_util::future::join_all(calls).await;
    let seconds: f64 = all.iter().map(|(seconds, _)| seconds).sum();
    let latest = all.iter().map(|(_, latest)| *latest).fold(0.0, f64::max);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu);
    format!(
        "{seconds:.0} s of speech, {:.3} s of CPU and {:.3} s a second of it; the latest first sound after {:.2} s",
        cpu / seconds,
        wall / seconds,
        latest
    )
}

fn word_errors(model: &str, sentences: &[&str], renderings: &[Vec<Vec<f32>>]) {
    let mut ear = Ear::open(model);
    let mut rates = Vec::new();
    for rendering in renderings {
        let (mut wrong, mut words) = (0, 0);
        for (sentence, sound) in sentences.iter().zip(rendering) {
            let text = ear.transcribe(sound);
            let (said, heard) = (plain(sentence), plain(&text));
            let errors = distance(&said, &heard);
            if errors > 0 && std::env::var_os("SHOW").is_some() {
                println!("  {sentence}\n  {}", text.trim());
            }
            wrong += errors;
            words += said.len();
        }
        rates.push(100.0 * wrong as f64 / words as f64);
    }
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    println!("words wrong: {mean:.1} % ({rates:.1?})");
}

/// Of this process and its children that have ended, in steps of 10 ms for those.
fn cpu_s() -> f64 {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let children: f64 = fields[13..15]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    own.tv_sec as f64 + own.tv_nsec as f64 / 1e9 + children / 100.0
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mb = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1_024
    };
    format!("{} MB, {} at most", mb("VmRSS"), mb("VmHWM"))
}
