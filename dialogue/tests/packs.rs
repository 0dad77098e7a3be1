//! The packs' own tests. What must be right of them only ever rises: `teller knowledge test packs/bank --misses` shows
//! what is not.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialogue::{
    Abilities, CallFacts, CallerTurn, Conversation, Delta, Event, Found, Query, ReplyMeta, Step,
    rehearsal::{converse, judge},
};
use embedding::Embedder;
use knowledge::{KnowledgeBase, Meanings};

/// Packs with tests, and the percentages of their dialogues that must be right: by words alone, and by meaning.
const RIGHT: [(&str, f64, f64); 3] = [
    ("bank", 67.5, 77.0),
    ("property", 88.5, 88.0),
    ("shop", 84.5, 90.0),
];

fn base(pack: &str) -> (Arc<KnowledgeBase>, std::path::PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../packs")
        .join(pack);
    (Arc::new(KnowledgeBase::load(&folder).unwrap()), folder)
}

/// The kind of dialogues in which something is done.
const TASK: &str = "task";
/// Percentages of those dialogues that must be right: by words alone, and by meaning.
const TASKS_RIGHT: [(&str, f64, f64); 3] = [
    ("bank", 79.0, 93.0),
    ("property", 100.0, 100.0),
    ("shop", 100.0, 100.0),
];

/// The percentage of a pack's dialogues that are right, of those in which something is done or of the others.
fn right(base: &Arc<KnowledgeBase>, folder: &Path, is_task: bool) -> f64 {
    let mut dialogues = base.tests(folder).unwrap();
    dialogues.retain(|test| (test.kind == TASK) == is_task);
    let right = dialogues.iter();
    let right = right.filter(|test| judge(base, test).misses.is_empty());
    let count = |n: usize| f64::from(u32::try_from(n).unwrap());
    100.0 * count(right.count()) / count(dialogues.len())
}

#[test]
fn tasks_are_finished() {
    for (pack, wanted, _) in TASKS_RIGHT {
        let (base, folder) = base(pack);
        let percent = right(&base, &folder, true);
        assert!(
            percent >= wanted,
            "{pack}, tasks, by words: {percent:.1} % are right, below {wanted} %"
        );
    }
}

#[test]
fn as_many_dialogues_of_a_pack_are_right_as_have_ever_been() {
    for (pack, wanted, _) in RIGHT {
        let (base, folder) = base(pack);
        let percent = right(&base, &folder, false);
        assert!(
            percent >= wanted,
            "{pack}, by words: {percent:.1} % are right, below {wanted} %"
        );
    }
}

/// Where `scripts/model minilm` has put the model; what its texts mean is taken from the file that commands keep.
#[test]
fn by_meaning_more_of_them_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let model = root.join("models/minilm");
    if !model.join("model.safetensors").exists() {
        eprintln!("skipped: no embedding model (scripts/model minilm)");
        return;
    }
    let embedder = Arc::new(Embedder::load(&model).unwrap());
    let file = root.join(".data/meanings");
    let kept = embedding::kept(&file, &embedder).unwrap();
    let found = Mutex::new(kept.clone());
    std::thread::scope(|scope| {
        for (pack, _, wanted) in RIGHT {
            let (embedder, kept, found) = (Arc::clone(&embedder), &kept, &found);
            scope.spawn(move || {
                let (words, folder) = base(pack);
                let base = KnowledgeBase::clone(&words);
                let tests = base.tests(&folder).unwrap();
                let turns = tests.iter().flat_map(|test| &test.turns);
                let mut texts = base.texts();
                texts.extend(turns.map(|turn| turn.said.clone()));
                let meanings = Meanings::new(embedder, &texts, kept);
                let of_pack = base.texts().into_iter();
                let of_pack = of_pack.map(|text| (text.clone(), meanings.texts()[&text].clone()));
                found.lock().unwrap().extend(of_pack);
                let base = Arc::new(base.with_meanings(meanings));
                for (_, _, wanted) in TASKS_RIGHT.iter().filter(|(of, ..)| *of == pack) {
                    let percent = right(&base, &folder, true);
                    assert!(
                        percent >= *wanted,
                        "{pack}, tasks, by meaning: {percent:.1} % are right, below {wanted} %"
                    );
                }
                let percent = right(&base, &folder, false);
                assert!(
                    percent >= wanted,
                    "{pack}, by meaning: {percent:.1} % are right, below {wanted} %"
                );
            });
        }
    });
    // Calls that are tested next need not find it out again.
    let found = found.into_inner().unwrap();
    if found.len() > kept.len() {
        std::fs::create_dir_all(root.join(".data")).unwrap();
        embedding::keep(&file, &embedder, &found).unwrap();
    }
}

