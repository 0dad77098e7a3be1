//! Without a model: what is searched, what is looked up, what is done.

use axum::{Router, http::StatusCode, routing::get};
use outbound::HostList;
use tokio::sync::{Notify, mpsc};
use tools::{CallbackRequest, CallbackTool, Callbacks, LookupConfig, Lookups, ToolError};

use super::{model_server::serve, *};

#[tokio::test]
async fn one_search_is_made_for_a_question_about_the_trade_and_none_for_anything_else() {
    let replier = replier(None);
    for text in [
        "Hello!",
        "Can I speak to a person?",
        "What is my balance?",
        "What is the weather like tomorrow?",
        "Goodbye",
    ] {
        let replied = ask(&replier, text).await;
        let route = &replied.meta.route;
        assert_eq!(
            replier.retrievals(),
            0,
            "{text} was searched for as {route}"
        );
        assert!(
            !replied.sentences.is_empty(),
            "{text} was left without an answer"
        );
        let meta = &replied.meta;
        let claims = !meta.sources.is_empty() || meta.retrieval.is_some();
        assert!(!claims, "{text} claims sources");
    }
    let replied = ask(&replier, "How do I withdraw cash without a card?").await;
    assert_eq!(replier.retrievals(), 1, "it is searched for, once");
    let meta = &replied.meta;
    assert_eq!(
        (meta.route.as_str(), meta.model.as_str()),
        ("knowledge", "extractive")
    );
    assert!(replied.text().contains("*236#"), "{}", replied.text());
    assert!(!meta.sources.is_empty(), "an answer names its sources");
    assert!(meta.retrieval.is_some(), "a search is timed");
}

#[tokio::test]
async fn a_follow_up_stays_on_the_subject_of_the_turns_before() {
    let (driver, _) = conversation(&replier(None), Vec::new());
    let first = reply(&driver, "How do I withdraw cash without a card?").await;
    reply(&driver, "Okay, thanks").await;
    let second = reply(&driver, "And how much does it cost?").await;
    assert_eq!(second.meta.intent, first.meta.intent, "{}", second.text());
}

#[tokio::test]
async fn documents_that_change_serve_the_next_turn() {
    let replier = replier(None);
    let (driver, _) = conversation(&replier, Vec::new());
    let mut pack = BANK.pack().clone();
    pack.documents.clear();
    replier.set_knowledge(Arc::new(KnowledgeBase::new(pack)));
    let replied = reply(&driver, "How do I block my lost card?").await;
    assert_eq!(replied.text(), BANK.pack().settings.lines.unsupported);
    assert!(replied.meta.sources.is_empty(), "nothing supports it");
}

/// A company whose systems answer this.
async fn connected(status: StatusCode, record: &'static str) -> Replier {
    let answer = get(async move || (status, record));
    let url = serve(Router::new().route("/account_balance", answer)).await;
    let config = LookupConfig {
        url: Some(url),
        ..LookupConfig::default()
    };
    let lookups = Lookups::new(config).unwrap();
    Replier::new(
        Arc::clone(&BANK),
        ReplyConfig::default(),
        Some(lookups),
        None,
    )
}

fn proven() -> Event {
    Event::Proven {
        name: "Ana".to_owned(),
        customer: "ana".to_owned(),
    }
}

#[tokio::test]
async fn a_look_up_is_answered_honestly_and_leaves_its_rows() {
    let lookup = BANK.pack().lookup("account_balance").expect("a look-up");
    let problem = BANK.pack().settings.lines.technical_problem.as_str();
    for (status, record, said, outcome) in [
        (
            StatusCode::OK,
            r#"{"amount": "1250.5", "currency": "USD"}"#,
            "Your available balance is 1,250.50 dollars.",
            "success",
        ),
        // A field that the pack describes is missing.
        (
            StatusCode::OK,
            r#"{"amount": "1250.5"}"#,
            problem,
            "success",
        ),
        (
            StatusCode::NOT_FOUND,
            "",
            lookup.unavailable.as_str(),
            "refused",
        ),
        (StatusCode::BAD_GATEWAY, "", problem, "failed"),
    ] {
        let (driver, rows) = conversation(&connected(status, record).await, Vec::new());
        let stranger = reply(&driver, "What is my balance?").await;
        assert_eq!(stranger.text(), lookup.unauthenticated);
        assert_eq!(rows.all(), [""; 0], "nothing is asked about a stranger");
        driver.on(proven());
        let replied = reply(&driver, "What is my balance?").await;
        assert_eq!(replied.text(), said, "from {record}");
        assert_eq!(replied.meta.route, "account_balance");
        let by = if said.contains("1,250.50") {
            "tool"
        } else {
            "pack"
        };
        assert_eq!(replied.meta.model, by);
        assert_eq!(rows.all(), ["account_balance for turn 0", outcome]);
    }
}

