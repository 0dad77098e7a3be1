//! What may be done in a day: told before anything is read back, counted over calls, and never by a deed that was not done.

use super::{Cast, WEB, check};

const TASKS: Cast = Cast {
    tasks: true,
    codes: true,
    ..WEB
};
const ASK: &str = "caller I want to reserve the quiet study room for 3 people, nothing else";
/// The library's limit is two a day.
const REACHED: &str = "SAY That is enough for today.
    9.0 SAY Please come to the desk.
    9.0 DONE reserve_room by pack";

/// The task from its beginning to the answer of the tool, from one second of the script on.
fn deed(second: u32, answer: &str) -> String {
    format!(
        "{second}.0 {ASK}
         {second}.1 written
         {second}.2 caller No
         {second}.3 written
         {second}.4 caller Yes
         {second}.5 tool {answer}
         {second}.6 written
         "
    )
}

/// What is said to the script's last line, which is at second 9.
#[track_caller]
fn ends(script: &str, expected: &str) {
    let said = super::play(TASKS, script);
    let last = said.iter().filter(|line| line.starts_with("9.0 "));
    let last: Vec<&str> = last.map(String::as_str).collect();
    let expected: Vec<&str> = super::lines(expected).collect();
    assert_eq!(
        last, expected,
        "\nthe script was:{script}\nand went:{said:#?}"
    );
}

#[test]
fn what_was_done_in_other_calls_of_the_day_counts_and_is_told_before_anything_is_asked() {
    let asked = "0.5 proven\n 9.0 caller I want to reserve a study room";
    let goes_on = "9.0 SAY Let us find you a room.
        9.0 SAY The quiet room, or the large room?
        9.0 DONE reserve_room by question";
    ends(&format!("0.4 done 1\n {asked}"), goes_on);
    ends(&format!("0.4 done 2\n {asked}"), &format!("9.0 {REACHED}"));
}

#[test]
fn what_was_done_in_this_call_counts_once_however_often_it_is_told() {
    let twice = format!(
        "0.5 proven\n {}{}9.0 {ASK}",
        deed(1, "gives RR 12"),
        deed(2, "gives RR 13")
    );
    ends(&twice, &format!("9.0 {REACHED}"));
    // The outcome of the first was cut short, and is told by the next reply.
    let told_again = format!(
        "0.4 done 0\n 0.5 proven\n {}1.7 caller Thank you\n 1.8 written\n 9.0 {ASK}",
        deed(1, "gives RR 12").replace(
            "1.6 written",
            "1.6 cancelled\n 1.6 caller What?\n 1.6 tool gives RR 12\n 1.6 written"
        ),
    );
    ends(
        &told_again,
        "9.0 SAY Let us find you a room.
         9.0 SAY Anything that the desk should know?
         9.0 DONE reserve_room by question",
    );
}

#[test]
fn a_deed_that_nobody_saw_the_end_of_counts_and_one_that_was_declined_does_not() {
    let declined = format!("0.4 done 1\n 0.5 proven\n {}9.0 {ASK}", deed(1, "declines"));
    ends(
        &declined,
        "9.0 SAY Let us find you a room.
         9.0 SAY Anything that the desk should know?
         9.0 DONE reserve_room by question",
    );
}

#[test]
fn where_nobody_can_find_out_nothing_is_done_and_a_person_is_offered() {
    check(
        TASKS,
        "0.4 done unknown
         0.5 proven
         1.0 caller I want to reserve a study room",
        "1.0 SAY That did not work, and nothing was done.
         1.0 SAY Shall we call you?
         1.0 DONE reserve_room by pack",
    );
}

#[test]
fn what_the_registry_refuses_is_said_in_the_limits_own_words() {
    let refused = format!("0.5 proven\n {}", deed(1, "is over the limit"));
    let said = super::play(TASKS, &refused);
    let said: Vec<&str> = said
        .iter()
        .filter_map(|line| line.strip_prefix("1.5 "))
        .collect();
    assert_eq!(
        said,
        [
            "SAY That is enough for today.",
            "SAY Please come to the desk.",
            "DONE reserve_room by pack"
        ]
    );
}
