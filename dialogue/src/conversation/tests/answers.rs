//! Questions: to the documents, to the company's systems, by way of a language model.

use super::{LOOK_UPS, MODEL, WEB, check, play};

const HOURS: &str = "What are your opening hours?";
const ANSWER: &str = "The library is open Monday to Friday from 9 in the morning to 7 in the evening, and on Saturday from 10 to 4.";

/// Turns that are no questions about the trade, and whether a model answers them where there is one.
const OTHER_TURNS: &[(&str, bool)] = &[
    ("Hello!", true),
    ("Thank you very much", true),
    ("Who are you?", true),
    ("What is the weather like tomorrow?", true),
    // To what a model asked.
    ("Yes", true),
    ("No", true),
    ("Can you repeat that?", false),
    ("Can I speak to a person?", false),
    ("What book do I have?", false),
    ("I want to verify my identity", false),
    ("Goodbye", false),
];

#[test]
fn only_questions_about_the_trade_are_searched_for() {
    for (words, _) in OTHER_TURNS {
        said_by_the_pack(words, &play(WEB, &format!("1.0 caller {words}")));
    }
}

#[test]
fn a_model_leads_but_for_what_is_the_engines_own() {
    for (words, by_model) in OTHER_TURNS {
        let steps = play(MODEL, &format!("1.0 caller {words}"));
        if *by_model {
            assert_eq!(steps, [format!("1.0 ASK {words} after 0 turns")]);
            // What it does not say, the pack says.
            let broken = format!("1.0 caller {words}\n1.0 model breaks");
            let without = play(WEB, &format!("1.0 caller {words}"));
            let broken = play(MODEL, &broken).split_off(1);
            let said = |steps: &[String]| steps[..steps.len() - 1].to_vec();
            assert_eq!(said(&broken), said(&without), "{words}");
        } else {
            said_by_the_pack(words, &steps);
        }
    }
}

#[track_caller]
fn said_by_the_pack(words: &str, steps: &[String]) {
    let [said @ .., done] = steps else {
        panic!("{words} was left without an answer")
    };
    assert!(!said.is_empty(), "{words} was left without an answer");
    let said = said.iter().all(|step| step.starts_with("1.0 SAY "));
    assert!(said, "{words} led to {steps:?}");
    assert!(
        done.ends_with(" by pack") || done.contains(" by pack, then "),
        "{done}"
    );
}

#[test]
fn an_offer_stands_while_the_model_talks() {
    check(
        MODEL,
        "1.0 caller Can I speak to a person?
         1.1 written
         2.0 caller blurb florp
         2.1 model What was that?
         2.2 model ends
         2.3 written
         3.0 caller Yes",
        "1.0 SAY Shall we call you?
         1.0 DONE human_requested by pack
         2.0 ASK blurb florp after 1 turns
         2.2 SAY What was that?
         2.2 DONE unclear by model
         3.0 CALL callback for turn 3, agreed to, level 0",
    );
}

#[test]
fn without_a_model_the_documents_speak_for_themselves() {
    check(
        WEB,
        &format!("1.0 caller {HOURS}\n 1.1 found"),
        &format!(
            "1.0 FIND opening_hours
             1.1 SAY {ANSWER}
             1.1 DONE knowledge by extractive"
        ),
    );
}

#[test]
fn a_question_that_no_document_answers_is_not_answered() {
    check(
        MODEL,
        &format!(
            "1.0 caller {HOURS}
             1.1 found nothing
             1.2 written
             2.0 caller Yes"
        ),
        "1.0 FIND opening_hours
         1.1 SAY I do not know.
         1.1 SAY Would you like to speak to a person?
         1.1 DONE knowledge by pack
         2.0 CALL callback for turn 2, agreed to, level 0",
    );
}

#[test]
fn a_subject_is_kept_for_six_turns_and_left_with_another() {
    let begin = format!("1.0 caller {HOURS}\n");
    let follow_up = "9.0 caller And how much does it cost?";
    let subject = |between: &str| {
        let steps = play(WEB, &format!("{begin}{between}{follow_up}"));
        let found = steps.iter().find(|step| step.starts_with("9.0 FIND"));
        found.is_some_and(|step| step.contains("opening_hours"))
    };
    let thanks = |times: usize| "2.0 caller Okay, thanks\n".repeat(times);
    assert!(subject(""));
    assert!(subject(&thanks(5)), "it is the sixth turn after it");
    assert!(!subject(&thanks(6)), "it is the seventh");
    assert!(
        subject("2.0 unanswered Thanks\n"),
        "said while nobody answers"
    );
    assert!(!subject("2.0 caller What is the weather like?\n"));
    let other = "2.0 unanswered What is the weather like?\n";
    assert!(
        !subject(other),
        "what nobody answers is understood all the same"
    );
}

