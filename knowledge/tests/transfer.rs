//! How a call is put through: what colleagues and callers say meanwhile, what a colleague is told, how long is waited.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]
mod mistakes;

use std::path::Path;

use knowledge::{Briefing, KnowledgeBase, Open};
use mistakes::check;

fn library() -> KnowledgeBase {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packs/library"));
    KnowledgeBase::load(folder).expect("the pack is in order")
}

#[test]
fn a_colleague_takes_a_call_or_does_not() {
    let base = library();
    for (said, taken) in [
        ("Yes.", Some(true)),
        ("Yes, put them through.", Some(true)),
        ("Sure, go ahead.", Some(true)),
        ("Okay, put her through, please.", Some(true)),
        ("I'll take it.", Some(true)),
        ("No.", Some(false)),
        ("No, not now.", Some(false)),
        ("Not now, I am in a meeting.", Some(false)),
        ("I can't take it.", Some(false)),
        ("I cannot take the call right now.", Some(false)),
        ("Yes, but not now.", Some(false)),
        ("Sorry, I'm busy.", Some(false)),
        ("No problem, put them through.", Some(true)),
        ("Who is calling?", None),
        ("Hello?", None),
        ("Please leave a message after the tone.", None),
        ("The person you are calling is not available.", None),
    ] {
        assert_eq!(base.takes_call(said), taken, "{said}");
    }
}

#[test]
fn a_caller_who_waits_may_want_to_be_called_back() {
    let base = library();
    for said in [
        "Call me back.",
        "Can you call me back instead?",
        "I would rather have a callback.",
        "Just phone me later.",
        "Have somebody ring me back please.",
    ] {
        assert!(base.wants_call_back(said), "{said}");
    }
    for said in [
        "Okay, I will wait.",
        "How long will it take?",
        "Don't call me back, I'll hold.",
        "I will call back myself.",
        "Is anybody there?",
    ] {
        assert!(!base.wants_call_back(said), "{said}");
    }
}

#[test]
fn a_briefing_is_two_sentences_and_names_nobody_who_has_not_proved_who_they_are() {
    let base = library();
    let ids: Vec<String> = base.pack().topics.iter().map(|t| t.id.clone()).collect();
    let (one, other) = (&base.pack().topics[0].label, &base.pack().topics[1].label);
    let anonymous = Briefing {
        name: None,
        topics: ids[..1].to_vec(),
        open: Open::Question,
    };
    let [about, open] = base.briefing(&anonymous);
    assert!(about.contains(one.as_str()), "{about}");
    assert!(about.contains("Willow Lane Library"), "{about}");
    assert_eq!(open, base.pack().transfer.lines.open_question);
    let proven = Briefing {
        name: Some("Sarah".to_owned()),
        topics: ids[..2].to_vec(),
        open: Open::Task("renew_book".to_owned()),
    };
    let [about, open] = base.briefing(&proven);
    for part in ["Sarah", one.as_str(), other.as_str()] {
        assert!(about.contains(part), "{about}");
    }
    assert!(open.contains("renew book"), "{open}");
    let [about, _] = base.briefing(&Briefing::default());
    assert!(!about.contains('{'), "{about}");
}

#[test]
fn seconds_that_nobody_would_wait_are_refused() {
    let hours = "[silence]";
    let never = "[transfer]\nring_s = 0\n\n[silence]";
    let message = &["transfer.ring_s", "\"0\"", "5 to 120"];
    check("ring", "pack.toml", hours, never, message);
}
