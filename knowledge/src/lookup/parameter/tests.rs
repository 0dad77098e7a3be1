use super::*;

fn parameter(kind: ParameterKind, values: &[(&str, &[&str])]) -> Parameter {
    let phrases = |list: &[&str]| list.iter().map(|&phrase| phrase.to_owned()).collect();
    let values = values.iter();
    Parameter {
        kind,
        values: values
            .map(|(sent, list)| ((*sent).to_owned(), phrases(list)))
            .collect(),
        from: Origin::Said,
        ask: None,
    }
}

/// What is read from each turn, as it is sent and spoken.
#[track_caller]
fn check(parameter: &Parameter, is_asked: bool, turns: &[(&str, Option<(&str, &str)>)]) {
    let months = ["january", "february", "march", "april", "may", "june"].map(str::to_owned);
    let lexicon = Lexicon::new(&BTreeMap::new(), &[], &[]);
    let reader = Reader {
        lexicon: &lexicon,
        months: &months,
        is_asked,
    };
    for (text, expected) in turns {
        let value = reader.read(parameter, text);
        let value = value.as_ref().map(|value| (&*value.sent, &*value.spoken));
        assert_eq!(value, *expected, "{text:?}");
    }
}

#[test]
fn numbers_and_amounts_are_read_in_words_and_digits() {
    let number = parameter(ParameterKind::Number, &[]);
    check(
        &number,
        false,
        &[
            ("for twelve people", Some(("12", "12"))),
            ("two and a half hours", Some(("2.5", "2.5"))),
            ("it cost 5 dollars for three", Some(("3", "3"))),
            ("between two and three", None),
            ("I do not know", None),
        ],
    );
    let amount = parameter(ParameterKind::Amount, &[]);
    check(
        &amount,
        false,
        &[
            ("a hundred dollars", Some(("100", "100.00"))),
            ("2 of 1,500.50 dollars", Some(("1500.5", "1,500.50"))),
            ("say 40", Some(("40", "40.00"))),
            ("a lot", None),
        ],
    );
}

#[test]
fn days_are_read_with_and_without_a_year() {
    check(
        &parameter(ParameterKind::Date, &[]),
        false,
        &[
            ("on the third of May", Some(("--05-03", "3 may"))),
            ("May 3rd, 2026", Some(("2026-05-03", "3 may 2026"))),
            (
                "the 21st of June 2027, please",
                Some(("2027-06-21", "21 june 2027")),
            ),
            (
                "June twenty first, twenty twenty seven",
                Some(("2027-06-21", "21 june 2027")),
            ),
            (
                "may the third two thousand and twenty six",
                Some(("2026-05-03", "3 may 2026")),
            ),
            ("the twenty first of June", Some(("--06-21", "21 june"))),
            ("2026-05-03?", Some(("2026-05-03", "2026-05-03"))),
            ("may I ask something", None),
            ("on the 45th of May", None),
            ("some day", None),
        ],
    );
}

#[test]
fn a_choice_is_the_value_that_is_named_first() {
    let branch = parameter(
        ParameterKind::Choice,
        &[("n1", &["north branch", "north"]), ("s1", &["south"])],
    );
    check(
        &branch,
        false,
        &[
            ("how busy is the South", Some(("s1", "south"))),
            ("north, not south", Some(("n1", "north branch"))),
            ("how busy is it", None),
        ],
    );
}

#[test]
fn own_words_are_taken_where_they_were_asked_for() {
    let text = parameter(ParameterKind::Text, &[]);
    check(&text, false, &[("Emma by Jane Austen", None)]);
    let long = "x".repeat(MAX_TEXT + 1);
    check(
        &text,
        true,
        &[
            (
                "Emma by Jane Austen.",
                Some(("Emma by Jane Austen", "Emma by Jane Austen")),
            ),
            ("..", None),
            ("two\nlines", None),
            (&long, None),
        ],
    );
}
