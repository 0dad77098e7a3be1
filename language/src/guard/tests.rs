//! Sentences that a model may say, and others.

use super::{Asks, Guard, Mood};

#[test]
fn a_request_for_a_secret_is_known_however_it_is_put() {
    let guard = Guard::default();
    for (sentence, expected) in [
        ("Please tell me your PIN.", Some(Asks::ToBeTold)),
        ("Please tell me your P.I.N.", Some(Asks::ToBeTold)),
        ("What is your password?", Some(Asks::ToBeTold)),
        ("What's the code we sent you?", Some(Asks::ToBeTold)),
        (
            "Could you read me the sixteen digits on the front?",
            Some(Asks::ToBeTold),
        ),
        (
            "I need your full card number for that.",
            Some(Asks::ToBeTold),
        ),
        ("May I have the one time code?", Some(Asks::ToBeTold)),
        ("To go on, give me the CVV.", Some(Asks::ToBeTold)),
        ("Your PIN?", Some(Asks::ToBeTold)),
        ("Your PIN, please?", Some(Asks::ToBeTold)),
        ("And the code?", Some(Asks::ToBeTold)),
        ("Then say your secret word.", Some(Asks::ToBeTold)),
        ("Please enter your PIN.", Some(Asks::ToEnter)),
        ("Confirm the last four digits.", Some(Asks::ToEnter)),
        (
            "Please read out the numbers on the front of the card.",
            Some(Asks::ToBeTold),
        ),
        ("Nobody at the library will ask you for your PIN.", None),
        ("Never tell me your PIN.", None),
        ("Please do not tell me your password.", None),
        ("I will never ask for your PIN.", None),
        ("Have you forgotten your PIN?", None),
        ("I can tell you how to change your PIN.", None),
        ("The code is *236#.", None),
        ("What is your question?", None),
        ("Tell me what you need.", None),
    ] {
        assert_eq!(guard.asks_for_secret(sentence), expected, "{sentence}");
    }
}

#[test]
fn a_claimed_deed_is_known_however_it_is_put() {
    let guard = Guard::default();
    let (done, promised, offered) = (Some(Mood::Done), Some(Mood::Promised), Some(Mood::Offered));
    for (sentence, expected) in [
        ("I have blocked your card.", done),
        ("I've just blocked it.", done),
        ("I blocked it for you.", done),
        ("I am blocking it now.", promised),
        ("Let me block that for you.", promised),
        ("Then I will move the money.", promised),
        ("We'll send you a new one.", promised),
        ("I'm going to cancel the old one.", promised),
        ("Your card has been blocked.", done),
        ("Your card is now blocked.", done),
        ("It will be sent today.", promised),
        ("No problem, I have refunded it.", done),
        ("It is done.", done),
        ("Done.", done),
        ("Card blocked.", done),
        ("Blocked it for you.", done),
        ("Consider your card cancelled.", done),
        ("You're booked in.", done),
        ("Your visit is confirmed.", done),
        ("You will receive a message.", promised),
        ("A colleague will call you back.", promised),
        ("Someone from our team has booked it.", done),
        ("I can block it for you.", offered),
        ("Shall I block it?", offered),
        ("If you agree, I will block it.", offered),
        ("I have not blocked it.", None),
        ("I cannot move money.", None),
        ("You can block it in the app.", None),
        ("I suggest that you block it.", None),
        ("We send letters to every customer.", None),
        ("To block it, dial *236#.", None),
        ("If it has been blocked, visit a branch.", None),
        ("The transfer takes a day.", None),
        ("I am sorry to hear that.", None),
        ("I have no information on that transfer.", None),
        ("We are open on Saturdays.", None),
        ("I will be happy to help.", None),
    ] {
        let claims = guard.claims(sentence);
        assert_eq!(
            claims.first().map(|claim| claim.mood),
            expected,
            "{sentence}"
        );
    }
}

#[test]
fn a_tool_does_what_its_name_says() {
    let guard = Guard::default();
    let claims = guard.claims("I have frozen the card.");
    assert!(claims.iter().all(|claim| claim.is_done_by("block_card")));
    assert!(!claims.iter().any(|claim| claim.is_done_by("book_visit")));
    let any = guard.claims("It is done.");
    assert!(any.iter().all(|claim| claim.is_done_by("book_visit")));
}

#[test]
fn a_callers_figure_is_read_back_and_never_confirmed() {
    let guard = Guard::default();
    for (sentence, expected) in [
        ("You said fifty dollars.", true),
        ("Did you pay fifty dollars?", true),
        ("Yes, you said fifty dollars.", false),
        ("Correct, it is fifty dollars, as you said.", false),
        ("It costs fifty dollars.", false),
        ("It costs fifty dollars, right?", false),
    ] {
        assert_eq!(guard.reads_back(sentence), expected, "{sentence}");
    }
}
