//! The packs' own words for what turns say, on the lines that people labelled for them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use insight::moment::{Course, Moment, Trade, Urgency};
use serde::Deserialize;

use super::trade;

/// Packs with `tests/moments.jsonl`, and of how many lines in a hundred the level must be right.
const PACKS: [(&str, usize); 2] = [("property", 90), ("shop", 90)];

/// A line of the file.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    urgency: String,
}

fn folder(pack: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../packs")
        .join(pack)
}

fn words_of(pack: &str) -> Trade {
    trade(&knowledge::Pack::load(&folder(pack)).expect("the pack loads"))
}

fn lines(pack: &str) -> Vec<Labelled> {
    let file = folder(pack).join("tests/moments.jsonl");
    let text = fs::read_to_string(file).expect("the file is there");
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let read = |line| serde_json::from_str(line).expect("a line is JSON");
    lines.map(read).collect()
}

fn read(text: &str, trade: &Trade) -> Moment {
    Course::default().caller(text, false, None, trade)
}

#[test]
fn no_danger_is_missed_no_question_is_one_and_what_to_do_now_is_said() {
    for (pack, wanted) in PACKS {
        let trade = words_of(pack);
        let (mut all, mut wrong) = (0, Vec::new());
        for line in lines(pack) {
            let moment = read(&line.text, &trade);
            let is_critical = moment.urgency == Urgency::Critical;
            let label = line.urgency.as_str();
            assert_eq!(is_critical, label == "critical", "{pack}: {}", line.text);
            assert_eq!(moment.now.is_some(), is_critical, "{pack}: {}", line.text);
            all += 1;
            if moment.urgency.as_str() != label {
                let read = moment.urgency.as_str();
                wrong.push(format!("{} is {label}, read as {read}", line.text));
            }
        }
        let right = all - wrong.len();
        assert!(
            right * 100 >= all * wanted,
            "{pack}: {right} of {all} right\n{}",
            wrong.join("\n")
        );
    }
}
