//! When turns of human speech are answered, and how many of them too soon: a simulation of the policy in `voice/src/turn`.
//!
//!     cargo run --release -p voice --example endpointing [KEPT]
//!
//! It takes the human prompts of Debian's `asterisk-core-sounds-en-wav` whole, cut before their last words, and digits and
//! words with pauses between them; has the product's own listener and network hear them; and asks the product's own turn-taking on virtual time when it answers. docs/turn-taking.md explains the tables that it prints. What was heard,
//! which takes minutes, is kept in the file KEPT and read from there the next time.
//!
//! Needs `scripts/model`, `scripts/model smart-turn` and the packages `asterisk-core-sounds-en-wav`, `asterisk-core-sounds-en`.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends where it stands"
)]

mod borders;
mod heard;
mod kept;
mod policy;
mod prompts;
mod tables;

use std::path::{Path, PathBuf};

use borders::BorderFinder;
use heard::{Ears, Pause};
use prompts::Prompt;
use voice::listen::SmartTurn;

/// Threads that hear sentences.
const AT_ONCE: usize = 4;

/// What a pause is, seen by somebody who knows how the speech goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The end of a whole sentence: to be answered soon.
    End,
    /// A sentence that breaks off before its last words.
    Cut,
    /// A sentence of the set that trails off by itself: "the time will be exactly …".
    Open,
    /// Between two groups of dictated digits, 800 ms.
    Digits,
    /// Between the words of a list, 800 ms.
    List,
}

/// A pause with what is known of it.
struct Case {
    kind: Kind,
    /// The first half sets thresholds, the second judges them.
    judged: bool,
    pause: Pause,
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

fn main() {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let (cases, cpu) = match file.as_deref().map(kept::read) {
        Some(Ok(cases)) => (cases, Vec::new()),
        _ => {
            let (cases, cpu) = hear_all();
            if let Some(file) = &file {
                kept::write(file, &cases);
            }
            (cases, cpu)
        }
    };
    tables::print(&cases, &cpu);
}

/// All pauses, and what judging each cost.
fn hear_all() -> (Vec<Case>, Vec<f64>) {
    let network = SmartTurn::load(&models().join("smart-turn-v3.2-cpu.onnx"));
    let network = &network.expect("scripts/model smart-turn was run");
    let prompts = prompts::sentences();
    let parts = prompts.chunks(prompts.len().div_ceil(AT_ONCE));
    let heard = std::thread::scope(|scope| {
        let dictations = scope.spawn(|| hear_dictations(network));
        let sentences: Vec<_> = parts
            .map(|part| scope.spawn(|| hear_sentences(part, network)))
            .collect();
        let threads = sentences.into_iter().chain([dictations]);
        threads
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    let (cases, cpu): (Vec<_>, Vec<_>) = heard.into_iter().unzip();
    (cases.into_iter().flatten().collect(), cpu.concat())
}

/// Sentences whole, and cut before their last words.
fn hear_sentences(prompts: &[Prompt], network: &SmartTurn) -> (Vec<Case>, Vec<f64>) {
    let mut ears = Ears::new(network);
    let mut finder = BorderFinder::new(&models().join("ggml-tiny.en-q8_0.bin"));
    let mut cases = Vec::new();
    for prompt in prompts {
        let words = finder.words(&prompt.samples);
        let judged = prompt.is_judged();
        let kind = if prompt.is_whole() {
            Kind::End
        } else {
            Kind::Open
        };
        let whole = ears.hear(&prompt.samples, borders::joined(&words));
        cases.extend(whole.map(|pause| Case {
            kind,
            judged,
            pause,
        }));
        if kind == Kind::Open {
            continue;
        }
        for cut in borders::cuts(prompt, &words) {
            let pause = ears.hear(&cut.samples, cut.text);
            let kind = Kind::Cut;
            cases.extend(pause.map(|pause| Case {
                kind,
                judged,
                pause,
            }));
        }
    }
    (cases, ears.cpu)
}

/// Numbers and lists, behind each part but the last: there they are whole.
fn hear_dictations(network: &SmartTurn) -> (Vec<Case>, Vec<f64>) {
    let mut ears = Ears::new(network);
    let mut cases = Vec::new();
    for (place, (kind, mut spoken)) in prompts::dictations().into_iter().enumerate() {
        spoken.pop();
        for said in spoken {
            let pause = ears.hear(&said.samples, said.text);
            let judged = place % 2 == 0;
            cases.extend(pause.map(|pause| Case {
                kind,
                judged,
                pause,
            }));
        }
    }
    (cases, ears.cpu)
}
