//! What callers say of what they are asked for, and that what is read back is understood again.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use chrono::{Days, NaiveDate};
use knowledge::{KnowledgeBase, Slot, SlotValue, SlotValues};

/// Utterances with what is read from them.
const SAID: &str = include_str!("slots.tsv");
/// Values of each type that are read back.
const READ_BACK: usize = 300;

static BASE: LazyLock<KnowledgeBase> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank");
    KnowledgeBase::load(&folder).expect("the pack loads")
});

/// A Monday.
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 30).expect("a day")
}

/// Slots by name, each in TOML.
fn slots(list: &[(&str, &str)]) -> BTreeMap<String, Slot> {
    let slot = |text: &str| toml::from_str(text).expect("a slot");
    let slots = list.iter();
    slots
        .map(|(name, text)| ((*name).to_owned(), slot(text)))
        .collect()
}

fn read(kind: &str, asked: bool, text: &str, today: Option<NaiveDate>) -> Option<SlotValue> {
    let slots = slots(&[("it", &format!("type = \"{kind}\""))]);
    let mut known = SlotValues::new();
    BASE.fill_slots(&slots, asked.then_some("it"), text, today, &mut known);
    known.remove("it")
}

#[test]
fn turns_say_what_they_say_and_nothing_else() {
    let mut wrong = String::new();
    let lines = SAID.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, level @ ("asked" | "open"), text, expected] = fields[..] else {
            panic!("four fields, parted by tabs: {line:?}");
        };
        let value = read(kind, level == "asked", text, Some(today()));
        let sent = value.as_ref().map_or("-", |value| &value.sent);
        if sent != expected {
            wrong += &format!("{kind} {level} {text:?}: {sent}, not {expected}\n");
        }
    }
    assert!(wrong.is_empty(), "misread:\n{wrong}");
}

#[test]
fn values_are_spoken_as_people_say_them() {
    for (kind, text, spoken) in [
        (
            "date",
            "on the first of December",
            "Tuesday the first of December",
        ),
        (
            "date",
            "2028-02-29",
            "Tuesday the twenty ninth of February 2028",
        ),
        (
            "date",
            "yesterday",
            "Sunday the twenty ninth of November 2026",
        ),
        ("time", "half past ten", "half past ten"),
        ("time", "at 10", "ten o'clock"),
        ("time", "14:45", "quarter to three in the afternoon"),
        ("time", "19:05", "seven oh five in the evening"),
        ("time", "00:20", "twelve twenty at night"),
        (
            "phone",
            "+263771234567",
            "zero seven seven one, two three four, five six seven",
        ),
        (
            "phone",
            "+4915112345678",
            "plus four nine one, five one one, two three four, five six seven eight",
        ),
        (
            "email",
            "sarah.moyo99@gmail.com",
            "S A R A H, dot, M O Y O, nine nine, at gmail dot com",
        ),
        (
            "email",
            "a_b@shop.co.zw",
            "A, underscore, B, at S H O P dot co dot Z W",
        ),
        ("code", "it is 4567", "four five six seven"),
        (
            "code",
            "it is 45678901",
            "four five six seven, eight nine zero one",
        ),
        ("name", "my name is sarah", "Sarah"),
        ("amount", "$1,500.5", "1,500.50"),
    ] {
        let value = read(kind, false, text, Some(today()));
        let said = value.map(|value| value.spoken);
        assert_eq!(said.as_deref(), Some(spoken), "{kind} of {text:?}");
    }
    let yes = read("yes_no", true, "yes", None).map(|value| value.spoken);
    assert_eq!(yes.as_deref(), Some("yes"));
}

#[test]
fn without_the_day_of_the_call_no_day_is_counted_from_it() {
    for (text, expected) in [
        ("on the third of May", Some(("--05-03", "the third of May"))),
        (
            "May 3rd, 2026",
            Some(("2026-05-03", "Sunday the third of May 2026")),
        ),
        (
            "Tuesday the third of May",
            Some(("--05-03", "the third of May")),
        ),
        ("31 June", None),
        ("tomorrow", None),
        ("the fifteenth", None),
        ("on Friday", None),
    ] {
        let value = read("date", true, text, None);
        let value = value.as_ref().map(|value| (&*value.sent, &*value.spoken));
        assert_eq!(value, expected, "{text:?}");
    }
}

