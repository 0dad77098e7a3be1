//! A pack with a mistake in it is refused, and the message helps to mend it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]
mod mistakes;

use std::fs;

use knowledge::{Chunk, KnowledgeBase, Question, RouteContext};
use mistakes::{Copy, check};

#[test]
fn a_document_that_is_not_utf8_is_named() {
    let copy = Copy::new("utf8");
    fs::write(
        copy.0.join("documents/latin1.md"),
        b"+++\nsource = \"caf\xe9\"\n",
    )
    .unwrap();
    let error = copy.load().expect_err("the pack is refused");
    assert!(
        error.contains("latin1.md") && error.contains("byte 17 is not UTF-8"),
        "{error}"
    );
}

#[test]
fn a_file_is_the_same_however_an_editor_saved_it() {
    let plain = Copy::new("plain").load().expect("the bank's pack");
    let saved = Copy::new("saved");
    for (name, mark) in [("pack.toml", ""), ("topics.toml", "\u{feff}")] {
        let file = saved.0.join(name);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{mark}{}", text.replace('\n', "\r\n"))).unwrap();
    }
    for entry in fs::read_dir(saved.0.join("documents")).unwrap() {
        let file = entry.unwrap().path();
        let text = format!("\u{feff}{}", fs::read_to_string(&file).unwrap());
        let units: Vec<_> = text.encode_utf16().map(u16::to_le_bytes).collect();
        fs::write(&file, units.concat()).unwrap();
    }
    let saved = saved.load().expect("the pack as an editor saved it");
    assert_eq!(saved.fingerprint(), plain.fingerprint());
}

#[test]
fn a_nul_character_in_a_file_is_named() {
    let message = &["NUL character", "line 5"];
    check("nul", "topics.toml", "[[topic]]", "\0[[topic]]", message);
}

#[test]
fn a_missing_file_is_named() {
    let copy = Copy::new("missing");
    fs::remove_file(copy.0.join("topics.toml")).unwrap();
    let error = copy.load().expect_err("the pack is refused");
    assert!(error.contains("topics.toml: cannot read it"), "{error}");
}

#[test]
fn wrong_settings_name_file_key_value_and_accepted_form() {
    check(
        "away",
        "pack.toml",
        "away_s = 15",
        "away_s = 0",
        &["silence.away_s", "\"0\"", "1 or more"],
    );
    check(
        "hangup",
        "pack.toml",
        "hangup_s = 30",
        "hangup_s = 15",
        &["silence.hangup_s", "more than silence.away_s = 15"],
    );
    check(
        "type",
        "pack.toml",
        "away_s = 15",
        "away_s = \"soon\"",
        &["away_s", "invalid type"],
    );
    check(
        "mode",
        "pack.toml",
        "\"blended\"",
        "\"loose\"",
        &["grounding_mode", "strict"],
    );
    check(
        "perhaps",
        "pack.toml",
        "this: {topic}.",
        "this: {matter}.",
        &["lines.perhaps", "{company}"],
    );
    check("key", "pack.toml", "tone =", "tune =", &["tune"]);
    check(
        "number",
        "pack.toml",
        "currency =",
        "transfer_number = \"0771\"\ncurrency =",
        &["transfer_number", "E.164"],
    );
    check(
        "placeholder",
        "pack.toml",
        "My name is {agent}.",
        "My name is {nmae}.",
        &["lines.greeting", "{nmae}", "{agent}"],
    );
    check(
        "no-name",
        "pack.toml",
        "Welcome back.",
        "Welcome back {name}.",
        &["lines.welcome_back"],
    );
}

#[test]
fn wrong_documents_and_topics_are_named() {
    check(
        "front",
        "documents/fees.md",
        "+++\n",
        "---\n",
        &["begins with +++"],
    );
    check(
        "topic",
        "documents/fees.md",
        "topic = \"fees\"",
        "topic = \"feez\"",
        &["topic", "feez", "topics.toml"],
    );
    check(
        "twice",
        "documents/fees.md",
        "bank/fees",
        "bank/lost-card",
        &["bank/lost-card", "a source of its own"],
    );
    check(
        "id",
        "topics.toml",
        "id = \"lost_card\"",
        "id = \"Lost Card\"",
        &["topic.id", "Lost Card"],
    );
    check(
        "answers",
        "small_talk.toml",
        "answers = [",
        "answers = []\n# [",
        &["answers"],
    );
}

