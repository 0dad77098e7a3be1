use super::*;

/// The numbers of `text` in digits, apart by a space where a pause or a word parts them.
fn read_out(text: &str) -> String {
    let items = scan(text, &[]);
    let mut numbers = Vec::new();
    for chain in chains(text, &items, &[] as &[&str]) {
        let runs = chain.pieces.chunk_by(|_, next| next.gap != Gap::Clause);
        numbers.extend(runs.map(|run| run.iter().map(|p| p.digits.as_str()).collect::<String>()));
    }
    numbers.join(" ")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(read_out(text), expected, "numbers of {text:?}");
}

#[test]
fn spoken_digits_become_digits() {
    check("four one one one", "4111");
    check("My PIN is four two one nine.", "4219");
    check("double seven triple zero", "77000");
    check("four double oh one", "4001");
    check("nine O five", "905");
    check("forty-one eleven", "4111");
    check("nineteen ninety", "1990");
    check("one, two, three", "1 2 3");
}

#[test]
fn amounts_become_one_number() {
    check("two hundred and fifty dollars", "250");
    check("forty five thousand", "45000");
    check("two thousand and nineteen", "2019");
    check("one million two hundred thousand", "1200000");
    check("two billion", "2000000000");
    check("twenty-five", "25");
    check("send 3 thousand", "3000");
    check("four hundred thousand", "400000");
}

#[test]
fn words_that_are_no_numbers_are_passed_over() {
    for text in ["", "Hello there.", "a double room", "Oh no"] {
        check(text, "");
    }
}

#[test]
fn service_codes_are_found_written_and_spoken() {
    assert_eq!(service_codes("Dial star two three six hash now"), ["*236#"]);
    assert_eq!(
        service_codes("*236# or *236*1# or *100"),
        ["*236#", "*236*1#"]
    );
    assert_eq!(service_codes("asterisk 2 36 hash"), ["*236#"]);
    assert_eq!(
        service_codes("star two three six star one hash"),
        ["*236*1#"]
    );
    assert_eq!(service_codes("you are a star 5 times"), [] as [&str; 0]);
}

#[test]
fn every_cardinal_is_read_back_as_its_number() {
    for number in (0..2_000).chain([2_019, 45_000, 999_999, 1_200_000, 7_000_000_001]) {
        let words = cardinal(number);
        assert_eq!(read_out(&words), number.to_string(), "{words:?}");
    }
}

#[test]
fn absurd_numbers_do_not_overflow() {
    for text in ["million ", "nine hundred thousand million "] {
        assert!(
            !read_out(&text.repeat(50)).is_empty(),
            "long input gives output"
        );
    }
    assert!(!cardinal(u64::MAX).is_empty(), "the largest number is said");
}

#[test]
fn amounts_are_decimals() {
    for (amount, shown) in [
        ("0", "0.00"),
        ("999", "999.00"),
        ("1000.5", "1,000.50"),
        ("-12345.67", "-12,345.67"),
    ] {
        assert_eq!(grouped(amount).as_deref(), Some(shown));
    }
    for amount in [
        "",
        "1e9",
        "1,000",
        "12.",
        ".5",
        "--1",
        "NaN",
        "1.2.3",
        "9999999999999999",
    ] {
        assert_eq!(grouped(amount), None, "{amount} is not an amount");
    }
}