#[test]
fn a_look_up_needs_a_proven_caller_and_says_what_was_found() {
    let question = "caller What book do I have?";
    check(
        LOOK_UPS,
        &format!("1.0 {question}"),
        "1.0 SAY Verify first.
         1.0 DONE borrowed_books by pack",
    );
    check(
        WEB,
        &format!("1.0 proven\n 2.0 {question}"),
        "2.0 SAY I cannot see your books.
         2.0 DONE borrowed_books by pack",
    );
    for (end, said) in [
        (
            "finds 2",
            "SAY You have 2 books.\n 2.5 DONE borrowed_books by tool",
        ),
        (
            "finds something else",
            "SAY Something went wrong.\n 2.5 DONE borrowed_books by pack",
        ),
        (
            "knows nobody",
            "SAY I cannot see your books.\n 2.5 DONE borrowed_books by pack",
        ),
        (
            "is late",
            "SAY Something went wrong.\n 2.5 DONE borrowed_books by pack",
        ),
    ] {
        check(
            LOOK_UPS,
            &format!("1.0 proven\n 2.0 {question}\n 2.5 tool {end}"),
            &format!("2.0 CALL borrowed_books for turn 1, level 2\n 2.5 {said}"),
        );
    }
}

/// The question, searched for; the model is asked.
fn asked(then: &str) -> String {
    format!("1.0 caller {HOURS}\n 1.1 found\n {then}")
}

/// What came of that before the model wrote.
fn asking(then: &str) -> String {
    format!("1.0 FIND opening_hours\n 1.1 ASK {HOURS} after 0 turns\n {then}")
}

#[test]
fn a_models_sentences_leave_as_soon_as_they_are_whole() {
    check(
        MODEL,
        &asked(
            "1.5 model Yes, we
             1.6 model are open. Come
             1.7 model in.
             1.8 model ends",
        ),
        &asking(
            "1.6 SAY Yes, we are open.
             1.8 SAY Come in.
             1.8 DONE knowledge by model",
        ),
    );
}

#[test]
fn a_model_that_says_nothing_that_can_be_spoken_leaves_the_answer_to_the_documents() {
    for (model, failure) in [
        ("breaks", "the stream was malformed or broke off"),
        ("ends", "the text was empty"),
        ("is cut off", "the text was empty"),
    ] {
        check(
            MODEL,
            &asked(&format!("1.5 model ...\n 1.6 model {model}")),
            &asking(&format!(
                "1.6 SAY {ANSWER}
                 1.6 DONE knowledge by extractive ({failure})"
            )),
        );
    }
    for (words, why) in [
        ("\u{7}Come in.", "it held control characters"),
        (&"A".repeat(90), "it held no sentence"),
        (&"Come in. ".repeat(300), "it went on for too long"),
    ] {
        check(
            MODEL,
            &asked(&format!("1.5 model {words}")),
            &asking(&format!(
                "1.5 SAY {ANSWER}
                 1.5 DONE knowledge by extractive (the text was unusable: {why})"
            )),
        );
    }
}

#[test]
fn what_a_model_said_before_it_broke_off_is_not_said_again() {
    check(
        MODEL,
        &asked(
            "1.5 model We are open. Come
             1.6 model breaks",
        ),
        &asking(
            "1.5 SAY We are open.
             1.6 DONE knowledge by model (the stream was malformed or broke off)",
        ),
    );
    check(
        MODEL,
        &asked(
            "1.5 model We are open. Come
             1.6 model is cut off",
        ),
        &asking(
            "1.5 SAY We are open.
             1.6 DONE knowledge by model",
        ),
    );
}

#[test]
fn a_number_that_nobody_gave_the_model_is_not_spoken() {
    check(
        MODEL,
        &asked(
            "1.5 model It costs 77 dollars. Come in.
             1.6 model ends",
        ),
        &asking(
            "1.6 SAY Come in.
             1.6 DONE knowledge by model",
        ),
    );
}

#[test]
fn a_person_whom_a_model_offers_can_be_agreed_to() {
    check(
        MODEL,
        &asked(
            "1.5 model Would you like a person to help you?
             1.6 model ends
             1.7 written
             2.0 caller Yes",
        ),
        &asking(
            "1.6 SAY Would you like a person to help you?
             1.6 DONE knowledge by model
             2.0 CALL callback for turn 2, agreed to, level 0",
        ),
    );
}

#[test]
fn a_model_is_shown_the_turns_before_the_question() {
    check(
        MODEL,
        &format!(
            "1.0 caller Goodbye
             1.1 written
             2.0 agent Goodbye.
             3.0 caller {HOURS}
             3.1 found"
        ),
        &format!(
            "1.0 SAY Goodbye.
             1.0 DONE goodbye by pack, then HangUp
             3.0 FIND opening_hours
             3.1 ASK {HOURS} after 2 turns"
        ),
    );
}

#[test]
fn what_comes_for_a_reply_that_is_over_changes_nothing() {
    check(
        MODEL,
        &format!(
            "1.0 caller {HOURS}
             1.1 cancelled
             1.2 found
             1.3 model Come in. Now
             1.4 model ends
             1.5 written
             1.6 tool done"
        ),
        "1.0 FIND opening_hours",
    );
}
