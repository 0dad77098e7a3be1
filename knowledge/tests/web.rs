//! What of a question is sent to a search engine, and which page answers it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]
use std::path::Path;

use knowledge::{GroundingMode, KnowledgeBase, Pack, Question, WebPage};

fn pack() -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
    Pack::load(&folder).unwrap()
}

fn page(host: &str, text: &str) -> WebPage {
    WebPage {
        url: format!("https://{host}/{}", text.len()),
        host: host.to_owned(),
        title: "A page".to_owned(),
        text: text.to_owned(),
    }
}

fn answer(base: &KnowledgeBase, question: &str, pages: &[WebPage]) -> Option<(String, String)> {
    let found = base.answer_with_web(&Question::new(question, &[]), pages)?;
    Some((found.host, found.sentence))
}

#[test]
fn a_query_holds_what_is_asked_and_nothing_of_who_asks() {
    let base = KnowledgeBase::new(pack());
    for (said, sent) in [
        (
            "Um, who wrote the oldest atlas?",
            Some("wrote oldest atlas"),
        ),
        (
            "My name is Rudo Moyo and I want the oldest atlas of 1999.",
            Some("oldest atlas 1999"),
        ),
        (
            "This is Ana, call me on 0771 234 567: the oldest atlas?",
            Some("oldest atlas"),
        ),
        (
            "My card [card number] and pin [PIN] for the oldest atlas",
            Some("card pin oldest atlas"),
        ),
        (
            "Dial *236# for the atlas of thirty five maps",
            Some("dial atlas maps"),
        ),
        ("ana@example.com seventy", None),
        ("Tendai's atlas, please", None),
        ("", None),
    ] {
        let query = base.web_query(&Question::new(said, &[]), &["Tendai", "+263 77 123"]);
        assert_eq!(query.as_deref(), sent, "{said:?}");
    }
    let long = "atlas ".to_owned() + &"another word of everything besides ".repeat(50);
    let query = base.web_query(&Question::new(&long, &[]), &[]).unwrap();
    assert!(query.len() <= 200, "a query is bounded: {query}");
}

#[test]
fn a_page_that_speaks_of_what_is_asked_answers_with_a_whole_sentence() {
    let base = KnowledgeBase::new(pack());
    let pages = [
        page(
            "cook.example",
            "Bread needs flour, water and much patience. It rises.",
        ),
        page(
            "www.maps.example",
            "of all. The oldest printed atlas with copper maps is of 1477. See www.maps.example/atlas for the oldest atlas. The oldest printed atlas is",
        ),
    ];
    let question = "Which is the oldest printed atlas with copper maps?";
    let expected = (
        "maps.example",
        "The oldest printed atlas with copper maps is of 1477.",
    );
    let found = answer(&base, question, &pages);
    let found = found.as_ref().map(|(host, said)| (&**host, &**said));
    assert_eq!(found, Some(expected));
    assert_eq!(
        answer(&base, question, &pages[..1]),
        None,
        "bread is no answer"
    );
    assert_eq!(answer(&base, question, &[]), None);
}

#[test]
fn what_cannot_be_spoken_is_no_answer() {
    let base = KnowledgeBase::new(pack());
    let long = format!(
        "The oldest printed atlas {}is of 1477.",
        "with copper maps ".repeat(30)
    );
    for text in [
        "the oldest printed atlas with copper maps is of 1477.",
        "The oldest printed atlas with copper maps is ...",
        "The oldest printed atlas with copper maps",
        "Which is the oldest printed atlas with copper maps?",
        "The oldest printed atlas with copper maps is at https://maps.example/atlas today.",
        &long,
    ] {
        let found = answer(
            &base,
            "Which is the oldest printed atlas with copper maps?",
            &[page("a.example", text)],
        );
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn the_documents_answer_first_but_where_it_must_be_fresh() {
    let base = KnowledgeBase::new(pack());
    let hours = [page(
        "city.example",
        "The latest opening hours of the library this week are 9 to 5.",
    )];
    assert_eq!(answer(&base, "What are your opening hours?", &hours), None);
    let fresh = answer(
        &base,
        "What are the latest opening hours this week?",
        &hours,
    );
    assert_eq!(fresh.map(|(host, _)| host).as_deref(), Some("city.example"));
    for (text, is_fresh) in [
        ("the latest news about it", true),
        ("what is the price today", true),
        ("are you open today", false),
        ("what is my current fine", false),
    ] {
        assert_eq!(base.asks_for_fresh(text), is_fresh, "{text}");
    }
}

#[test]
fn a_strict_pack_needs_a_second_source() {
    let mut pack = pack();
    pack.settings.grounding_mode = GroundingMode::Strict;
    let base = KnowledgeBase::new(pack);
    let one = page(
        "a.example",
        "The oldest printed atlas with copper maps is of 1477.",
    );
    let other = page(
        "b.example",
        "An oldest printed atlas with copper maps came in 1477.",
    );
    let question = "Which is the oldest printed atlas with copper maps?";
    assert_eq!(answer(&base, question, std::slice::from_ref(&one)), None);
    assert!(
        answer(&base, question, &[one, other]).is_some(),
        "two sources say it"
    );
}
