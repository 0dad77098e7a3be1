use super::*;

/// A look-up in order, with one part replaced by another.
fn load(from: &str, to: &str) -> Result<(), String> {
    const SOUND: &str = r#"
        name = "queue"
        phrases = ["how long queue"]
        proof = "none"
        address = "https://desk.example.com/queues/{branch}?day={day}"
        credential = "LOOKUP_TOKEN_DESK"
        header = "x-api-key"
        fields = { waiting = "number" }
        answer = "At {branch} {waiting} people are waiting."
        ask = "Which branch of {company}?"
        unavailable = "I cannot see that."
        parameters.branch = { type = "choice", values = { n1 = ["north"] } }
        parameters.day = { type = "date", from = { fixed = "2026-05-03" } }
    "#;
    assert!(SOUND.contains(from), "{from:?} is not in it");
    let mut lookup: Lookup = toml::from_str(&SOUND.replace(from, to)).map_err(|e| e.to_string())?;
    let names = Names {
        company: "Willow Lane",
        agent: "Ada",
    };
    let file = Path::new("lookups.toml");
    check(file, names, &mut lookup).map_err(|error| error.to_string())?;
    assert_eq!(lookup.ask_for("branch"), "Which branch of Willow Lane?");
    Ok(())
}

#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    let error = load(from, to).expect_err(to);
    assert!(error.contains(message), "{to:?}: {error}");
}

#[test]
fn a_look_up_in_order_is_taken() {
    load("queue", "queue").unwrap();
    load("https", "http").unwrap();
    load("desk.example.com/", "[::1]:8080/a/b/").unwrap();
    load("type = \"date\"", "type = \"text\"").unwrap();
}

#[test]
fn a_wrong_address_or_credential_is_named_with_key_value_and_accepted_form() {
    for (from, to, message) in [
        (
            "https://desk.example.com/",
            "/",
            "address is \"/queues/{branch}?day={day}\"; accepted: an address such as",
        ),
        ("https", "ftp", "address is \"ftp"),
        (
            "desk.example.com",
            "{branch}.example.com",
            "behind the host alone",
        ),
        ("desk.example.com", "user@example.com", "address is"),
        ("?day", "#?day", "address is"),
        ("{day}", "{day", "pairs of braces"),
        ("{day}", "{branch}", "an address that holds {day} too"),
        (
            "{day}",
            "{day}{customer}",
            "placeholders of its parameters (branch, day)",
        ),
        (
            "LOOKUP_TOKEN_DESK",
            "DATABASE_URL",
            "credential is \"DATABASE_URL\"; accepted: the name of a setting that begins with LOOKUP_TOKEN_",
        ),
        ("LOOKUP_TOKEN_DESK", "LOOKUP_TOKEN_", "credential is"),
        ("LOOKUP_TOKEN_DESK", "LOOKUP_TOKEN_desk", "credential is"),
        ("x-api-key", "host", "header is \"host\""),
        ("x-api-key", "X Key", "header is"),
        (
            "credential = \"LOOKUP_TOKEN_DESK\"",
            "",
            "nothing without a credential",
        ),
    ] {
        refused(from, to, message);
    }
}

#[test]
fn wrong_lines_and_parameters_are_named_with_key_value_and_accepted_form() {
    for (from, to, message) in [
        (
            "proof = \"none\"",
            "",
            "unauthenticated is \"\"; accepted: a sentence",
        ),
        (
            "proof = \"none\"",
            "proof = \"none\"\nunauthenticated = \"No.\"",
            "unauthenticated is \"No.\"; accepted: nothing",
        ),
        ("proof = \"none\"", "proof = \"some\"", "unknown variant"),
        (
            "address = \"https://desk.example.com/queues/{branch}?day={day}\"",
            "",
            "credential is \"LOOKUP_TOKEN_DESK\"; accepted: nothing without an address",
        ),
        (
            "values = { n1 = [\"north\"] }",
            "values = {}",
            "parameters.branch.values",
        ),
        (
            "values = { n1 = [\"north\"] }",
            "values = { n1 = [] }",
            "parameters.branch.values is \"n1\"",
        ),
        ("n1 =", "\"..\" =", "parameters.branch.values is \"..\""),
        ("type = \"choice\"", "type = \"number\"", "for no other"),
        (
            "ask = \"Which branch of {company}?\"",
            "",
            "parameters.branch.ask is \"\"; accepted: a line that asks for it",
        ),
        ("{company}", "{town}", "ask is \"Which branch of {town}?\""),
        (
            "2026-05-03",
            "tomorrow",
            "parameters.day.from.fixed is \"tomorrow\"; accepted: a day such as",
        ),
        (
            "type = \"date\"",
            "type = \"amount\"",
            "accepted: a number such as",
        ),
        ("fixed =", "always =", "unknown variant"),
        ("branch", "waiting", "a name of its own"),
    ] {
        refused(from, to, message);
    }
    let own = load("branch", "customer").expect_err("the customer's name is no parameter");
    assert!(own.contains("a name of its own"), "{own}");
}

#[test]
fn wrong_bounds_and_fixed_values_are_named_with_what_is_accepted() {
    for (from, to, message) in [
        (
            "2026-05-03\" }",
            "2026-05-03\" }, least = 1",
            "parameters.day.least is \"1\"; accepted: nothing but for the type number",
        ),
        (
            "type = \"date\", from = { fixed = \"2026-05-03\" }",
            "type = \"number\", least = 3, most = 2",
            "parameters.day.least is \"3\"; accepted: no more than most",
        ),
        (
            "2026-05-03\" }",
            "2026-05-03\" }, longest = 20",
            "parameters.day.longest is \"20\"; accepted: 1 to 1000 characters",
        ),
        ("type = \"date\"", "type = \"time\"", "a time such as 14:30"),
        (
            "type = \"date\"",
            "type = \"phone\"",
            "a number in E.164 form",
        ),
        ("type = \"date\"", "type = \"email\"", "an address such as"),
        ("type = \"date\"", "type = \"code\"", "4 to 12 digits"),
        ("type = \"date\"", "type = \"yes_no\"", "yes or no"),
    ] {
        refused(from, to, message);
    }
}

#[test]
fn a_phrase_that_matches_nothing_is_found() {
    let text = r#"
        name = "queue"
        phrases = []
        fields = {}
        answer = ""
        unavailable = ""
        parameters.branch = { type = "choice", values = { n1 = ["north", "the"] } }
    "#;
    let lookup: Lookup = toml::from_str(text).unwrap();
    let lexicon = language::Lexicon::new(&std::collections::BTreeMap::new(), &[], &[]);
    assert_eq!(slot::dead(&lexicon, lookup.parameters.values()), ["the"]);
}
