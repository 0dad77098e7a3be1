//! A catalogue that a scripted model searches, over real HTTP.

use std::sync::LazyLock;

use serde_json::Value;

use super::{
    functions::{calls, results, writes},
    model_server::{Behaviour, ModelServer},
    *,
};
use crate::Withheld;

static SHOP: LazyLock<Arc<KnowledgeBase>> = LazyLock::new(|| {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/shop"));
    Arc::new(KnowledgeBase::load(folder).expect("the shop's pack loads"))
});

/// A question that the documents answer, about a thing that the catalogue lists.
const WARRANTY: &str = "How long is the warranty on a sofa?";
const SEARCH: &str = "search_products";
const OSLO: &str = r#"{"category": ["sofa"], "most_price": 700, "words": "Oslo two-seater"}"#;

async fn asked(
    text: &str,
    behaviours: Vec<Behaviour>,
) -> (Replied, Vec<String>, Vec<Value>, Driver) {
    let server = ModelServer::start(Behaviour::InTurn(behaviours)).await;
    let config = ReplyConfig {
        llm: Some(server.config()),
        ..ReplyConfig::default()
    };
    let replier = Replier::new(Arc::clone(&SHOP), config, None, None);
    let (driver, rows) = conversation(&replier, Vec::new());
    let replied = reply(&driver, text).await;
    (replied, rows.all(), server.requests(), driver)
}

/// The names of the functions that a request offers.
fn offered(request: &Value) -> Vec<String> {
    let tools = request["tools"].as_array().into_iter().flatten();
    let names = tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn rows_that_a_model_searched_may_be_said_and_are_cited_and_leant_on() {
    let said = "The Oslo two-seater costs six hundred and forty-nine dollars. ";
    let script = vec![calls(&[(SEARCH, OSLO)]), writes(said)];
    let (replied, rows, requests, driver) = asked(WARRANTY, script).await;
    assert!(offered(&requests[0]).contains(&SEARCH.to_owned()));
    let results = results(&requests[1]);
    assert!(
        results[0].starts_with("<result tool=\"search_products\" ended=\"success\">")
            && results[0].contains("Oslo two-seater sofa"),
        "{results:?}"
    );
    assert_eq!(replied.text(), said.trim(), "{:?}", replied.meta);
    assert_eq!(replied.meta.model, "small-model");
    let sources = &replied.meta.sources;
    assert!(
        sources
            .iter()
            .any(|source| source.source == "products/sofa-oslo-2"),
        "{sources:?}"
    );
    assert_eq!(rows, [""; 0], "it is answered in the process");
    let next = reply(&driver, "Is it available in grey?").await;
    assert_eq!(next.meta.route, "catalogue", "the next turn leans on it");
}

#[tokio::test]
async fn a_figure_that_no_found_row_has_is_not_said() {
    let said = "The Oslo two-seater costs 649 dollars. The Bergen costs 77 dollars. ";
    let script = vec![calls(&[(SEARCH, OSLO)]), writes(said)];
    let (replied, ..) = asked(WARRANTY, script).await;
    assert!(
        replied
            .text()
            .starts_with("The Oslo two-seater costs 649 dollars.")
    );
    assert!(!replied.text().contains("77"), "{}", replied.text());
    assert_eq!(replied.meta.withheld.get(&Withheld::Figure), Some(&1));
    let without = vec![writes("The Oslo two-seater costs 649 dollars. ")];
    let (replied, ..) = asked(WARRANTY, without).await;
    assert!(
        !replied.text().contains("649"),
        "nobody searched: {}",
        replied.text()
    );
}

#[tokio::test]
async fn wrong_conditions_are_refused_and_told_to_the_model() {
    for (why, arguments) in [
        ("an unknown name", r#"{"category": ["spaceship"]}"#),
        ("another type", r#"{"most_price": "cheap"}"#),
        ("an unknown condition", r#"{"customer": "bob"}"#),
        ("no object", "[1, 2]"),
        ("no JSON", "most_price = 7"),
        ("cut JSON", r#"{"most_price": "#),
    ] {
        let script = vec![
            calls(&[(SEARCH, arguments)]),
            writes("I do not know that. "),
        ];
        let (replied, _, requests, _) = asked(WARRANTY, script).await;
        assert_eq!(replied.text(), "I do not know that.", "{why}");
        let results = results(&requests[1]);
        assert!(
            results[0].contains("ended=\"refused\""),
            "{why}: {results:?}"
        );
    }
}

#[tokio::test]
async fn a_catalogue_is_not_searched_for_small_talk_nor_unasked() {
    for (why, text) in [
        ("small talk", "Hello, how are you?"),
        ("another matter", "How is the weather on the moon?"),
        (
            "nobody named a thing of it",
            "What are your opening hours on Sunday?",
        ),
    ] {
        let script = vec![calls(&[(SEARCH, OSLO)]), writes("I do not know that. ")];
        let (_, _, requests, _) = asked(text, script).await;
        let refused = requests.get(1).map(results);
        assert!(
            refused
                .iter()
                .flatten()
                .all(|result| result.contains("ended=\"refused\"")),
            "{why}: {refused:?}"
        );
        if why != "nobody named a thing of it" {
            let offered = requests.first().map(offered).unwrap_or_default();
            assert!(
                !offered.contains(&SEARCH.to_owned()),
                "{why}: it is offered"
            );
        }
    }
}
