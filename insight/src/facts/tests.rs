//! What turns say of the caller, by the keys of a small trade.

use chrono::{DateTime, TimeDelta, Utc};
use language::{FactWords, Lexicon};

use super::{
    Book, EVERYTHING, Fact, FactReader, Forgotten, Heard, Known, Learned, MOST_CHARS, Money,
    Source, What, Wish,
};

const KEYS: &str = r#"
[[fact]]
key = "budget"
form = "amount"
label = "budget"
phrases = ["budget", "spend", "afford"]
unless = ["deliver|delivery"]
asked = true
say = "Your budget is {value}."

[[fact]]
key = "rooms"
form = "choice"
label = "number of rooms"
called = ["rooms"]
asked = true
say = "You look for {value}."
values.two = { say = "two rooms", phrases = ["2+room"] }
values.three = { say = "three rooms", phrases = ["3+room"] }

[[fact]]
key = "wishes"
form = "choice"
label = "wishes"
many = true
asked = true
say = "You wish for {value}."
values.pool = { say = "a pool", phrases = ["pool"] }
values.gym = { say = "a gym", phrases = ["gym"] }
values.garden = { say = "a garden", phrases = ["garden"] }

[[fact]]
key = "family"
form = "number"
label = "family"
phrases = ["family", "of us"]
say = "There are {value} of you."

[[fact]]
key = "pets"
form = "yes_no"
label = "pets"
phrases = ["i|we have dog|cat|pet|pets"]
denied = ["no pet|pets", "not have dog|cat|pet|pets"]
say = "You have pets."
say_not = "You have no pets."

[[fact]]
key = "called"
form = "text"
label = "name you like"
phrases = ["call me", "i go by"]
say = "You like to be called {value}."
"#;

fn reader() -> FactReader {
    let words: FactWords = toml::from_str(KEYS).expect("keys");
    let money = Money {
        code: "USD".to_owned(),
        one: "dollar".to_owned(),
        many: "dollars".to_owned(),
        scales: Vec::new(),
    };
    FactReader::new(Lexicon::default(), &words, money)
}

/// Facts as `key=value`, `key!value` where it is denied, `key-` where it is forgotten.
fn written(facts: &[Fact]) -> String {
    let one = |fact: &Fact| {
        let value = fact.value.as_deref().unwrap_or_default();
        let sign = match fact.what {
            What::Holds => "=",
            What::Denied => "!",
            What::Forgotten => "-",
        };
        format!("{}{sign}{value}", fact.key)
    };
    facts.iter().map(one).collect::<Vec<_>>().join(" ; ")
}

fn heard(text: &str) -> Heard {
    Book::default().turn(text, &reader())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(written(&heard(text).facts), expected, "of {text:?}");
}

#[test]
fn a_turn_tells_several_things_at_once() {
    check(
        "We are a family of four, my budget is 50,000 dollars, and I want three rooms with a gym and a pool.",
        "family=4 ; budget=..5000000 USD ; rooms=three ; wishes=gym ; wishes=pool",
    );
}

