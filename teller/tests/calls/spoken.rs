//! The pack's dialogues in which something is done, spoken: each turn is said by a voice into a real room, and
//! words, tools and rows are held to what the dialogue expects. What the recogniser misheard counts as missed.
//!
//! `scripts/spoken-dialogues` speaks 22 of them and prints how they went; every change is held to one short one.

mod systems;
mod verdict;

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use knowledge::{KnowledgeBase, TestDialogue};

use crate::support::{CodeInbox, Stack, fixtures::root};
use systems::Systems;
use verdict::{Judged, judge};

/// The kind of dialogues in which something is done.
const TASK: &str = "task";
/// How many are spoken.
const HALF: usize = 22;
/// The longest dialogue, spoken, with every answer heard to its end.
const LONGEST: Duration = Duration::from_secs(600);
/// The voice that is always there.
const FLITE: &str = "flite:rms";
/// Tools of the product itself, whose answers no dialogue can write.
const OWN: [&str; 2] = ["callback", "ticket"];

fn pack() -> PathBuf {
    root().join("packs/bank")
}

/// The dialogues that can be spoken: what the product itself does cannot be made to end unseen.
fn dialogues(base: &KnowledgeBase) -> Vec<TestDialogue> {
    let mut dialogues = base.tests(&pack()).unwrap();
    let is_scripted = |name: &&str, test: &TestDialogue| {
        let answer = test.tools.get(*name);
        answer.is_some_and(|answer| answer.unknown || answer.fails || answer.declined.is_some())
    };
    dialogues.retain(|test| test.kind == TASK && !OWN.iter().any(|name| is_scripted(name, test)));
    dialogues
}

/// `task-cards: i lost my wallet …`
fn name(dialogue: &TestDialogue) -> String {
    let file = dialogue.file.file_stem().unwrap_or_default();
    let said = dialogue.turns.iter().map(|turn| &*turn.said);
    let longest = said.take(2).max_by_key(|said| said.len());
    format!("{}: {}", file.display(), longest.unwrap_or_default())
}

/// A worker with the whole pack, a back end that the dialogues answer for, and a customer for each of them.
struct Line {
    stack: Stack,
    codes: CodeInbox,
    systems: Systems,
    /// What callers speak with.
    voice: String,
}

impl Line {
    async fn open(customers: usize, voice: &str) -> Self {
        let codes = CodeInbox::open().await;
        let systems = Systems::start().await;
        let settings = [
            ("CODE_WEBHOOK_URL", &*codes.url),
            ("BACKEND_URL", &*systems.url),
        ];
        let mut stack = Stack::prepare(&settings).await;
        stack.use_the_whole_pack();
        stack.start_worker().await;
        let mut csv = "username,phone_number,email,name,customer_number\n".to_owned();
        for at in 0..customers {
            writeln!(csv, "sarah{at},{},,Sarah Moyo,{}", phone(at), number(at)).unwrap();
        }
        stack.import_customers(&csv).await;
        Self {
            stack,
            codes,
            systems,
            voice: voice.to_owned(),
        }
    }

