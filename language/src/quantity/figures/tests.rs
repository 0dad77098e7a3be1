//! One figure in many forms, and figures that only look alike.

use super::figures;

/// Whether all figures of `said` are among those of `known`.
#[track_caller]
fn check(known: &str, cases: &[(&str, bool)]) {
    let facts = figures(known);
    for (said, expected) in cases {
        let stated = figures(said);
        let all = stated.iter().all(|figure| figure.is_among(&facts));
        assert_eq!(
            all, *expected,
            "{said:?} beside {known:?}: {stated:?} among {facts:?}"
        );
    }
}

#[test]
fn a_number_is_the_same_in_every_form() {
    check(
        "A new book costs 5 dollars, is ready after 5-10 working days, and the rate is 2.5%.",
        &[
            ("It costs five dollars.", true),
            ("It costs $5.00.", true),
            ("It costs USD 5.", true),
            ("It costs five.", true),
            ("It costs 5 bucks.", true),
            ("It costs fifty dollars.", false),
            ("It costs $50.", false),
            ("It costs five hundred.", false),
            ("It costs 5 euros.", false),
            ("It costs five percent.", false),
            ("It costs ten dollars.", false),
            ("It costs five dollars and fifty cents.", false),
            ("It takes five to ten working days.", true),
            ("It takes five to ten days.", true),
            ("It takes 10 days.", true),
            ("It takes ten weeks.", false),
            ("It takes two working days.", false),
            ("The rate is two point five percent.", true),
            ("The rate is 2.5 per cent.", true),
            ("The rate is two and a half percent.", true),
            ("The rate is 2.5 dollars.", false),
            ("The rate is three and a half percent.", false),
            ("One of us can help, in one of two ways.", true),
            ("First open it, then read it.", true),
            ("It is half of that.", false),
            ("It takes a week.", false),
            ("It takes five dollars a day.", true),
            ("Which of the two do you mean?", true),
        ],
    );
}

#[test]
fn money_is_compared_by_amount_and_currency() {
    check(
        "Up to 1,500 dollars a day, 250.50 for a copy, two thousand rupees, 50 cents, half a million.",
        &[
            ("fifteen hundred dollars", true),
            ("one thousand five hundred dollars", true),
            ("$1,500.00", true),
            ("1.5k dollars", true),
            ("1500", true),
            ("15,000 dollars", false),
            ("two hundred and fifty dollars and fifty cents", true),
            ("250.5", true),
            ("2000 rupees", true),
            ("Rs 2,000", true),
            ("2,000 dollars", false),
            ("$0.50", true),
            ("fifty cents", true),
            ("fifty dollars", false),
            ("500,000", true),
            ("five hundred thousand", true),
        ],
    );
}

#[test]
fn a_time_is_the_same_by_either_clock() {
    check(
        "We are open from 8:00 to 15:30, on Saturdays from 8 a.m. until noon; the last train leaves at ten past five.",
        &[
            ("from eight to half past three", true),
            ("8 o'clock", true),
            ("eight in the morning", true),
            ("three thirty in the afternoon", true),
            ("3:30 p.m.", true),
            ("three thirty", true),
            ("until twelve", true),
            ("until midday", true),
            ("at 5:10", true),
            ("ten minutes past five", true),
            ("half past four", false),
            ("a quarter to nine", false),
            ("nine o'clock", false),
            ("3:30 a.m.", false),
            ("on Saturday", true),
            ("on Sundays", false),
            ("until midnight", false),
        ],
    );
    check(
        "Twenty-four hours a day.",
        &[("24 hours", true), ("1 day", false), ("one day", false)],
    );
    check(
        "Within 1 day.",
        &[
            ("within 24 hours", true),
            ("within a day", true),
            ("within two days", false),
            ("within a week", false),
        ],
    );
}

#[test]
fn dates_are_days_months_and_years() {
    check(
        "From 15 March 2026 on, and on the 2nd of May.",
        &[
            ("on the fifteenth of March", true),
            ("on March 15th, 2026", true),
            ("in twenty twenty-six", true),
            ("on the second of May", true),
            ("on the 2nd of may", true),
            ("You may go, and we march on.", true),
            ("on the sixteenth of March", false),
            ("on the 15th of April", false),
            ("in 2025", false),
            ("on the first of May", false),
        ],
    );
}

#[test]
fn codes_and_long_numbers_are_compared_digit_by_digit() {
    check(
        "Dial *236# or call +263 242 123 456. The reference is 7781234.",
        &[
            ("Dial *236#.", true),
            ("Dial star two three six hash.", true),
            ("Dial *263#.", false),
            ("Dial 236.", false),
            (
                "Call plus two six three, two four two, one two three, four five six.",
                true,
            ),
            ("Call 242 123 456.", true),
            ("Call 242 123 457.", false),
            ("Call nine nine nine.", false),
            (
                "The reference is seven seven eight, one two three four.",
                true,
            ),
            ("The reference is 7781235.", false),
        ],
    );
}
