//! What is on record of a spoken dialogue, held to what the dialogue expects.

use std::{collections::BTreeSet, fmt};

use chrono::{Local, NaiveDate};
use database::{SessionId, ToolCall, ToolCallRepository};
use dialogue::{
    ReplyMeta,
    rehearsal::{Spoken, complaints},
};
use knowledge::{FixedArgument, KnowledgeBase, TestCall, TestDialogue, TestTurn};
use serde_json::{Value, json};

use super::OWN;
use crate::support::{Report, Stack, stack::Row};

/// "Today" in the dialogues.
const TODAY: &str = "2026-12-01";
/// A ticket about a deed that nobody saw the end of: no dialogue needs to name it.
const UNCONFIRMED: &str = "unconfirmed";

/// How a dialogue went, turn by turn.
pub(super) struct Judged {
    turns: Vec<JudgedTurn>,
    /// What the caller's side reported.
    failures: Vec<String>,
}

#[derive(Default)]
struct JudgedTurn {
    said: String,
    heard: String,
    answer: String,
    complaints: Vec<String>,
}

impl Judged {
    pub(super) fn is_right(&self) -> bool {
        self.turns.iter().all(|turn| turn.complaints.is_empty())
    }

    pub(super) fn turns_right(&self) -> usize {
        let right = self.turns.iter();
        right.filter(|turn| turn.complaints.is_empty()).count()
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.turns.iter().zip(1..);
        for (turn, number) in wrong.filter(|(turn, _)| !turn.complaints.is_empty()) {
            write!(f, "\n    turn {number}  said:   {}", turn.said)?;
            write!(f, "\n            heard:  {}", turn.heard)?;
            write!(f, "\n            answer: {}", turn.answer)?;
            for complaint in &turn.complaints {
                write!(f, "\n            {complaint}")?;
            }
        }
        for failure in &self.failures {
            write!(f, "\n    the caller: {failure}")?;
        }
        Ok(())
    }
}

pub(super) async fn judge(
    stack: &Stack,
    base: &KnowledgeBase,
    dialogue: &TestDialogue,
    session: uuid::Uuid,
    report: &Report,
) -> Judged {
    let rows = stack.messages(session).await;
    let calls = ToolCallRepository::new(&stack.database.db);
    let calls = calls.by_session(SessionId(session)).await.unwrap();
    let places = places(&rows, dialogue);
    let failures = report.0["failures"].as_array().into_iter().flatten();
    let failures = failures.map(|failure| failure.as_str().unwrap_or_default().to_owned());
    let turns = dialogue.turns.iter().enumerate().map(|(turn, expected)| {
        let own: Vec<&Row> = rows
            .iter()
            .zip(&places)
            .filter(|(_, place)| **place == Some(turn))
            .map(|(row, _)| row)
            .collect();
        turn_of(base, dialogue, expected, &own, &calls)
    });
    Judged {
        turns: turns.collect(),
        failures: failures.collect(),
    }
}

fn turn_of(
    base: &KnowledgeBase,
    dialogue: &TestDialogue,
    expected: &TestTurn,
    rows: &[&Row],
    calls: &[ToolCall],
) -> JudgedTurn {
    let words = |role: &str| {
        let own = rows.iter().filter(|row| row.role == role);
        let texts: Vec<&str> = own.map(|row| &*row.content).collect();
        texts.join(" ")
    };
    let seqs: BTreeSet<i32> = rows.iter().map(|row| row.seq).collect();
    let done: Vec<&ToolCall> = calls
        .iter()
        .filter(|call| seqs.contains(&call.seq))
        .collect();
    let expected = as_it_is_now(base, dialogue, expected, &done);
    let routes: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.meta["route"].as_str())
        .collect();
    let wanted = expected.route.as_deref().unwrap_or_default();
    let route = routes
        .iter()
        .find(|route| wanted.split('|').any(|wanted| wanted == **route));
    let route = route.or_else(|| routes.last()).copied().unwrap_or_default();
    let spoken = Spoken {
        text: words("assistant"),
        meta: ReplyMeta {
            route: route.to_owned(),
            ..ReplyMeta::default()
        },
        is_offer: false,
    };
    let mut complaints = complaints(&expected, &spoken);
    complaints.extend(deeds(&expected.calls, &done));
    JudgedTurn {
        said: expected.said.clone(),
        heard: words("user"),
        answer: spoken.text,
        complaints,
    }
}

/// What the product itself answers has its own reference and day, where the dialogue has made them up.
fn as_it_is_now(
    base: &KnowledgeBase,
    dialogue: &TestDialogue,
    expected: &TestTurn,
    done: &[&ToolCall],
) -> TestTurn {
    let mut expected = expected.clone();
    for call in done.iter().filter(|call| OWN.contains(&&*call.tool)) {
        let Some(made_up) = dialogue.tools.get(&call.tool) else {
            continue;
        };
        for (field, value) in &made_up.fields {
            let result = call
                .result
                .as_ref()
                .and_then(|result| result[field].as_str());
            let spoken = base.spoken_option(result.unwrap_or_default());
            let day = value.parse::<NaiveDate>().ok();
            let day = day.map(|day| day.format("%-d").to_string());
            for says in &mut expected.says {
                let is_day = day
                    .as_ref()
                    .is_some_and(|day| says.contains(&format!("{day}th")));
                if says.contains(&**value) || is_day {
                    *says = spoken.clone();
                }
            }
        }
    }
    expected
}

