//! The pack's dialogues in which something is done, with a scripted model over real HTTP: one that leads as a sensible
//! model would, one that begins tasks whenever it may, and ones of no use. What is expected of words, tools and rows is
//! what is expected without a model.

mod company;
mod script;

use std::{path::Path, time::Duration};

use knowledge::{TestDialogue, TestTurn};

use super::{model_server::ModelServer, *};
use crate::rehearsal::{Spoken, complaints, stage::TASK};
use company::Company;
use script::{Lead, Script};

/// Percentages of the dialogues that must be right: without a model, and with one that leads.
const RIGHT: f64 = 79.0;
const RIGHT_LED: f64 = 75.0;
/// Of those in which a model begins whatever it may: every deed is one that was expected.
const DONE_RIGHT: f64 = 95.0;

/// How a dialogue went.
#[derive(Debug, Default)]
struct Held {
    said: Vec<String>,
    routes: Vec<String>,
    /// Turns that a model answered.
    by_model: usize,
    /// What was wrong with words, and with deeds, turn by turn.
    words: Vec<String>,
    deeds: Vec<String>,
}

impl Held {
    fn is_right(&self) -> bool {
        self.words.is_empty() && self.deeds.is_empty()
    }
}

fn dialogues() -> Vec<TestDialogue> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank"));
    let mut dialogues = BANK.tests(folder).expect("they are in order");
    dialogues.retain(|test| test.kind == TASK);
    dialogues
}

/// Holds a dialogue as a call would: through the driver, with a registry that writes rows.
async fn hold(dialogue: &TestDialogue, llm: Option<LlmConfig>, script: &Script) -> Held {
    let company = Company::of(dialogue);
    let replier = company.replier(llm);
    let (driver, rows) = company.conversation(&replier);
    let mut held = Held::default();
    for (place, expected) in dialogue.turns.iter().enumerate() {
        script.turn(place);
        if expected.proven {
            let said = driver.on(Event::Proven {
                name: "Sarah".to_owned(),
                customer: "sarah".to_owned(),
            });
            driver.on(Event::AgentHeard(said.join(" ")));
        }
        let replied = reply_to(&driver, caller_turn(place, expected)).await;
        let spoken = Spoken {
            text: replied.text(),
            meta: replied.meta,
            is_offer: false,
        };
        driver.on(Event::AgentHeard(spoken.text.clone()));
        held.by_model += usize::from(spoken.meta.model == "small-model");
        let note = |complaint: String| format!("turn {}: {complaint}: {}", place + 1, spoken.text);
        held.words
            .extend(complaints(expected, &spoken).into_iter().map(note));
        held.deeds
            .extend(company.complaints(expected).into_iter().map(note));
        held.routes.push(spoken.meta.route.clone());
        held.said.push(spoken.text);
    }
    held.deeds.extend(company.rows_against(&rows.all()));
    held
}

fn caller_turn(place: usize, expected: &TestTurn) -> CallerTurn {
    CallerTurn {
        seq: i32::try_from(place).expect("few turns"),
        ..turn(&expected.said)
    }
}

/// Every dialogue without a model: what the others are held against.
async fn alone(dialogues: &[TestDialogue]) -> Vec<Held> {
    let script = Script::new(Lead::Sensible, &[]);
    let mut all = Vec::new();
    for dialogue in dialogues {
        all.push(hold(dialogue, None, &script).await);
    }
    all
}

/// Every dialogue with a model that leads so.
async fn led(lead: Lead, dialogues: &[TestDialogue], alone: &[Held]) -> Vec<Held> {
    let mut all = Vec::new();
    for (dialogue, alone) in dialogues.iter().zip(alone) {
        let script = Script::new(lead, &alone.routes);
        let server = script.clone().serve().await;
        all.push(hold(dialogue, Some(server.config()), &script).await);
    }
    all
}

/// The percentage of these that is right, and what is wrong with the others.
fn share(
    dialogues: &[TestDialogue],
    held: &[Held],
    wrong: impl Fn(&Held) -> Vec<String>,
) -> (f64, String) {
    let mut report = String::new();
    let mut right = 0;
    for (dialogue, held) in dialogues.iter().zip(held) {
        let wrong = wrong(held);
        right += usize::from(wrong.is_empty());
        if !wrong.is_empty() {
            let file = dialogue.file.file_name().unwrap_or_default();
            let first = dialogue.turns.get(1).map_or("", |turn| &*turn.said);
            report += &format!("\n{} ({first}):\n  ", file.display());
            report += &wrong.join("\n  ");
        }
    }
    let count = |n: usize| f64::from(u32::try_from(n).expect("few dialogues"));
    (100.0 * count(right) / count(dialogues.len()), report)
}

fn all_wrong(held: &Held) -> Vec<String> {
    held.words.iter().chain(&held.deeds).cloned().collect()
}

/// One turn after the other to a caller from this number who has proved who they are; what is answered to the last.
async fn last_answer(phone: &str, turns: &[&str]) -> String {
    let said = |(place, said): (usize, &&str)| TestTurn {
        said: (*said).to_owned(),
        proven: place == 0,
        ..TestTurn::default()
    };
    let dialogue = TestDialogue {
        kind: TASK.to_owned(),
        topic: None,
        phone: Some(phone.to_owned()),
        tools: <_>::default(),
        turns: turns.iter().enumerate().map(said).collect(),
        file: <_>::default(),
    };
    let script = Script::new(Lead::Sensible, &[]);
    let mut held = hold(&dialogue, None, &script).await;
    held.said.pop().expect("it has turns")
}

