//! A task with a mistake in it is refused, and the message helps to mend it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]
mod mistakes;

use std::fs;

use mistakes::{Copy, check};

#[test]
fn wrong_tasks_are_named_and_a_pack_may_have_none() {
    let file = "tasks/block_card.toml";
    for (name, from, to, says) in [
        (
            "tool",
            "confirm = ",
            "# confirm = ",
            vec!["confirm", "as the task ends in a tool"],
        ),
        (
            "effect",
            "effect = \"idempotent\"",
            "effect = \"twice\"",
            vec!["twice", "once", "idempotent", "status"],
        ),
        ("key", "tool = ", "toll = ", vec!["toll", "line"]),
        (
            "slot",
            "{card} now",
            "{cart} now",
            vec!["confirm", "{cart}", "{card}"],
        ),
        (
            "type",
            "type = \"choice\"",
            "type = \"card\"",
            vec!["card", "choice"],
        ),
        (
            "values",
            "values = {",
            "# values = {",
            vec!["slot card: values", "choice"],
        ),
        (
            "ask",
            "ask = ",
            "# ask = ",
            vec!["slot card: ask", "a question"],
        ),
        (
            "proof",
            "proof = \"code\"",
            "proof = \"none\"",
            vec!["unproven"],
        ),
        (
            "fallback",
            "report_lost_card",
            "report_lost",
            vec!["fallback", "the name of a task"],
        ),
        (
            "offer",
            "\"bank/fraud\"",
            "\"bank/frauds\"",
            vec!["offer_with", "bank/frauds"],
        ),
    ] {
        check(&format!("task-{name}"), file, from, to, &says);
    }
    let copy = Copy::new("task-route");
    let (from, to) = (copy.0.join(file), copy.0.join("tasks/goodbye.toml"));
    fs::rename(from, to).unwrap();
    let error = copy.load().expect_err("it has the name of a route");
    assert!(error.contains("no other route"), "{error}");
    let copy = Copy::new("task-none");
    fs::remove_dir_all(copy.0.join("tasks")).unwrap();
    // It names tasks.
    fs::remove_file(copy.0.join("moments.toml")).unwrap();
    assert!(copy.load().unwrap().pack().tasks.list.is_empty());
}

#[test]
fn a_message_that_cannot_be_filled_in_or_goes_nowhere_is_named() {
    for (name, from, to, says) in [
        (
            "notice",
            "your {card} is blocked for good",
            "your {cart} is blocked for good",
            vec!["notice.text", "{cart}", "{reference}"],
        ),
        (
            "notice-to",
            "notice = {",
            "notice = { to = \"card\",",
            vec!["notice.to", "card", "phone or email"],
        ),
    ] {
        let file = "tasks/block_card.toml";
        check(&format!("task-{name}"), file, from, to, &says);
    }
}

#[test]
fn wrong_hours_of_people_are_named() {
    for (name, to, says) in [
        (
            "hours",
            "hours = [\"daily 7-20\"]",
            ["daily 7-20", "mon-fri 08:00-16:00"],
        ),
        ("no-hours", "hours = []", ["people.hours", "one or more"]),
    ] {
        let from = "hours = [\"mon-sat 07:00-20:00\"]";
        check(&format!("people-{name}"), "pack.toml", from, to, &says);
    }
    check(
        "people-closed",
        "pack.toml",
        "on {day} at",
        "on {date} at",
        &["people.closed", "{date}", "{day}"],
    );
}

#[test]
fn a_tool_has_a_name_that_can_stand_in_an_address_and_one_form_in_all_tasks() {
    let file = "tasks/block_card.toml";
    let tool = "tool = \"block_card\"";
    let long = format!("tool = \"{}\"", "a".repeat(61));
    for (name, from, to, says) in [
        (
            "upper",
            tool,
            "tool = \"Block_Card\"",
            vec!["tool", "Block_Card", "lower-case letters"],
        ),
        (
            "slash",
            tool,
            "tool = \"block/card\"",
            vec!["tool", "block/card", "at most 60"],
        ),
        (
            "empty",
            tool,
            "tool = \"\"",
            vec!["tool", "such as renew_book"],
        ),
        ("long", tool, &long, vec!["tool", "at most 60"]),
        (
            "look-up",
            tool,
            "tool = \"account_balance\"",
            vec!["tool", "no look-up has"],
        ),
    ] {
        check(&format!("task-tool-{name}"), file, from, to, &says);
    }
    let file = "tasks/book_appointment.toml";
    let options = "options = \"free_slots\"";
    for (name, to, says) in [
        (
            "spaced",
            "options = \"free slots\"",
            vec!["slot", "options", "free slots", "lower-case letters"],
        ),
        (
            "deed",
            "options = \"block_card\"",
            vec!["options", "block_card", "tasks/block_card.toml"],
        ),
    ] {
        check(&format!("task-options-{name}"), file, options, to, &says);
    }
    let file = "tasks/travel_notice.toml";
    let own = "tool = \"travel_notice\"";
    let clash = ["tool", "block_card", "tasks/block_card.toml"];
    check(
        "task-tool-clash",
        file,
        own,
        "tool = \"block_card\"",
        &clash,
    );
    let copy = Copy::new("task-tool-same");
    fs::copy(copy.0.join(file), copy.0.join("tasks/journey.toml")).unwrap();
    copy.replace("tasks/journey.toml", "phrases = [", "phrases = [] # ");
    let loaded = copy.load();
    assert!(
        loaded.is_ok(),
        "two tasks that agree share a tool: {loaded:?}"
    );
}

#[test]
fn wrong_limits_and_offers_to_go_on_are_named() {
    let file = "tasks/block_card.toml";
    for (name, from, to, says) in [
        (
            "resume",
            "resume = \"Last time",
            "resume = \"Last time, {card},",
            vec!["resume", "{card}"],
        ),
        (
            "limit-never",
            "tool = ",
            "limit = { a_day = 0, reached = \"No.\" }\ntool = ",
            vec!["limit.a_day", "\"0\"", "1 or more"],
        ),
        (
            "limit-both",
            "tool = ",
            "limit = { a_day = 2, most = 3, reached = \"No.\" }\ntool = ",
            vec!["limit.a_day", "\"2\"", "of and most together"],
        ),
        (
            "limit-of-a-choice",
            "tool = ",
            "limit = { of = \"card\", most = 3, reached = \"No.\" }\ntool = ",
            vec!["limit.of", "\"card\"", "amount or number"],
        ),
        (
            "limit-in-silence",
            "tool = ",
            "limit = { a_day = 2 }\ntool = ",
            vec!["reached", "line"],
        ),
    ] {
        check(&format!("task-{name}"), file, from, to, &says);
    }
    check(
        "task-unfinished",
        "pack.toml",
        "utc_offset = ",
        "unfinished_days = 181\nutc_offset = ",
        &["unfinished_days", "\"181\"", "180 or fewer"],
    );
}