#[track_caller]
fn fills(list: &[(&str, &str)], asked: Option<&str>, text: &str, expected: &[(&str, &str)]) {
    let mut known = SlotValues::new();
    BASE.fill_slots(&slots(list), asked, text, Some(today()), &mut known);
    let known: Vec<(&str, &str)> = known
        .iter()
        .map(|(name, value)| (name.as_str(), value.sent.as_str()))
        .collect();
    assert_eq!(known, expected, "{text:?}, asked for {asked:?}");
}

#[test]
fn one_sentence_fills_several_slots() {
    let visit = [
        ("day", "type = \"date\""),
        ("name", "type = \"name\""),
        ("people", "type = \"number\""),
        ("phone", "type = \"phone\""),
        ("time", "type = \"time\""),
        ("why", "type = \"text\""),
    ];
    fills(
        &visit,
        None,
        "on Tuesday at ten, my number is 0771 234 567",
        &[
            ("day", "2026-12-01"),
            ("phone", "+263771234567"),
            ("time", "10:00"),
        ],
    );
    fills(
        &visit,
        None,
        "Hi, my name is Sarah Moyo, I'd like to come on the fifteenth at half past two for three people.",
        &[
            ("day", "2026-12-15"),
            ("name", "Sarah Moyo"),
            ("people", "3"),
            ("time", "14:30"),
        ],
    );
    fills(
        &visit,
        Some("time"),
        "ten, and my number is oh seven seven one two three four five six seven",
        &[("phone", "+263771234567"), ("time", "10:00")],
    );
    fills(
        &visit,
        Some("day"),
        "on Tuesday at ten, no, eleven",
        &[("day", "2026-12-01"), ("time", "11:00")],
    );
    fills(
        &visit,
        Some("people"),
        "at ten for four",
        &[("people", "4"), ("time", "10:00")],
    );
    fills(
        &visit,
        Some("why"),
        "to talk about a card",
        &[("why", "to talk about a card")],
    );
}

#[test]
fn of_two_slots_of_one_type_the_one_that_was_asked_for_is_filled() {
    let stay = [("from", "type = \"date\""), ("to", "type = \"date\"")];
    fills(&stay, Some("to"), "on Friday", &[("to", "2026-12-04")]);
    fills(&stay, None, "on Friday", &[]);
    let fixed = [
        ("from", "type = \"date\"\nfrom = { fixed = \"2026-05-03\" }"),
        stay[1],
    ];
    fills(
        &fixed,
        None,
        "on Friday",
        &[("from", "2026-05-03"), ("to", "2026-12-04")],
    );
}

#[test]
fn bounds_and_lengths_are_kept() {
    let people = [("people", "type = \"number\"\nleast = 1\nmost = 12")];
    fills(&people, None, "for twelve", &[("people", "12")]);
    fills(&people, None, "for thirteen", &[]);
    fills(&people, None, "zero", &[]);
    let note = [("note", "type = \"text\"\nlongest = 5")];
    fills(&note, Some("note"), "short", &[("note", "short")]);
    fills(&note, Some("note"), "longer", &[]);
}

#[test]
fn a_choice_is_the_value_that_is_named_first_and_meant() {
    let branch = [(
        "branch",
        "type = \"choice\"\nvalues = { n1 = [\"north branch\", \"north\"], s1 = [\"south\"] }",
    )];
    for (text, expected) in [
        ("how busy is the South", Some("s1")),
        ("north, not south", Some("n1")),
        ("not the north branch, the south one", Some("s1")),
        ("north, no, south", Some("s1")),
        ("how busy is it", None),
    ] {
        let expected: Vec<(&str, &str)> =
            expected.map(|sent| ("branch", sent)).into_iter().collect();
        fills(&branch, None, text, &expected);
    }
}

