//! What is remembered of the caller: told after proof, forgotten and left unsold as they wish, and what a next call says of
//! the last.

use crate::conversation::{CallerTurn, Event, LastCall, Past, Recall};

use super::{Cast, WEB, check, play};

const CODES: Cast = Cast { codes: true, ..WEB };
const TASKS_OFFERED: Cast = Cast {
    tasks: true,
    ..CODES
};
const WAY: &str =
    "1.0 SAY I may only speak of what I know about somebody once they have proved who they are.
    1.0 SAY Press verify.
    ";

/// A turn that wishes something of what is remembered, in the notation: `recall known What do you know?`.
pub(super) fn recall(what: &str) -> Option<CallerTurn> {
    let (wish, text) = what.strip_prefix("recall ")?.split_once(' ')?;
    let recall = match wish {
        "known" => Recall::Known(vec![
            "You are a member.".to_owned(),
            "You like crime.".to_owned(),
        ]),
        "nothing" => Recall::Known(Vec::new()),
        "asked" => Recall::Asked,
        "told" => Recall::Told(vec!["You are a member.".to_owned()]),
        "told-nothing" => Recall::Told(Vec::new()),
        "forgot" => Recall::Forgot(vec!["your budget".to_owned()]),
        "forgot-all" => Recall::ForgotAll,
        "forget-what" => Recall::ForgetWhat,
        "no-offers" => Recall::SellNothing,
        "offers" => Recall::SellAgain,
        _ => panic!("no such wish in the notation: {wish}"),
    };
    Some(CallerTurn {
        text: text.to_owned(),
        question: text.to_owned(),
        recall: Some(recall),
        ..CallerTurn::default()
    })
}