#[tokio::test]
async fn a_number_in_words_that_ask_for_a_call_is_the_number_that_was_asked_for() {
    let callback = "please arrange a callback";
    for number in [
        "call me on this number",
        "call me on oh seven seven two three four five six seven eight",
    ] {
        let answer = last_answer("+263772345678", &[callback, number]).await;
        assert!(answer.contains("When would suit you"), "{number}: {answer}");
    }
    let person = "can I speak to a person please";
    let answer = last_answer("+263772345678", &[callback, person]).await;
    assert!(answer.contains("call you back"), "{person}: {answer}");
}

#[tokio::test]
async fn a_day_that_is_named_where_another_was_read_back_corrects_it() {
    let until = |last: &'static str| async move {
        let turns = [
            "i want to file a travel notice",
            "south africa",
            "on the fifth of december",
            "until the twelfth of december",
            last,
        ];
        last_answer("+263772345678", &turns).await
    };
    for day in ["know the 15th", "no the fifteenth", "the fifteenth please"] {
        let answer = until(day).await;
        assert!(answer.contains("fifteenth of December"), "{day}: {answer}");
    }
    for other in ["just a second", "wait a second please", "one moment"] {
        let answer = until(other).await;
        assert!(answer.contains("twelfth of December"), "{other}: {answer}");
    }
}

#[tokio::test]
async fn a_number_with_a_digit_too_many_is_asked_for_again() {
    let callback = "please arrange a callback";
    for number in ["07 773 456789", "oh seven seven two three four"] {
        let answer = last_answer("+263772345678", &[callback, number]).await;
        assert!(answer.contains("digit by digit"), "{number}: {answer}");
    }
    let aside = "are you open on Saturday";
    let answer = last_answer("+263772345678", &[callback, aside]).await;
    assert!(answer.contains("noon"), "{aside}: {answer}");
}

#[tokio::test]
async fn the_driver_finishes_as_many_tasks_as_a_rehearsal() {
    let dialogues = dialogues();
    let alone = alone(&dialogues).await;
    let (percent, report) = share(&dialogues, &alone, all_wrong);
    assert!(
        percent >= RIGHT,
        "{percent:.1} % are right, below {RIGHT} %:{report}"
    );
    for (dialogue, held) in dialogues.iter().zip(&alone) {
        let is_right = crate::rehearsal::judge(&BANK, dialogue).misses.is_empty();
        assert_eq!(
            held.is_right(),
            is_right,
            "the driver and the rehearsal differ on {}: {held:#?}",
            dialogue.turns[1].said
        );
    }
}

#[tokio::test]
async fn a_model_that_leads_finishes_as_many_tasks() {
    let dialogues = dialogues();
    let alone = alone(&dialogues).await;
    let led = led(Lead::Sensible, &dialogues, &alone).await;
    let by_model: usize = led.iter().map(|held| held.by_model).sum();
    assert!(
        by_model >= 60,
        "the model leads: it answered {by_model} turns"
    );
    let (percent, report) = share(&dialogues, &led, all_wrong);
    let (without, other) = share(&dialogues, &alone, all_wrong);
    assert!(
        percent >= RIGHT_LED,
        "{percent:.1} % are right with a model, below {RIGHT_LED} % ({by_model} turns by the model):{report}\n\n\
         Without a model {without:.1} %:{other}"
    );
}

/// What is offered next, and what "how much is that" leans on, go with the document that answers.
#[tokio::test]
async fn a_model_answers_from_the_document_that_answers_without_one() {
    let script = Script::new(Lead::Sensible, &[]);
    let server = script.serve().await;
    let (alone, led) = (replier(None), replier(Some(server.config())));
    let mut both = 0;
    for dialogue in dialogues() {
        for turn in dialogue.turns {
            let without = ask(&alone, &turn.said).await;
            if without.meta.model != "extractive" {
                continue;
            }
            let with = ask(&led, &turn.said).await;
            let first = |replied: &Replied| replied.meta.sources[0].source.clone();
            assert_eq!(first(&with), first(&without), "to {:?}", turn.said);
            both += usize::from(with.meta.model == "small-model");
        }
    }
    assert!(both >= 60, "the model answered {both} questions");
}

#[tokio::test]
async fn a_model_that_begins_whatever_it_may_does_nothing_that_was_not_agreed_to() {
    let dialogues = dialogues();
    let alone = alone(&dialogues).await;
    let led = led(Lead::Eager, &dialogues, &alone).await;
    let unasked = led.iter().flat_map(|held| &held.deeds);
    let unasked =
        unasked.filter(|wrong| wrong.contains(": it does ") && !wrong.contains("it does not do"));
    let unasked: Vec<&String> = unasked.collect();
    assert!(unasked.is_empty(), "done, and not agreed to: {unasked:#?}");
    let (percent, report) = share(&dialogues, &led, |held| held.deeds.clone());
    assert!(
        percent >= DONE_RIGHT,
        "{percent:.1} % have the right deeds, below {DONE_RIGHT} %:{report}"
    );
}

#[tokio::test]
async fn a_model_of_no_use_changes_no_word() {
    let dialogues = dialogues();
    let alone = alone(&dialogues).await;
    for lead in [Lead::Silent, Lead::Late, Lead::Fails, Lead::BreaksOff] {
        for (dialogue, alone) in dialogues.iter().zip(&alone) {
            let script = Script::new(lead, &alone.routes);
            let server = script.clone().serve().await;
            let patience = script.patience();
            let config = server.config_with(patience, Duration::from_secs(60));
            let held = hold(dialogue, Some(config), &script).await;
            let said = held.said.iter().zip(&alone.said);
            for (place, (said, wanted)) in said.enumerate() {
                let caller = &dialogue.turns[place].said;
                assert_eq!(said, wanted, "with a model that is {lead:?}, to {caller:?}");
            }
            assert_eq!(held.deeds, alone.deeds, "with a model that is {lead:?}");
            assert_eq!(held.by_model, 0);
        }
    }
}