#[test]
fn a_wrong_country_is_named_with_what_is_accepted() {
    for (name, from, to, message) in [
        (
            "code",
            "\"263\"",
            "\"+263\"",
            "country.calling_code is \"+263\"",
        ),
        (
            "trunk",
            "trunk = \"0\"",
            "trunk = \"zero\"",
            "country.trunk is \"zero\"",
        ),
        (
            "groups",
            "07## ### ###",
            "07xx xxx xxx",
            "country.numbers is \"07xx xxx xxx\"",
        ),
    ] {
        check(
            &format!("country-{name}"),
            "pack.toml",
            from,
            to,
            &[message],
        );
    }
}

#[test]
fn wrong_look_ups_are_named_and_a_pack_may_have_none() {
    let file = "lookups.toml";
    let name = "name = \"account_balance\"";
    check(
        "lookup-id",
        file,
        name,
        "name = \"My Balance\"",
        &["lookup.name", "My Balance"],
    );
    check(
        "lookup-route",
        file,
        name,
        "name = \"goodbye\"",
        &["no other route"],
    );
    check(
        "lookup-field",
        file,
        "{amount} {currency}",
        "{amount} {unit}",
        &["lookup.answer", "{unit}", "{currency}"],
    );
    check(
        "lookup-kind",
        file,
        "\"amount\",",
        "\"money\",",
        &["money", "currency"],
    );
    check(
        "lookup-line",
        file,
        "unavailable =",
        "# unavailable =",
        &["unavailable"],
    );
    let copy = Copy::new("lookup-none");
    fs::remove_file(copy.0.join(file)).unwrap();
    assert!(copy.load().unwrap().pack().lookups.is_empty());
}

#[test]
fn a_language_file_of_the_pack_replaces_what_it_names() {
    let copy = Copy::new("language");
    fs::write(copy.0.join("language.toml"), "follow_ups = [\"na bei\"]\n").unwrap();
    let base = copy.load().unwrap();
    let words = &base.pack().words;
    assert!(words.follow_ups.contains(&"na bei".to_owned()));
    assert!(!words.follow_ups.contains(&"what about".to_owned()));
    assert!(base.pack().listening.is_backchannel("Uh-huh."));
    fs::write(copy.0.join("language.toml"), "follow_up = []\n").unwrap();
    let error = copy.load().expect_err("a part that does not exist");
    assert!(
        error.contains("language.toml") && error.contains("follow_up"),
        "{error}"
    );
}

#[test]
fn a_phrase_that_can_never_match_is_refused() {
    let copy = Copy::new("phrase");
    copy.replace("topics.toml", "\"airtime\",", "\"cash machine\",");
    let error = copy.load().expect_err("the pack is refused");
    assert!(error.contains("cash machine"), "{error}");
}

#[test]
fn the_fingerprint_follows_the_content() {
    let copy = Copy::new("fingerprint");
    let before = copy.load().unwrap().fingerprint().to_owned();
    assert_eq!(
        before,
        copy.load().unwrap().fingerprint(),
        "the same content has another fingerprint"
    );
    copy.replace("documents/fees.md", "3 dollars", "4 dollars");
    let changed = copy.load().unwrap().fingerprint().to_owned();
    assert_ne!(before, changed, "a changed document keeps the fingerprint");
    copy.replace("pack.toml", "hangup_s = 30", "hangup_s = 31");
    assert_ne!(
        changed,
        copy.load().unwrap().fingerprint(),
        "a changed setting keeps the fingerprint"
    );
}

#[test]
fn stored_chunks_answer_like_the_documents_they_came_from() {
    let copy = Copy::new("stored");
    let base = copy.load().unwrap();
    // A database row knows source, title and text, not the topic.
    let stored: Vec<Chunk> = base
        .chunks()
        .into_iter()
        .map(|chunk| Chunk {
            topic: None,
            ..chunk
        })
        .collect();
    let again = KnowledgeBase::from_chunks(base.pack().clone(), stored);
    assert_eq!(again.fingerprint(), base.fingerprint());
    let question = "How do I withdraw money without my card?";
    let knowledge::Route::Knowledge { topics, .. } =
        again.route(question, &RouteContext::default())
    else {
        panic!("a banking question is routed elsewhere");
    };
    assert_eq!(
        again.answer(&Question::new(question, &topics), None),
        base.answer(&Question::new(question, &topics), None)
    );
}

const FETCHED: &str = "+++\nsource = \"fetched/help/late\"\ntitle = \"Late\"\ntopic = \"card_lost\"\ndate = \"2026-01-31\"\ncredibility = 0.5\naddress = \"https://www.example.com/late\"\nhash = \"00\"\n+++\n\n# Late\n\nIt is late.\n\n## Why?\n\nBecause.\n";

