//! The bank's demonstration data, on a Monday morning.

use std::path::PathBuf;

use super::*;

fn bank() -> Declared {
    let pack = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank"));
    Declared::load(&pack).unwrap()
}

fn desk() -> Desk {
    Desk::open(bank(), None).unwrap()
}

/// 8:30 in Harare.
fn monday() -> DateTime<Utc> {
    "2026-11-30T06:30:00Z".parse().unwrap()
}

/// One deed with a key of its own: status and body.
fn done(desk: &Desk, name: &str, customer: Option<&str>, arguments: Value) -> (u16, Value) {
    under(desk, name, Uuid::new_v4(), customer, arguments)
}

fn under(
    desk: &Desk,
    name: &str,
    key: Uuid,
    customer: Option<&str>,
    arguments: Value,
) -> (u16, Value) {
    let asked = json!({
        "customer": customer, "arguments": arguments, "session": Uuid::from_u128(5).to_string(),
    });
    let asked = serde_json::from_value(asked).unwrap();
    let (answer, ..) = desk.carry_out(name, key, &asked, monday());
    (answer.status, answer.body)
}

fn read(desk: &Desk, name: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let query = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let answer = desk.read(name, &query.collect(), monday());
    (answer.status, answer.body)
}

fn free(desk: &Desk, branch: &str, day: &str) -> Vec<String> {
    let (status, body) = read(desk, "free_slots", &[("branch", branch), ("day", day)]);
    assert_eq!(status, 200, "{body}");
    let options = body["options"].as_array().unwrap().iter();
    options
        .map(|option| option["value"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn look_ups_answer_for_customers_and_nobody_else() {
    let desk = desk();
    let (status, body) = read(&desk, "account_balance", &[("customer", "sarah")]);
    assert_eq!(
        (status, body),
        (200, json!({"amount": "1250.50", "currency": "USD"}))
    );
    let (_, body) = read(&desk, "last_transactions", &[("customer", "sarah")]);
    assert_eq!(
        body["first"],
        "45.20 dollars at Fresh Market on 29 November"
    );
    for (name, customer) in [("account_balance", "nobody"), ("nothing", "sarah")] {
        assert_eq!(
            read(&desk, name, &[("customer", customer)]).0,
            404,
            "{name} {customer}"
        );
    }
    assert_eq!(read(&desk, "account_balance", &[]).0, 404);
}

#[test]
fn what_was_blocked_stays_so_and_a_second_time_is_answered_as_done() {
    let desk = desk();
    let key = Uuid::from_u128(42_123_456);
    let (status, first) = under(
        &desk,
        "block_card",
        key,
        Some("sarah"),
        json!({"card": "debit"}),
    );
    let expected = json!({
        "reference": "123456", "state": "blocked", "card": "debit", "ending": "4417", "date": "30 November",
    });
    assert_eq!((status, &first), (200, &expected));
    let (status, second) = done(&desk, "block_card", Some("sarah"), json!({"card": "debit"}));
    assert_eq!((status, &second["state"]), (200, &json!("already blocked")));
    assert_eq!(second["reference"], "123456", "that of the first time");
    let (status, other) = done(
        &desk,
        "block_card",
        Some("sarah"),
        json!({"card": "credit"}),
    );
    assert_eq!((status, &other["state"]), (200, &json!("blocked")));
    let (_, before) = done(
        &desk,
        "block_card",
        Some("tendai"),
        json!({"card": "debit"}),
    );
    assert_eq!(before["reference"], "204518", "as his record has it");
    let (status, none) = done(
        &desk,
        "block_card",
        Some("john_doe"),
        json!({"card": "credit"}),
    );
    assert_eq!(
        (status, &none["reason"]),
        (409, &json!("There is no credit card on your profile."))
    );
}

#[test]
fn a_customers_record_declines_and_so_do_wrong_arguments() {
    let desk = desk();
    let to = json!({"place": "Kenya", "from": "2026-12-05", "until": "2026-12-12"});
    let (status, declined) = done(&desk, "travel_notice", Some("john_doe"), to.clone());
    assert_eq!(status, 409);
    assert!(
        declined["reason"].as_str().unwrap().contains("abroad"),
        "{declined}"
    );
    assert_eq!(
        done(&desk, "travel_notice", Some("sarah"), to.clone()).0,
        200
    );
    for (arguments, part) in [
        (json!({}), "card is missing"),
        (json!({"card": "gift"}), "card may be debit, credit"),
        (json!({"card": ["debit"]}), "card is no text"),
        (
            json!({"card": "debit", "reason": "x".repeat(300)}),
            "reason is not one line",
        ),
    ] {
        let (status, body) = done(&desk, "block_card", Some("sarah"), arguments);
        assert_eq!(status, 422);
        assert!(body["reason"].as_str().unwrap().contains(part), "{body}");
    }
    for customer in [None, Some("nobody")] {
        assert_eq!(done(&desk, "travel_notice", customer, to.clone()).0, 404);
    }
    assert_eq!(
        done(&desk, "fly_to_the_moon", Some("sarah"), json!({})).0,
        404
    );
    let disputed = json!({"amount": "9.99", "date": "2026-11-30"});
    let (_, first) = done(
        &desk,
        "dispute_transaction",
        Some("john_doe"),
        disputed.clone(),
    );
    assert_eq!(first["due"], "14 December");
    let (_, again) = done(&desk, "dispute_transaction", Some("john_doe"), disputed);
    assert_eq!(
        (&again["state"], &again["reference"]),
        (&json!("already open"), &first["reference"])
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn a_time_is_booked_once_moved_and_free_again() {
    let desk = desk();
    let (day, nine, ten) = ("2026-12-01", "2026-12-01T09:00", "2026-12-01T10:00");
    let at = |slot: &str| json!({"slot": slot, "branch": "harare"});
    assert!(free(&desk, "harare", day).contains(&nine.to_owned()));
    let (status, booked) = done(&desk, "book_appointment", Some("sarah"), at(nine));
    assert_eq!(status, 200, "{booked}");
    assert_eq!(booked["spoken"], "Tuesday 1 December at 9:00 AM");
    assert_eq!(booked["place"], "the Harare head office");
    assert!(
        !free(&desk, "harare", day).contains(&nine.to_owned()),
        "it is taken"
    );
    assert!(
        free(&desk, "gweru", day).contains(&nine.to_owned()),
        "elsewhere it is not"
    );

    let (status, taken) = done(&desk, "book_appointment", Some("tendai"), at(nine));
    assert_eq!(
        (status, &taken["reason"]),
        (409, &json!("That time is not free any more."))
    );
    let (status, second) = done(&desk, "book_appointment", Some("sarah"), at(ten));
    assert_eq!(status, 409);
    assert!(
        second["reason"]
            .as_str()
            .unwrap()
            .contains("Tuesday 1 December at 9:00 AM"),
        "{second}"
    );

    let (status, moved) = done(
        &desk,
        "move_appointment",
        Some("sarah"),
        json!({"slot": ten}),
    );
    assert_eq!(status, 200, "{moved}");
    assert_eq!(moved["before"], "Tuesday 1 December at 9:00 AM");
    assert_eq!(moved["place"], "the Harare head office", "where it was");
    let now_free = free(&desk, "harare", day);
    assert!(now_free.contains(&nine.to_owned()) && !now_free.contains(&ten.to_owned()));

    let (status, cancelled) = done(&desk, "cancel_appointment", Some("sarah"), json!({}));
    assert_eq!(status, 200);
    assert_eq!(cancelled["before"], "Tuesday 1 December at 10:00 AM");
    assert!(free(&desk, "harare", day).contains(&ten.to_owned()));
    for name in ["move_appointment", "cancel_appointment"] {
        let (status, none) = done(&desk, name, Some("sarah"), json!({"slot": nine}));
        assert_eq!(
            (status, &none["reason"]),
            (409, &json!("You have no appointment with us.")),
            "{name}"
        );
    }
    for (slot, why) in [
        ("2026-11-30T09:00", "too soon"),
        ("2026-12-06T09:00", "a Sunday"),
        ("2026-12-01T09:10", "between two"),
        ("2027-06-01T09:00", "too far ahead"),
        ("tomorrow", "no time"),
    ] {
        assert_eq!(
            done(&desk, "book_appointment", Some("sarah"), at(slot)).0,
            409,
            "{why}"
        );
    }
    let (status, _) = done(&desk, "book_appointment", None, at(nine));
    assert_eq!(status, 200, "anybody can");
    let (status, _) = done(&desk, "cancel_appointment", None, json!({}));
    assert_eq!(status, 200, "in the same conversation");
    assert_eq!(read(&desk, "free_slots", &[("branch", "london")]).0, 404);
    assert!(free(&desk, "harare", "2026-12-06").is_empty());
    assert!(!free(&desk, "airport", "2026-12-06").is_empty());
}

#[test]
fn a_key_is_answered_as_the_first_time_whatever_it_is_asked_with() {
    let desk = desk();
    let key = Uuid::new_v4();
    let slot = json!({"slot": "2026-12-01T09:00", "branch": "harare"});
    let first = under(&desk, "book_appointment", key, Some("sarah"), slot.clone());
    assert_eq!(desk.status("book_appointment", key).body, first.1);
    assert_eq!(desk.status("block_card", key).status, 404);
    assert_eq!(desk.status("book_appointment", Uuid::new_v4()).status, 404);
    let again = under(&desk, "book_appointment", key, Some("sarah"), json!({}));
    assert_eq!(again, first);
    let declined = Uuid::new_v4();
    let refused = under(
        &desk,
        "book_appointment",
        declined,
        Some("tendai"),
        slot.clone(),
    );
    assert_eq!(refused.0, 409);
    done(&desk, "cancel_appointment", Some("sarah"), json!({}));
    let still = under(&desk, "book_appointment", declined, Some("tendai"), slot);
    assert_eq!(
        still, refused,
        "what was declined under a key is not done later"
    );
    let other = under(
        &desk,
        "block_card",
        key,
        Some("sarah"),
        json!({"card": "debit"}),
    );
    assert_eq!(other.0, 400, "another deed's key");
}

#[test]
fn what_is_in_the_state_file_was_done_and_the_rest_was_not() {
    let name = format!("teller-desk-{}", Uuid::new_v4().simple());
    let file = std::env::temp_dir().join(name);
    let key = Uuid::new_v4();
    let blocked = {
        let desk = Desk::open(bank(), Some(&file)).unwrap();
        assert!(
            Desk::open(bank(), Some(&file)).is_err(),
            "one process at a time"
        );
        under(
            &desk,
            "block_card",
            key,
            Some("sarah"),
            json!({"card": "debit"}),
        )
    };
    // Killed in the middle of writing the next line.
    let mut text = std::fs::read(&file).unwrap();
    let whole = text.clone();
    text.extend_from_slice(&whole[..whole.len() / 2]);
    std::fs::write(&file, &text).unwrap();
    {
        let desk = Desk::open(bank(), Some(&file)).unwrap();
        let again = under(
            &desk,
            "block_card",
            key,
            Some("sarah"),
            json!({"card": "debit"}),
        );
        assert_eq!(again, blocked);
        let (_, second) = done(&desk, "block_card", Some("sarah"), json!({"card": "debit"}));
        assert_eq!(second["state"], "already blocked");
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 2, "the half line is gone: {text}");
    std::fs::write(&file, "rubbish\n").unwrap();
    let Err(error) = Desk::open(bank(), Some(&file)) else {
        panic!("it is no state file")
    };
    assert!(error.to_string().contains("line 1"), "{error}");
    std::fs::remove_file(&file).ok();
}