    /// Speaks a dialogue as the caller with this number.
    async fn speak(&self, base: &KnowledgeBase, dialogue: &TestDialogue, at: usize) -> Judged {
        self.systems.answer(&dialogue.tools);
        let script = script(dialogue, at);
        let is_proven = dialogue.turns.iter().any(|turn| turn.proven);
        let from = dialogue.phone.as_deref().unwrap_or("+15550123");
        let phone_call = ["--sip", "--number", from];
        let mut arguments: Vec<&str> = vec!["--voice", &self.voice];
        if is_proven || dialogue.phone.is_some() {
            arguments.extend(phone_call);
        }
        let file = self.stack.folder.join("code");
        drop(std::fs::remove_file(&file));
        let before = self.codes.count();
        let caller = self.stack.caller(&script, &arguments).await;
        let sending = async {
            if is_proven && let Some(code) = self.codes.code_for(&phone(at), before).await {
                tokio::fs::write(&file, code).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let report = tokio::select! {
            report = self.stack.finish_within(caller, LONGEST) => report,
            () = sending => unreachable!("it waits for ever"),
        };
        let (session, _) = self.stack.summarised().await;
        judge(&self.stack, base, dialogue, session, &report).await
    }
}

fn phone(at: usize) -> String {
    format!("+2637710000{at:02}")
}

fn number(at: usize) -> usize {
    100_200 + at
}

/// The dialogue as a caller speaks it; whoever is to prove who they are does so by keypad.
fn script(dialogue: &TestDialogue, at: usize) -> String {
    let mut script = String::new();
    if dialogue.phone.is_some() || dialogue.turns.iter().any(|turn| turn.proven) {
        script += "- active\n";
    }
    script += "- wait: 60\n";
    for turn in &dialogue.turns {
        if turn.proven {
            let number = number(at);
            writeln!(
                script,
                "- dial: \"{number}#\"\n- wait: 30\n- dial_from: code\n- wait: 60"
            )
            .unwrap();
        }
        writeln!(script, "- say: {:?}\n- wait: 60", turn.said).unwrap();
    }
    script
}

/// No proof, no choice from a calendar, nothing but words: short enough for every change.
#[tokio::test]
async fn a_callback_is_arranged_by_speech_alone() {
    let base = KnowledgeBase::load(&pack()).unwrap();
    let line = Line::open(1, FLITE).await;
    let short: TestDialogue = toml::from_str(
        r#"
        kind = "task"
        phone = "+263772345678"
        [[turn]]
        said = "can I speak to a person please"
        says = ["call you back"]
        [[turn]]
        said = "yes please"
        says = ["number"]
        [[turn]]
        said = "call me on this number"
        says = ["suit"]
        [[turn]]
        said = "tomorrow morning"
        says = ["six seven eight", "that right"]
        [[turn]]
        said = "yes that is right"
        calls = [{ tool = "callback", phone = "+263772345678" }]
        says = ["Your reference is"]
        "#,
    )
    .unwrap();
    let mut judged = line.speak(&base, &short, 0).await;
    // A machine that is too busy tears holes into any sound: a caller who was not understood calls again.
    if !judged.is_right() {
        judged = line.speak(&base, &short, 0).await;
    }
    assert!(judged.is_right(), "it was not arranged: {judged}");
}

/// `SPOKEN_VOICE`: what callers speak with. `SPOKEN_ONLY`: those whose name contains it. `SPOKEN_SEED`: another half.
#[tokio::test]
#[ignore = "half an hour of calls: scripts/spoken-dialogues"]
async fn half_of_the_dialogues_are_spoken() {
    let base = KnowledgeBase::load(&pack()).unwrap();
    let all = dialogues(&base);
    let setting = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
    let seed: usize = setting("SPOKEN_SEED").map_or(0, |seed| seed.parse().unwrap());
    let mut chosen: Vec<TestDialogue> = (0..HALF)
        .map(|at| all[(seed + at * all.len() / HALF) % all.len()].clone())
        .collect();
    if let Some(only) = setting("SPOKEN_ONLY") {
        chosen = all;
        chosen.retain(|dialogue| name(dialogue).contains(&only));
    }
    assert!(!chosen.is_empty(), "no dialogue has that in its name");
    let voice = setting("SPOKEN_VOICE").unwrap_or_else(|| FLITE.to_owned());
    let mut line = Line::open(chosen.len(), &voice).await;
    // What callers say is the same each time.
    let kept = root().join(".data/speech").display().to_string();
    line.stack.set("SPEECH_CACHE", &kept);
    let (mut right, mut turns, mut turns_right) = (0, 0, 0);
    for (at, dialogue) in chosen.iter().enumerate() {
        let judged = line.speak(&base, dialogue, at).await;
        right += usize::from(judged.is_right());
        turns += dialogue.turns.len();
        turns_right += judged.turns_right();
        let mark = if judged.is_right() { "right" } else { "WRONG" };
        println!(
            "{mark}  {:>2} of {:>2} turns  {}{judged}",
            judged.turns_right(),
            dialogue.turns.len(),
            name(dialogue)
        );
    }
    println!(
        "{right} of {} dialogues right, {turns_right} of {turns} turns",
        chosen.len()
    );
}