/// What earlier calls came to, in the notation: `past CALLS DAYS`, with what the last was about.
pub(super) fn past(what: &str) -> Option<Event> {
    let (calls, rest) = what.strip_prefix("past ")?.split_once(' ')?;
    let (days, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(Event::Past(Box::new(Past {
        calls: calls.parse().expect("calls"),
        last: Some(LastCall {
            days: days.parse().expect("days"),
            topics: vec![
                "renewals".to_owned(),
                "gone".to_owned(),
                "printing".to_owned(),
            ],
            unresolved: rest.contains("unresolved"),
            question: rest.contains("asked").then(|| "How do I renew?".to_owned()),
        }),
        open: rest
            .contains("open")
            .then(|| "KM482915".to_owned())
            .into_iter()
            .collect(),
        sells_nothing: rest.contains("no-offers"),
    })))
}

#[test]
fn before_the_proof_nothing_is_said_of_anybody() {
    for wish in ["known", "asked"] {
        check(
            CODES,
            &format!(
                "0.5 past 1 2 asked
                      1.0 recall {wish} What was it?"
            ),
            &format!("{WAY}1.0 DONE memory by pack"),
        );
    }
    check(
        CODES,
        "1.0 recall forgot Forget my budget.",
        "1.0 SAY I have forgotten what you told me in this call.
         1.0 SAY What I may know from earlier calls I can only forget once you have proved who you are.
         1.0 DONE memory by pack",
    );
}

#[test]
fn after_the_proof_it_is_told_and_forgotten() {
    check(
        CODES,
        "0.5 proven
         1.0 recall known What do you know?
         1.1 written
         2.0 recall forgot Forget my budget.
         2.1 written
         3.0 recall forgot-all Forget it all.
         3.1 written
         4.0 recall nothing What do you know?
         4.1 written
         5.0 recall forget-what Forget that thing.",
        "1.0 SAY This is what I know of you.
         1.0 SAY You are a member.
         1.0 SAY You like crime.
         1.0 DONE memory by pack
         2.0 SAY I have forgotten your budget.
         2.0 DONE memory by pack
         3.0 SAY I have forgotten what I knew about you.
         3.0 DONE memory by pack
         4.0 SAY I have noted nothing about you.
         4.0 DONE memory by pack
         5.0 SAY What shall I forget?
         5.0 SAY You can say that I shall forget everything.
         5.0 DONE memory by pack",
    );
}

#[test]
fn the_second_call_is_told_what_the_first_was_about_and_later_ones_are_met_in_short() {
    let recap = "1.0 SAY Your last call was about renewals and printing.";
    for (past, said) in [
        ("past 0 0", ""),
        ("past 1 2", recap),
        ("past 2 2", "1.0 SAY Welcome back."),
        ("past 2 30", recap),
        (
            "past 1 2 unresolved open",
            "1.0 SAY Your last call was about renewals and printing.
             1.0 SAY That was not settled yet.
             1.0 SAY Still open is what I promised you, with the reference KM482915.",
        ),
    ] {
        let asks = if said.is_empty() {
            ""
        } else {
            "1.0 SAY What can I do for you today?"
        };
        check(
            CODES,
            &format!(
                "0.5 {past}
                      1.0 proven"
            ),
            &format!(
                "{said}
                      {asks}"
            ),
        );
    }
}

#[test]
fn a_task_that_was_left_is_offered_behind_the_welcome_and_one_that_waits_goes_first() {
    check(
        TASKS_OFFERED,
        r#"0.5 left reserve_room {"room":{"sent":"q","spoken":"quiet room"},"note":null}
           0.6 past 2 2
           1.0 proven"#,
        "1.0 SAY Welcome back.
         1.0 SAY Last time we were about to reserve a room.
         1.0 SAY Shall we go on?",
    );
}

#[test]
fn what_was_said_and_asked_before_is_found_again() {
    check(
        CODES,
        "0.5 past 1 2 asked facts
         0.6 proven
         1.0 recall asked What was it?
         1.1 written
         2.0 recall told As I said last time.
         2.1 written",
        "0.6 SAY Your last call was about renewals and printing.
         0.6 SAY What can I do for you today?
         1.0 SAY Last time you asked: How do I renew?
         1.0 DONE memory by pack
         2.0 SAY From your earlier calls I know this.
         2.0 SAY You are a member.
         2.0 DONE memory by pack",
    );
    check(
        CODES,
        "0.5 past 3 2
         0.6 proven
         1.0 recall asked What was it?",
        "0.6 SAY Welcome back.
         0.6 SAY What can I do for you today?
         1.0 SAY Last time it was about renewals and printing.
         1.0 DONE memory by pack",
    );
}

#[test]
fn whoever_wants_no_offers_gets_none_until_they_want_them_again() {
    check(
        CODES,
        "1.0 recall no-offers Stop advertising.
         1.1 written
         2.0 recall offers You may again.",
        "1.0 SAY All right.
         1.0 SAY From now on I offer you nothing that you have not asked for.
         1.0 DONE memory by pack
         2.0 SAY All right.
         2.0 SAY I will tell you again when there is something for you.
         2.0 DONE memory by pack",
    );
}

#[test]
fn a_task_is_offered_unless_nothing_is_to_be_offered() {
    let asked = "5.0 caller How long may I have a study room?
         5.1 found";
    for (before, is_offered) in [
        ("", true),
        ("1.0 recall no-offers Stop advertising.", false),
        (
            "1.0 recall no-offers Stop.\n1.1 written\n2.0 recall offers You may again.",
            true,
        ),
        ("0.5 past 3 2 no-offers\n1.0 proven", false),
        // What they said last counts, in whichever call.
        (
            "1.0 recall no-offers Stop.\n1.1 written\n2.0 past 3 2\n2.1 proven",
            true,
        ),
    ] {
        let lines = play(TASKS_OFFERED, &format!("{before}\n{asked}"));
        let offered = lines
            .iter()
            .any(|line| line.contains("I can reserve one for you."));
        assert_eq!(offered, is_offered, "{before}: {lines:#?}");
    }
}
