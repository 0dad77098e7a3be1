//! What is said when no language model is there: the documents' own sentences, or honestly nothing.

use std::path::Path;

use knowledge::{
    Answer, Before, GroundingMode, KnowledgeBase, Pack, Question, Route, RouteContext, is_grounded,
};

fn pack() -> Pack {
    Pack::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank"))
        .expect("the bank's pack loads")
}

fn ask(base: &KnowledgeBase, question: &str, before: &[&str]) -> Answer {
    let context = RouteContext {
        last: Before {
            topics: before.iter().map(|topic| (*topic).to_owned()).collect(),
            ..Before::default()
        },
        ..RouteContext::default()
    };
    let routed = base.explain(question, &context);
    match routed.route {
        Route::Knowledge { .. } => base.answer(&routed.questions[0], None),
        other => panic!("{question:?} is {other:?}"),
    }
}

/// The answer cites `source` and says all of `parts`.
fn check(question: &str, before: &[&str], source: &str, parts: &[&str]) {
    let answer = ask(&KnowledgeBase::new(pack()), question, before);
    assert!(answer.supported, "{question:?} is unsupported");
    assert_eq!(answer.sources[0].source, source, "{question:?}");
    let said = answer.sentences.join(" ");
    for part in parts {
        assert!(said.contains(part), "{question:?}: {said:?} lacks {part:?}");
    }
    assert!(
        (1..=3).contains(&answer.sentences.len()),
        "{question:?}: {} sentences",
        answer.sentences.len()
    );
}

#[test]
fn a_question_gets_the_direct_answer() {
    check(
        "How do I withdraw money without my card?",
        &[],
        "bank/cardless-withdrawal",
        &["*236#", "option 4"],
    );
    check(
        "What are your opening hours?",
        &[],
        "bank/banking-hours",
        &["Monday to Friday", "4 in the afternoon"],
    );
    check("I lost my card", &[], "bank/lost-card", &["option 6"]);
    check("my card was stolen", &[], "bank/lost-card", &["Block"]);
}

#[test]
fn a_particular_question_gets_the_particular_sentence() {
    check(
        "How much does cardless withdrawal cost?",
        &[],
        "bank/cardless-withdrawal",
        &["50 cents"],
    );
    check(
        "How much does a new card cost?",
        &[],
        "bank/new-card",
        &["5 dollars"],
    );
    check(
        "How long does it take to clear a cheque?",
        &[],
        "bank/cheque-book",
        &["two working days"],
    );
    check(
        "What documents do I need for a personal loan?",
        &[],
        "bank/personal-loan",
        &["payslips"],
    );
}

#[test]
fn a_follow_up_stays_with_the_subject() {
    check(
        "And how much does it cost?",
        &["cardless_withdrawal"],
        "bank/cardless-withdrawal",
        &["50 cents"],
    );
    check(
        "How long is the code valid?",
        &["cardless_withdrawal"],
        "bank/cardless-withdrawal",
        &["24 hours"],
    );
    // Of three words one says something, and many documents say it too: what it leans on decides.
    let base = KnowledgeBase::new(pack());
    let question = Question {
        before: Some(Before {
            topics: vec!["airtime".to_owned()],
            question: "How do I buy airtime?".to_owned(),
            source: Some("bank/airtime".to_owned()),
            ..Before::default()
        }),
        ..Question::new("Is it free?", &["airtime".to_owned()])
    };
    let answer = base.answer(&question, None);
    assert!(answer.supported, "\"Is it free?\" is unsupported");
    assert_eq!(answer.sources[0].source, "bank/airtime");
    assert!(answer.sentences.concat().contains("free"), "{answer:?}");
}

#[test]
fn what_no_document_answers_is_said_honestly() {
    let base = KnowledgeBase::new(pack());
    for question in [
        "Does the bank sponsor a cricket club account jersey?",
        "Which painter decorated the bank's account hall in marble?",
    ] {
        let answer = base.answer(&Question::new(question, &[]), None);
        assert!(!answer.supported, "{question:?} got {answer:?}");
        assert!(answer.sources.is_empty(), "{question:?} cites");
        // A person, or what may be meant.
        let offers = answer.sentences.concat().contains("person") || !answer.perhaps.is_empty();
        assert!(offers, "{question:?} offers nothing");
    }
}

#[test]
fn a_single_everyday_word_supports_no_answer() {
    let base = KnowledgeBase::new(pack());
    for question in [
        "I need help with my account.",
        "I have a problem with my card.",
    ] {
        let best = base.search(&Question::new(question, &[]), 1, None);
        let answer = ask(&base, question, &[]);
        assert!(
            !answer.supported,
            "{question:?} got {answer:?} from {best:?}"
        );
    }
}

#[test]
fn strict_grounding_wants_two_sources() {
    let base = KnowledgeBase::new(pack());
    let topics = ["lost_card".to_owned()];
    let passages = base.search(&Question::new("I lost my card", &topics), 3, None);
    assert!(is_grounded(&passages[..1], &[], GroundingMode::Blended));
    assert!(!is_grounded(&passages[..1], &[], GroundingMode::Strict));
    let mut second = passages[0].clone();
    second.source = "bank/other".to_owned();
    assert!(is_grounded(
        &[passages[0].clone(), second],
        &[],
        GroundingMode::Strict
    ));
    assert!(!is_grounded(&[], &[], GroundingMode::Blended));
}

#[test]
fn a_base_without_documents_answers_nothing_and_does_not_panic() {
    let mut pack = pack();
    pack.documents.clear();
    let base = KnowledgeBase::new(pack);
    assert!(
        base.search(
            &Question::new("I lost my card", &["lost_card".to_owned()]),
            3,
            None
        )
        .is_empty()
    );
    assert!(
        !base
            .answer(&Question::new("I lost my card", &[]), None)
            .supported
    );
}

#[test]
fn any_text_is_routed_and_answered_without_panic() {
    let base = KnowledgeBase::new(pack());
    let long = "card ".repeat(20_000);
    for text in [
        "",
        " ",
        "\u{0}",
        "*",
        "#",
        "*#*#",
        "💳💳",
        "'",
        "''s",
        "1.,2",
        "…?!",
        "ＦＵＬＬ width",
        long.as_str(),
    ] {
        let route = base.route(text, &RouteContext::default());
        assert!(!route.name().is_empty());
        assert!(
            !base
                .answer(&Question::new(text, &[]), None)
                .sentences
                .is_empty(),
            "{text:.20?} is answered with silence"
        );
    }
}