/// What the bank's agent says to the last of these turns.
fn last(turns: &[&str]) -> String {
    let (base, _) = base("bank");
    converse(&base, turns).pop().unwrap().text
}

#[test]
fn both_of_two_questions_are_answered() {
    let said = last(&["What are your opening hours and how do I change my PIN?"]);
    assert!(said.contains("Monday to Friday"), "{said}");
    assert!(said.contains("PIN change"), "{said}");
}

#[test]
fn what_was_taken_back_does_not_decide() {
    let said = last(&["How do I open, no wait, how do I close my account?"]);
    assert!(said.contains("close"), "{said}");
    let said = last(&["I want to change my address, I mean my PIN"]);
    assert!(said.contains("PIN"), "{said}");
}

#[test]
fn a_matter_is_found_behind_a_greeting_and_a_name() {
    let said = last(&["Hello my name is Grace and I lost my card"]);
    assert!(said.contains("*236#"), "{said}");
}

#[test]
fn a_short_question_is_about_what_was_answered_last() {
    let opening = "How do I open a savings account?";
    let said = last(&[opening, "And what does it cost?"]);
    assert!(said.contains("free"), "{said}");
    let said = last(&[opening, "what interest does it pay"]);
    assert!(said.contains("3 percent"), "{said}");
}

#[test]
fn where_an_answer_comes_from_is_said_when_it_is_asked() {
    let opening = "How do I open a savings account?";
    let said = last(&[opening, "Where does that come from?"]);
    assert!(said.contains("Savings account"), "{said}");
    let unanswered = "What paper are your savings books printed on in Peru?";
    let said = last(&[opening, unanswered, "Where does that come from?"]);
    assert!(
        !said.contains("Savings account"),
        "of another answer: {said}"
    );
    let said = last(&["Hello", "Where does that come from?"]);
    assert!(
        !said.contains("our own information"),
        "nothing was answered: {said}"
    );
}

#[test]
fn more_of_an_answer_is_told_until_all_is_told() {
    let (base, _) = base("bank");
    let turns = [
        "How do I open a savings account?",
        "tell me more",
        "go on please",
        "tell me more",
    ];
    let replies = converse(&base, &turns);
    let told: Vec<&str> = replies.iter().map(|reply| &*reply.text).collect();
    assert_eq!(replies[1].meta.route, "more");
    assert_eq!(
        replies[1].meta.sources[0].source,
        replies[0].meta.sources[0].source
    );
    for sentence in knowledge::sentences(told[1]) {
        assert!(!told[0].contains(&sentence), "said twice: {sentence}");
    }
    assert!(told[3].contains("all I have"), "{told:?}");
    let said = last(&["tell me more"]);
    assert!(!said.contains("all I have"), "nothing was told: {said}");
    let both = "What are your opening hours and how do I change my PIN?";
    let replies = converse(&base, &[both, "tell me more"]);
    let told = format!("{}{}", replies[0].text, replies[1].text);
    assert_eq!(replies[1].meta.route, "more");
    for sentence in knowledge::sentences(&replies[1].text) {
        assert_eq!(told.matches(&sentence).count(), 1, "said twice: {sentence}");
    }
}

#[test]
fn what_a_model_told_is_asked_more_about_of_the_model() {
    let (base, _) = base("bank");
    let abilities = Abilities {
        model: Some("model".to_owned()),
        ..Abilities::default()
    };
    let mut talk = Conversation::new(Arc::clone(&base), abilities, CallFacts::default());
    let question = "How do I open a savings account?";
    let query = search_after(&mut talk, said(question)).unwrap();
    let found = Found {
        passages: base.search_all(&query.questions, 3, None),
        took: Duration::ZERO,
    };
    for event in [
        Event::Found(found),
        Event::ModelWrote(Delta::Text("You open it in the app.".to_owned())),
        Event::ModelWrote(Delta::Finished),
        Event::ReplyWritten,
    ] {
        after(&mut talk, event);
    }
    let query = search_after(&mut talk, said("tell me more"));
    assert!(
        query.is_some(),
        "it was said that there is no more, and nobody knows"
    );
}

/// What is said and done after this event.
fn after(conversation: &mut Conversation, event: Event) -> (String, Option<ReplyMeta>) {
    let mut steps = Vec::new();
    conversation.on(event, Duration::ZERO, &mut steps);
    let (mut said, mut done) = (String::new(), None);
    for step in steps {
        match step {
            Step::Say(sentence) => said.push_str(&sentence),
            Step::Done(meta) => done = Some(*meta),
            _ => {}
        }
    }
    (said, done)
}