/// A pack to which this document was fetched.
fn with_fetched(name: &str, document: &str) -> Copy {
    let copy = Copy::new(name);
    let topics = fs::read_to_string(copy.0.join("topics.toml")).unwrap();
    let (_, rest) = topics.split_once("\nid = \"").unwrap();
    let (topic, _) = rest.split_once('"').unwrap();
    fs::create_dir_all(copy.0.join("documents/fetched")).unwrap();
    let file = copy.0.join("documents/fetched/late.md");
    fs::write(file, document.replace("card_lost", topic)).unwrap();
    copy
}

#[test]
fn what_was_fetched_is_a_document_with_day_credibility_and_address() {
    let base = with_fetched("fetched", FETCHED).load().unwrap();
    let mut documents = base.pack().documents.iter();
    let late = documents.find(|document| document.source == "fetched/help/late");
    let late = late.unwrap();
    assert_eq!(late.date.as_deref(), Some("2026-01-31"));
    assert_eq!(late.credibility, Some(0.5));
    assert_eq!(
        late.address.as_deref(),
        Some("https://www.example.com/late")
    );
    assert_eq!(late.text, "It is late.\n\nBecause.");
    assert_eq!(late.asks, ["Why?"]);
}

#[test]
fn a_fetched_document_that_says_what_cannot_be_is_named() {
    for (name, from, to, accepted) in [
        ("fetched-date", "2026-01-31", "31.1.2026", "2026-01-31"),
        ("fetched-credibility", "= 0.5", "= 5.0", "0.0 to 1.0"),
        ("fetched-key", "hash", "hsah", "unknown field"),
    ] {
        let copy = with_fetched(name, &FETCHED.replacen(from, to, 1));
        let error = copy.load().expect_err("the pack is refused");
        assert!(
            error.contains("fetched/late.md") && error.contains(accepted),
            "{error}"
        );
    }
}

#[test]
fn a_pack_of_more_texts_than_a_turn_can_be_compared_with_is_refused() {
    let asks = vec!["\"is it late\""; 100_001].join(", ");
    let document = FETCHED.replacen("date =", &format!("asks = [{asks}]\ndate ="), 1);
    let error = with_fetched("many", &document)
        .load()
        .expect_err("the pack is refused");
    assert!(
        error.contains("documents: texts is") && error.contains("100000 at most"),
        "{error}"
    );
}

#[test]
fn what_a_pack_allows_of_the_web_is_checked() {
    let file = "pack.toml";
    let voice = "[voice]";
    for (name, policy, message) in [
        (
            "web-site",
            "[tool_policy]\nsites = [\"https://a.example\"]\n",
            "tool_policy.sites is \"https://a.example\"; accepted: a host",
        ),
        ("web-key", "[tool_policy]\nweb = true\n", "web_search"),
        ("web-line", "[tool_policy]\nweb_search = 1\n", "boolean"),
    ] {
        check(name, file, voice, &format!("{policy}\n{voice}"), &[message]);
    }
    let line = "according_to = \"They of {site} say so.\"\nanything_else =";
    let message = ["lines.according_to", "{host}", "{sentence}"];
    check("web-words", file, "anything_else =", line, &message);
    let policy = "[tool_policy]\nweb_search = true\nsites = [\"*.a.example\"]\n\n[voice]";
    let copy = Copy::new("web");
    copy.replace(file, voice, policy);
    let base = copy.load().unwrap();
    let settings = &base.pack().settings;
    assert!(settings.tool_policy.web_search);
    let line = settings.lines.looking_up.as_deref();
    assert_eq!(
        line,
        Some("Let me look that up."),
        "the language's own line"
    );
}

#[test]
fn a_fact_that_cannot_be_remembered_is_named() {
    let file = "facts.toml";
    for (name, from, to, message) in [
        (
            "fact-key",
            "key = \"away\"",
            "key = \"selling\"",
            &["fact.key", "selling", "not our own"][..],
        ),
        (
            "fact-twice",
            "key = \"away\"",
            "key = \"answer_style\"",
            &["fact.key", "answer_style", "used once"],
        ),
        (
            "fact-days",
            "holds_days = 60",
            "holds_days = 0",
            &["fact.holds_days", "1 to 3650"],
        ),
        (
            "fact-say",
            "say = \"You like answers that are {value}.\"",
            "say = \"You like answers.\"",
            &["fact.say", "{value}"],
        ),
        (
            "fact-of",
            "many = true",
            "many = true\nof = \"books.author\"",
            &["fact.of", "books.author", "catalogue"],
        ),
        (
            "fact-phrase",
            "phrases = [\"i be travel|travelling|traveling abroad|overseas\"",
            "phrases = [\"the\"",
            &["fact.phrases", "the", "a word"],
        ),
    ] {
        check(name, file, from, to, message);
    }
}