#[test]
fn of_what_is_said_twice_the_last_counts() {
    for (text, expected) in [
        ("Two rooms. No, three rooms.", "rooms=three"),
        ("Two rooms, no, three rooms.", "rooms=three"),
        ("Three rooms, not two rooms.", "rooms=three"),
        ("Not two rooms, three rooms.", "rooms=three"),
        (
            "My budget is 50,000 dollars. Sorry, my budget is 60,000 dollars.",
            "budget=..6000000 USD",
        ),
        ("A pool. Actually no pool.", "wishes!pool"),
        ("No pool. Well, a pool after all.", "wishes=pool"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_denied_is_no_fact_and_ends_one() {
    for (text, expected) in [
        ("I do not want a pool.", "wishes!pool"),
        (
            "I'd like a garden but no pool.",
            "wishes=garden ; wishes!pool",
        ),
        ("Without a gym, please.", "wishes!gym"),
        ("Not only a pool, a gym too.", "wishes=pool ; wishes=gym"),
        ("I am not looking for two rooms.", "rooms!two"),
        ("We have a dog.", "pets=yes"),
        ("We do not have a dog.", "pets=no"),
        ("We have no pets.", "pets=no"),
        ("Forget the pool.", "wishes!pool"),
    ] {
        check(text, expected);
    }
}

#[test]
fn amounts_are_kept_with_what_bounds_them() {
    let of = |kept: &str| {
        let mut known = Known::default();
        let fact = Fact {
            key: "budget".to_owned(),
            what: What::Holds,
            value: Some(kept.to_owned()),
            confidence: 90,
            source: Source::Said,
        };
        known.learn(&fact, &reader());
        known.spoken(&reader()).join(" ")
    };
    for (text, kept, spoken) in [
        (
            "I can spend 900 dollars.",
            "..90000 USD",
            "up to 900 dollars",
        ),
        (
            "My budget is not more than 900 dollars.",
            "..90000 USD",
            "up to 900 dollars",
        ),
        (
            "My budget is between 500 and 900 dollars.",
            "50000..90000 USD",
            "between 500 dollars and 900 dollars",
        ),
        (
            "My budget is at least 900 dollars.",
            "90000.. USD",
            "at least 900 dollars",
        ),
        ("My budget is 900 euros.", "..90000 EUR", "up to 900 EUR"),
        // What bounds it says that it is a limit.
        (
            "Do you have anything under 900 dollars?",
            "..90000 USD",
            "up to 900 dollars",
        ),
    ] {
        check(text, &format!("budget={kept}"));
        assert_eq!(of(kept), format!("Your budget is {spoken}."));
    }
    check("Delivery for under 20 dollars?", "");
    check("I paid 900 dollars.", "");
}

#[test]
fn what_a_question_is_narrowed_down_by_is_inferred_and_other_questions_tell_nothing() {
    let facts = heard("Do you have two rooms with a pool?").facts;
    assert_eq!(written(&facts), "rooms=two ; wishes=pool");
    assert!(facts.iter().all(|fact| fact.source == Source::Inferred));
    let stated = heard("I want two rooms.").facts;
    assert_eq!(stated[0].source, Source::Said);
    assert!(stated[0].confidence > facts[0].confidence, "{facts:?}");
    check("Do we have a dog?", "");
    check("Is a family of four too large?", "");
}

#[test]
fn few_words_are_kept_of_a_text_and_none_beside_what_was_taken_out() {
    check("Please call me Sally, I am her sister.", "called=Sally");
    check("Don't call me Sally.", "");
    check("My code is [code], call me Sally.", "");
    check(
        "My budget is [number] dollars. A pool, please.",
        "wishes=pool",
    );
    let long = "x".repeat(MOST_CHARS + 1);
    check(&format!("Call me {long}"), "");
}

#[test]
fn nothing_grows_without_bound() {
    let reader = reader();
    let book_of = |turns: usize| {
        let mut book = Book::default();
        let facts = (0..turns).map(|turn| {
            let text = if turn % 2 == 0 {
                "A pool and a gym."
            } else {
                "No pool, no gym."
            };
            book.turn(text, &reader).facts.len()
        });
        facts.sum::<usize>()
    };
    assert_eq!(book_of(10), 20);
    assert_eq!(book_of(1000), 64, "facts of a call");
    // Ten thousand characters of it cost no more than the first four.
    let long = format!("{} A pool.", "I say nothing at all here. ".repeat(400));
    check(&long, "");
    assert_eq!(heard(&"A pool. ".repeat(2000)).facts.len(), 1);
}

#[test]
fn people_say_what_is_to_become_of_what_is_known() {
    let keys = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned());
        Some(Wish::Forget(Forgotten::Keys(keys.collect())))
    };
    for (text, wish) in [
        ("What do you know about me?", Some(Wish::Known)),
        ("What have you stored about me?", Some(Wish::Known)),
        ("What did I ask last time?", Some(Wish::Asked)),
        (
            "As I told you last time, I need a new lamp.",
            Some(Wish::Told),
        ),
        ("Forget my budget.", keys(&["budget"])),
        (
            "Please delete my budget and my number of rooms.",
            keys(&["budget", "rooms"]),
        ),
        (
            "Forget everything you know about me.",
            Some(Wish::Forget(Forgotten::Everything)),
        ),
        ("Forget that.", Some(Wish::Forget(Forgotten::Unclear))),
        ("Do not sell me anything.", Some(Wish::SellNothing)),
        ("Stop advertising.", Some(Wish::SellNothing)),
        ("I don't want your offers.", Some(Wish::SellNothing)),
        ("You may send me offers again.", Some(Wish::SellAgain)),
        // None of these is about what is remembered.
        ("I forgot my budget.", None),
        ("Don't forget my budget is 900 dollars.", None),
        ("What do you know about lamps?", None),
        ("Why do you not sell lamps?", None),
        ("Do you sell lamps?", None),
        ("What is my budget?", None),
        ("What do I need to know?", None),
        ("I can't remember my number.", None),
    ] {
        assert_eq!(heard(text).wish, wish, "of {text:?}");
    }
}

#[test]
fn that_is_what_was_said_or_told_just_before() {
    let reader = reader();
    let mut book = Book::default();
    book.turn("My budget is 900 dollars.", &reader);
    let heard = book.turn("Forget that.", &reader);
    assert_eq!(written(&heard.facts), "budget-");
    let again = book.turn("Forget that.", &reader);
    assert_eq!(again.wish, Some(Wish::Forget(Forgotten::Unclear)));
    assert_eq!(again.facts, []);
    let named = book.turn("Everything.", &reader);
    assert_eq!(written(&named.facts), "*-", "what was asked for");
    book.turn("What do you know about me?", &reader);
    let heard = book.turn("Forget that.", &reader);
    assert_eq!(written(&heard.facts), format!("{EVERYTHING}-"));
    let later = book.turn("Everything is fine.", &reader);
    assert_eq!(later, Heard::default(), "nothing was asked");
}

#[test]
fn of_a_key_the_newest_counts_and_of_several_values_the_newest_of_each() {
    let now = Utc::now();
    let reader = reader();
    let mut book = Book::default();
    let mut all = Vec::new();
    for (minute, text) in [
        (0, "My budget is 500 dollars. Two rooms and a pool."),
        (10, "A gym and a garden. My budget is 900 dollars."),
        (20, "No pool. We are a family of five."),
        (30, "Stop advertising."),
    ] {
        let at = now - TimeDelta::hours(1) + TimeDelta::minutes(minute);
        let facts = book.turn(text, &reader).facts.into_iter();
        all.extend(facts.map(|fact| Learned {
            fact,
            at,
            until: None,
        }));
    }
    all.sort_by_key(|learned| std::cmp::Reverse(learned.at));
    let known = Known::of(&all, &reader, now);
    assert!(known.sells_nothing);
    assert_eq!(
        known.spoken(&reader),
        [
            "Your budget is up to 900 dollars.",
            "You look for two rooms.",
            "You wish for a gym and a garden.",
            "There are 5 of you.",
        ]
    );
    let more = |text: &str, at: DateTime<Utc>, until| {
        let mut all = all.clone();
        let facts = Book::default().turn(text, &reader).facts.into_iter();
        all.extend(facts.map(|fact| Learned { fact, at, until }));
        Known::of(&all, &reader, now).spoken(&reader).len()
    };
    assert_eq!(more("Forget my budget.", now, None), 3);
    assert_eq!(more("Forget everything.", now, None), 0);
    let long_ago = now - TimeDelta::days(1);
    assert_eq!(
        more("Forget everything.", long_ago, None),
        4,
        "what came later holds"
    );
    let over = now - TimeDelta::seconds(1);
    assert_eq!(more("We have a dog.", over, Some(over)), 4, "it ran out");
    assert_eq!(
        more("We have a dog.", over, Some(now + TimeDelta::days(1))),
        5
    );
}

#[test]
fn a_pack_without_keys_remembers_only_what_people_wish() {
    let reader = FactReader::default();
    let mut book = Book::default();
    assert_eq!(
        book.turn("My budget is 900 dollars.", &reader),
        Heard::default()
    );
    let heard = book.turn("Stop advertising to me.", &reader);
    assert_eq!(written(&heard.facts), "selling=off");
}
