//! How much of what is written in amounts, dates, numbers and codes is understood when it is said: `scripts/spoken-golden`.
//!
//!   spoken_table flite|espeak-ng|piper|kokoro WHISPER.bin
//!
//! Says each line of `language/tests/spoken.tsv` as it is written, transcribes it and compares the words with what a careful
//! reader says. Prints the lines that differ, and the shares.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

mod hearing;

use hearing::{Ear, config, distance, heard, plain};
use voice::speak::Tts;

/// Said before each line: of two words alone a recogniser invents the rest. It does not count.
const BEFORE: &str = "The note says: ";

const TABLE: &str = include_str!("../../language/tests/spoken.tsv");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, model] = &arguments[..] else {
        eprintln!("spoken_table ENGINE WHISPER.bin");
        std::process::exit(2);
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tts = Tts::open(&config(engine)).unwrap();
    let mut ear = Ear::open(model);
    let (mut lines, mut same, mut words, mut wrong) = (0, 0, 0, 0);
    for (written, said) in TABLE.lines().filter_map(|line| line.split_once('\t')) {
        let speech = runtime
            .block_on(tts.synthesize(&format!("{BEFORE}{written}")))
            .unwrap();
        let text = ear.transcribe(&heard(&speech));
        let (said, mut understood) = (plain(said), plain(&text));
        let before = plain(BEFORE);
        if understood.starts_with(&before) {
            understood.drain(..before.len());
        }
        let errors = distance(&said, &understood);
        lines += 1;
        same += usize::from(errors == 0);
        words += said.len();
        wrong += errors;
        if errors > 0 {
            println!("{written}\t{}\t{}", said.join(" "), text.trim());
        }
    }
    let share = |part: usize, of: usize| 100.0 * part as f64 / of as f64;
    println!(
        "# {engine}: {same} of {lines} lines understood word for word, {:.1} %; {:.1} % of {words} words differ",
        share(same, lines),
        share(wrong, words)
    );
}