#[test]
fn a_choice_that_was_asked_for_may_be_misheard() {
    let card = [(
        "card",
        "type = \"choice\"\nvalues = { debit = [\"debit card\", \"debit\"], credit = [\"credit card\", \"credit\"] }",
    )];
    let place = [(
        "place",
        "type = \"choice\"\nvalues = { b = [\"Bulawayo\"], m = [\"Mutare\"] }",
    )];
    for (slots, text, expected) in [
        (&card, "the debut one", Some(("card", "debit"))),
        (&card, "my card", None),
        (&card, "I do not know", None),
        (&card, "somebody took my debut album from the car", None),
        (&place, "in Bulaweyo please", Some(("place", "b"))),
        (&place, "somewhere else", None),
    ] {
        let (name, _) = slots[0];
        let expected: Vec<(&str, &str)> = expected.into_iter().collect();
        fills(slots, Some(name), text, &expected);
        fills(slots, None, text, &[]);
    }
}

#[test]
fn other_countries_say_their_numbers_in_their_way() {
    for (pack, text, sent, spoken) in [
        (
            "property",
            "98450 12345",
            "+919845012345",
            "nine eight four five zero, one two three four five",
        ),
        (
            "property",
            "oh nine eight four five oh one two three four five",
            "+919845012345",
            "nine eight four five zero, one two three four five",
        ),
        (
            "shop",
            "(555) 010-0199",
            "+15550100199",
            "five five five, zero one zero, zero one nine nine",
        ),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../packs")
            .join(pack);
        let base = KnowledgeBase::load(&folder).expect("the pack loads");
        let mut known = SlotValues::new();
        let phone = slots(&[("phone", "type = \"phone\"")]);
        base.fill_slots(&phone, None, text, None, &mut known);
        let value = known.get("phone");
        let value = value.map(|value| (&*value.sent, &*value.spoken));
        assert_eq!(value, Some((sent, spoken)), "{text:?}");
    }
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// Below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| self.below(10).to_string()).collect()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// What is read from `sent` is spoken, and read again as it is heard, also without its marks and capitals.
fn read_back(kind: &str, value: impl Fn(&mut Numbers) -> String) {
    let mut numbers = Numbers(20_261_130);
    for _ in 0..READ_BACK {
        let sent = value(&mut numbers);
        let first = read(kind, true, &sent, Some(today()));
        let first = first.unwrap_or_else(|| panic!("{kind} {sent:?} is read"));
        assert_eq!(first.sent, sent, "{kind} as it is sent is read as it is");
        let plain: String = first.spoken.chars().filter(|c| *c != ',').collect();
        for heard in [first.spoken.clone(), plain.to_lowercase()] {
            let again = read(kind, true, &heard, Some(today()));
            assert_eq!(
                again.as_ref(),
                Some(&first),
                "{kind} read back as {heard:?}"
            );
        }
    }
}

#[test]
fn phone_numbers_that_are_read_back_are_understood() {
    read_back("phone", |numbers| {
        let start = numbers.of(&["+26377", "+26378", "+2632", "+4479", "+2711", "+9198450"]);
        let length = if start.starts_with("+263") { 13 } else { 12 };
        format!("{start}{}", numbers.digits(length - start.len()))
    });
}

#[test]
fn addresses_that_are_read_back_are_understood() {
    read_back("email", |numbers| {
        let mut local = String::new();
        for part in 0..=numbers.below(3) {
            if part > 0 {
                local.push_str(numbers.of(&[".", "_", "-"]));
            }
            let letters = 2 + numbers.below(6);
            // Not "o": beside digits it is heard as a zero.
            local.extend(
                (0..letters).map(|_| numbers.of(&["a", "e", "i", "m", "n", "r", "s", "x"])),
            );
        }
        let count = numbers.below(4);
        let end = numbers.digits(count);
        let domain = numbers.of(&[
            "gmail.com",
            "yahoo.co.uk",
            "example.co.zw",
            "my-firm.org",
            "b2b.net",
        ]);
        format!("{local}{end}@{domain}")
    });
}

#[test]
fn days_that_are_read_back_are_understood() {
    read_back("date", |numbers| {
        let day = Days::new(numbers.below(4000) as u64);
        let first = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");
        (first + day).to_string()
    });
}

#[test]
fn times_that_are_read_back_are_understood() {
    read_back("time", |numbers| {
        format!("{:02}:{:02}", numbers.below(24), numbers.below(60))
    });
}