/// What is wrong with what was done in a turn.
fn deeds(expected: &[TestCall], done: &[&ToolCall]) -> Vec<String> {
    let is_unconfirmed = |call: &&&ToolCall| {
        let arguments = call.arguments.as_ref();
        arguments.is_some_and(|arguments| arguments["kind"] == UNCONFIRMED)
    };
    // What only reads is no deed.
    let mut done: Vec<&&ToolCall> = done
        .iter()
        .filter(|call| call.tool != "free_slots" && !is_unconfirmed(call))
        .collect();
    let mut complaints = Vec::new();
    for call in expected {
        match done.iter().position(|row| is(row, call)) {
            Some(at) => {
                done.swap_remove(at);
            }
            None => complaints.push(format!("it does not do {call:?}, but {:?}", told(&done))),
        }
    }
    if complaints.is_empty() && !done.is_empty() {
        complaints.push(format!("it does {:?}", told(&done)));
    }
    complaints
}

fn told(done: &[&&ToolCall]) -> Vec<String> {
    let told = done.iter();
    told.map(|row| format!("{} {:?}", row.tool, row.arguments))
        .collect()
}

fn is(row: &ToolCall, call: &TestCall) -> bool {
    let arguments = row.arguments.as_ref();
    let has = |(name, value): (&String, &FixedArgument)| {
        let Some(found) = arguments.and_then(|arguments| arguments.get(name)) else {
            return false;
        };
        let wanted = match value {
            FixedArgument::Text(text) => json!(text),
            FixedArgument::Truth(truth) => json!(truth),
            FixedArgument::Number(number) => json!(number),
        };
        is_same_text(found, &wanted) || is_same_day_from_now(found, &wanted)
    };
    row.tool == call.tool && row.outcome.is_some() && call.arguments.iter().all(has)
}

/// A recogniser writes names with capitals.
fn is_same_text(found: &Value, wanted: &Value) -> bool {
    match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => found.eq_ignore_ascii_case(wanted),
        _ => found == wanted,
    }
}

/// "Tomorrow" is another day than in the dialogue, and so is "Thursday": as far from today, or of the same name.
fn is_same_day_from_now(found: &Value, wanted: &Value) -> bool {
    let day = |value: &Value| value.as_str()?.parse::<NaiveDate>().ok();
    let (Some(found), Some(wanted), Ok(then)) = (day(found), day(wanted), TODAY.parse()) else {
        return false;
    };
    let today = Local::now().date_naive();
    let then: NaiveDate = then;
    let is_as_far = found - today == wanted - then;
    let of_same_name = found.format("%A").to_string() == wanted.format("%A").to_string();
    is_as_far || (of_same_name && (found - today).num_days().abs() <= 7)
}

/// To which turn of the dialogue each row belongs: one row of the caller's for each turn, or by what was heard where a
/// turn was heard in parts or not at all.
fn places(rows: &[Row], dialogue: &TestDialogue) -> Vec<Option<usize>> {
    let callers: Vec<&Row> = rows.iter().filter(|row| row.role == "user").collect();
    let places = if callers.len() == dialogue.turns.len() {
        (0..callers.len()).collect()
    } else {
        aligned(&callers, dialogue)
    };
    let mut of_callers = places.into_iter();
    let mut current = None;
    let place = |row: &Row| {
        if row.role == "user" {
            current = of_callers.next();
        }
        current
    };
    rows.iter().map(place).collect()
}

/// The turns of the dialogue that these rows are, in order, by the words that they share.
fn aligned(callers: &[&Row], dialogue: &TestDialogue) -> Vec<usize> {
    let turns = dialogue.turns.len();
    // For each row and turn the best sum of likeness up to there, and the turn of the row before.
    let mut best = vec![vec![(0.0, 0); turns]; callers.len()];
    for (at, row) in callers.iter().enumerate() {
        for turn in 0..turns {
            let before = (0..=turn).map(|before| match at {
                0 => (0.0, 0),
                _ => (
                    best[at - 1][before].0 - if before == turn { 0.1 } else { 0.0 },
                    before,
                ),
            });
            let (sum, from) = before.fold((f64::MIN, 0), |a, b| if b.0 > a.0 { b } else { a });
            best[at][turn] = (
                sum + likeness(&row.content, &dialogue.turns[turn].said),
                from,
            );
        }
    }
    let mut places = vec![0; callers.len()];
    let last = best.last().into_iter().flatten().enumerate();
    let last = last.fold(
        (0, f64::MIN),
        |a, (turn, b)| if b.0 > a.1 { (turn, b.0) } else { a },
    );
    let mut turn = last.0;
    for at in (0..callers.len()).rev() {
        places[at] = turn;
        turn = best[at][turn].1;
    }
    places
}

fn likeness(a: &str, b: &str) -> f64 {
    let words = |text: &str| -> BTreeSet<String> {
        let lower = text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let shared = a.intersection(&b).count();
    2.0 * shared as f64 / (a.len() + b.len()).max(1) as f64
}