/// Two documents that may answer equally, and not surely.
fn unsure(base: &KnowledgeBase) -> Found {
    let passage = |document: &str, title: &str| {
        let asked = knowledge::Question::new(title, &[]);
        let found = base.search(&asked, 3, None).into_iter();
        let mut passage = found
            .into_iter()
            .find(|passage| passage.source == document)
            .unwrap();
        (passage.support, passage.score) = (1.0, 1.0);
        passage
    };
    let insurance = passage("bank/insurance", "Insurance");
    Found {
        passages: vec![vec![passage("bank/airtime", "Airtime and data"), insurance]],
        took: Duration::ZERO,
    }
}

#[test]
fn a_question_that_may_be_about_two_things_is_asked_back_once() {
    let (base, _) = base("bank");
    let asking = || {
        let (abilities, facts) = (Abilities::default(), CallFacts::default());
        let mut talk = Conversation::new(Arc::clone(&base), abilities, facts);
        after(&mut talk, said("How do I open a savings account?"));
        let (asked, _) = after(&mut talk, Event::Found(unsure(&base)));
        assert!(asked.contains("Is it about"), "{asked}");
        after(&mut talk, Event::ReplyWritten);
        talk
    };
    let mut talk = asking();
    let (_, done) = after(&mut talk, said("about the insurance please"));
    assert_eq!(done.unwrap().sources[0].source, "bank/insurance");

    let mut talk = asking();
    after(
        &mut talk,
        said("How do I open a savings account then, tell me?"),
    );
    let (asked, _) = after(&mut talk, Event::Found(unsure(&base)));
    assert!(!asked.contains("Is it about"), "twice in a row: {asked}");
    assert!(asked.contains("Shall I?"), "{asked}");
}

#[test]
fn another_trades_question_after_an_answer_is_no_follow_up() {
    let (base, _) = base("bank");
    let turns = [
        "How do I open a savings account?",
        "And can you book me a pizza?",
    ];
    let replies = converse(&base, &turns);
    assert!(replies[1].meta.sources.is_empty(), "{:?}", replies[1]);
}

#[test]
fn what_a_question_is_about_in_particular_is_said_first() {
    let said = last(&["How much does cardless withdrawal cost?"]);
    let first = said.split(". ").next().unwrap();
    assert!(first.contains("free") || first.contains("cost"), "{said}");
}

/// What is searched for after this event, if anything.
fn search_after(conversation: &mut Conversation, event: Event) -> Option<Query> {
    let mut steps = Vec::new();
    conversation.on(event, Duration::ZERO, &mut steps);
    steps.into_iter().find_map(|step| match step {
        Step::Find(query) => Some(query),
        _ => None,
    })
}

fn said(text: &str) -> Event {
    Event::CallerSaid(CallerTurn {
        text: text.to_owned(),
        question: text.to_owned(),
        seq: 0,
        ..CallerTurn::default()
    })
}

#[test]
fn a_question_leans_on_the_document_of_an_answer_that_a_model_phrased_too() {
    let (base, _) = base("bank");
    let abilities = Abilities {
        model: Some("model".to_owned()),
        ..Abilities::default()
    };
    let mut talk = Conversation::new(Arc::clone(&base), abilities, CallFacts::default());
    let query = search_after(&mut talk, said("How do I open a savings account?")).unwrap();
    let passages = query
        .questions
        .iter()
        .map(|asked| base.search(asked, 3, None));
    let found = Found {
        passages: passages.collect(),
        took: Duration::ZERO,
    };
    for event in [
        Event::Found(found),
        Event::ModelWrote(Delta::Text("You open it in the app.".to_owned())),
        Event::ModelWrote(Delta::Finished),
        Event::ReplyWritten,
    ] {
        search_after(&mut talk, event);
    }
    let query = search_after(&mut talk, said("And what does it cost?")).unwrap();
    let before = query.questions[0].before.as_ref().unwrap();
    assert_eq!(before.source.as_deref(), Some("bank/savings-account"));
}

#[test]
fn a_long_talk_about_one_thing_does_not_grow_what_is_searched_for() {
    let (base, _) = base("bank");
    let mut talk = Conversation::new(base, Abilities::default(), CallFacts::default());
    search_after(&mut talk, said("How do I open a savings account?"));
    for _ in 0..100 {
        let query = search_after(&mut talk, said("And what does it cost?")).unwrap();
        let before = query.questions[0].before.as_ref().unwrap();
        let words = before.question.split_whitespace().count();
        assert!(words <= 40, "{words} words of earlier questions");
    }
}