/// The bank whose look-up for everybody has its address here.
async fn with_rates(status: StatusCode, record: &'static str, token: Option<&str>) -> Replier {
    let answer = get(async move || (status, record));
    let url = serve(Router::new().route("/rates/EUR", answer)).await;
    let mut pack = BANK.pack().clone();
    let lookup = pack.lookups.iter_mut().find(|l| l.name == "exchange_rate");
    let lookup = lookup.expect("the bank declares it");
    lookup.address = Some(format!("{url}rates/{{currency}}"));
    let config = LookupConfig {
        private_hosts: HostList::new(["127.0.0.1"]).unwrap(),
        tokens: token
            .map(|token| ("LOOKUP_TOKEN_RATES".to_owned(), token.into()))
            .into_iter()
            .collect(),
        ..LookupConfig::default()
    };
    let lookups = Some(Lookups::new(config).unwrap());
    let base = Arc::new(KnowledgeBase::new(pack));
    Replier::new(base, ReplyConfig::default(), lookups, None)
}

#[tokio::test]
async fn a_look_up_for_everybody_is_asked_with_what_the_caller_says() {
    let lookup = BANK.pack().lookup("exchange_rate").expect("a look-up");
    let replier = with_rates(StatusCode::OK, r#"{"rate": 0.9150}"#, Some("secret")).await;
    let (driver, rows) = conversation(&replier, Vec::new());
    let asked = reply(&driver, "What is the exchange rate today?").await;
    assert_eq!(Some(asked.text()), lookup.ask, "which currency?");
    let told = reply(&driver, "Euros please").await;
    assert_eq!(told.text(), "Today one dollar is 0.915 euros with us.");
    assert_eq!(
        (&*told.meta.route, &*told.meta.model),
        ("exchange_rate", "tool")
    );
    assert_eq!(rows.all(), ["exchange_rate for turn 0", "success"]);
    assert_eq!(replier.retrievals(), 0, "no document was asked");
    let unknown = reply(&driver, "And the exchange rate today for the pound?").await;
    assert_eq!(unknown.text(), lookup.unavailable, "that one is not known");
}

#[tokio::test]
async fn without_its_credential_the_documents_answer_what_it_would() {
    let replier = with_rates(StatusCode::OK, r#"{"rate": 0.9150}"#, None).await;
    let missing: Vec<String> = replier
        .not_connected()
        .iter()
        .map(ToString::to_string)
        .filter(|reason| reason.contains("LOOKUP_TOKEN_RATES"))
        .collect();
    assert_eq!(
        missing.len(),
        1,
        "it is named: {:?}",
        replier.not_connected()
    );
    let replied = ask(&replier, "What is the exchange rate for euros today?").await;
    assert_eq!(replied.meta.route, "knowledge");
    let sources = replied.meta.sources.iter();
    let sources: Vec<&str> = sources.map(|source| &*source.source).collect();
    assert_eq!(sources, ["bank/foreign-exchange"], "{}", replied.text());
}

/// A list of callbacks that is slow to take one.
#[derive(Default)]
struct SlowList {
    asked: Notify,
    answer: Notify,
}

impl Callbacks for SlowList {
    fn record(&self, _: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        Box::pin(async {
            self.asked.notify_one();
            self.answer.notified().await;
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_deed_comes_to_its_end_although_the_reply_that_asked_for_it_is_cut_off() {
    let list = Arc::new(SlowList::default());
    let tool = Arc::new(CallbackTool::new(list.clone()));
    let (driver, rows) = conversation(&replier(None), vec![tool]);
    for said in [
        "Can I speak to a person?",
        "Yes",
        "On +263 771 234 567",
        "As soon as possible",
    ] {
        reply(&driver, said).await;
    }
    let (out, _events) = mpsc::channel(2);
    tokio::select! {
        () = driver.reply_to(turn("Yes")).write(out) => panic!("the list has not answered"),
        () = list.asked.notified() => {}
    }
    driver.on(Event::ReplyCancelled);
    assert!(!driver.has_done(CallbackTool::NAME));
    list.answer.notify_one();
    driver.close(std::time::Duration::from_secs(30)).await;
    assert!(driver.has_done(CallbackTool::NAME));
    assert_eq!(rows.all(), ["callback for turn 0", "success"]);
}
