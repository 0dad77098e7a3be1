//! The web, for questions that no document answers.

use super::{MODEL, SEARCHING, WEB, play};

const LAMP: &str = "Can I bring my own lamp to the reading room of the library in 2025?";
const SEARCH: &str =
    r#"SEARCH web_search {"query":"bring own lamp reading room library 2025"} for turn 1"#;

#[test]
fn what_no_document_answers_is_asked_of_the_web() {
    let steps = play(
        SEARCHING,
        &format!("1.0 caller {LAMP}\n 1.1 found nothing\n 3.0 web answers"),
    );
    let [_, rest @ ..] = &steps[..] else {
        panic!("nothing was done")
    };
    assert_eq!(
        rest,
        [
            "1.1 SAY Let me look that up.".to_owned(),
            format!("1.1 {SEARCH}"),
            "3.0 SAY According to books.example, The oldest book here is of 1488, {title}."
                .to_owned(),
            "3.0 DONE knowledge by web".to_owned(),
        ]
    );
}

#[test]
fn where_it_says_nothing_the_answer_is_what_it_was_without() {
    for found in ["found nothing", "found"] {
        let without = play(WEB, &format!("1.0 caller {LAMP}\n 1.1 {found}"));
        let with = play(
            SEARCHING,
            &format!("1.0 caller {LAMP}\n 1.1 {found}\n 1.1 web finds nothing"),
        );
        let with: Vec<&String> = with
            .iter()
            .filter(|step| !step.contains("SEARCH") && !step.contains("Let me look that up"))
            .collect();
        assert_eq!(with, without.iter().collect::<Vec<_>>(), "{found}");
    }
}

#[test]
fn what_the_documents_answer_is_not_asked_of_the_web_but_where_it_must_be_fresh() {
    let searches = |said: &str| {
        let steps = play(SEARCHING, &format!("1.0 caller {said}\n 1.1 found"));
        steps.iter().any(|step| step.contains("SEARCH"))
    };
    assert!(!searches("What are your opening hours?"));
    assert!(searches("What are your latest opening hours this week?"));
}

#[test]
fn nothing_but_a_question_about_the_trade_is_asked_of_the_web() {
    for said in [
        "Hello!",
        "What is the latest news about the weather?",
        "Can I speak to a person?",
        "What book do I have?",
        "Thank you, goodbye",
    ] {
        let steps = play(SEARCHING, &format!("1.0 caller {said}"));
        assert!(
            !steps.iter().any(|step| step.contains("SEARCH")),
            "{said}: {steps:?}"
        );
    }
    // A model or none: off is off.
    for cast in [WEB, MODEL] {
        let steps = play(cast, &format!("1.0 caller {LAMP}\n 1.1 found nothing"));
        assert!(
            !steps.iter().any(|step| step.contains("SEARCH")),
            "{steps:?}"
        );
    }
}

#[test]
fn no_name_and_no_number_of_the_caller_is_sent() {
    let said = "My name is Rudo Moyo, my number is 0771234567 and [card number], can I bring Ana's lamp to the reading room of the library in 2025?";
    let steps = play(
        SEARCHING,
        &format!("0.5 proven\n 1.0 caller {said}\n 1.1 found nothing"),
    );
    let sent = steps.iter().find(|step| step.contains("SEARCH"));
    let sent = sent.unwrap_or_else(|| panic!("it is searched for: {steps:?}"));
    for private in ["rudo", "moyo", "077", "card", "ana"] {
        assert!(
            !sent.to_lowercase().contains(private),
            "{private} in {sent}"
        );
    }
    assert!(sent.contains("lamp reading room library 2025"), "{sent}");
}

#[test]
fn where_it_comes_from_is_the_page() {
    // Of a reply that is over nothing is said.
    let over = play(
        SEARCHING,
        &format!("1.0 caller {LAMP}\n 1.1 found nothing\n 1.2 cancelled\n 2.0 web answers"),
    );
    assert!(!over.iter().any(|step| step.starts_with("2.0")), "{over:?}");
    let steps = play(
        SEARCHING,
        &format!(
            "1.0 caller {LAMP}
             1.1 found nothing
             3.0 web answers
             3.1 written
             4.0 caller Where does that come from?"
        ),
    );
    assert_eq!(
        steps[steps.len() - 2..],
        [
            "4.0 SAY I found that on books.example: Old {host} books.",
            "4.0 DONE source by pack"
        ]
    );
}
