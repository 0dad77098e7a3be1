//! Without a model: what is said, what is searched, what is done.

use super::super::{Awaiting, CallAction, CallerContext, ReplyConfig};
use super::{BANK, Replier, asks, replier, reply, says};
use call::{Channel, Speaker};
use knowledge::KnowledgeBase;
use std::sync::Arc;
use tools::{LookupConfig, Lookups};

fn phone() -> CallerContext {
    CallerContext {
        channel: Channel::Phone,
        ..CallerContext::default()
    }
}

#[tokio::test]
async fn only_questions_about_the_trade_are_searched_for() {
    let replier = replier(None, None);
    for text in [
        "Hello!",
        "Thank you very much",
        "Who are you?",
        "Can you repeat that?",
        "Can I speak to a person?",
        "What is my balance?",
        "I want to verify my identity",
        "What is the weather like tomorrow?",
        "Yes",
        "No",
        "Goodbye",
    ] {
        let replied = reply(&replier, asks(text)).await;
        assert_eq!(
            replier.retrievals(),
            0,
            "{text} went to retrieval as {}",
            replied.meta.route
        );
        assert!(
            !replied.sentences.is_empty(),
            "{text} was left without an answer"
        );
        assert!(
            replied.meta.sources.is_empty() && replied.meta.retrieval.is_none(),
            "{text} claims sources"
        );
    }
    let replied = reply(&replier, asks("How do I withdraw cash without a card?")).await;
    assert_eq!(
        replier.retrievals(),
        1,
        "a banking question is searched for, once"
    );
    assert_eq!(
        (replied.meta.route.as_str(), replied.meta.model.as_str()),
        ("knowledge", "extractive")
    );
    assert!(replied.text().contains("*236#"), "{}", replied.text());
    assert!(
        !replied.meta.sources.is_empty(),
        "an answer names its sources"
    );
    assert!(replied.meta.retrieval.is_some(), "a search is timed");
}

#[tokio::test]
async fn a_follow_up_stays_on_the_subject_of_the_turns_before() {
    let replier = replier(None, None);
    let first = reply(&replier, asks("How do I withdraw cash without a card?")).await;
    let history = [
        (Speaker::Caller, "How do I withdraw cash without a card?"),
        (Speaker::Agent, "Dial *236#."),
        (Speaker::Caller, "Okay, thanks"),
        (Speaker::Agent, "You are welcome."),
    ];
    let second = reply(
        &replier,
        says(
            "And how much does it cost?",
            CallerContext::default(),
            &history,
        ),
    )
    .await;
    assert_eq!(second.meta.intent, first.meta.intent, "{}", second.text());
}

#[tokio::test]
async fn a_phone_call_is_offered_a_transfer_and_put_through_on_consent() {
    let replier = replier(None, Some("+14155550100"));
    let offer = reply(&replier, says("Can I speak to a person?", phone(), &[])).await;
    assert_eq!(
        (offer.meta.action, offer.meta.awaiting),
        (None, Awaiting::TransferConsent)
    );
    let caller = CallerContext {
        awaiting: offer.meta.awaiting,
        ..phone()
    };
    for yes in ["Yes please", "Yes", "I want a human"] {
        let agreed = reply(&replier, says(yes, caller.clone(), &[])).await;
        assert_eq!(
            agreed.meta.action,
            Some(CallAction::Transfer),
            "{yes}: {}",
            agreed.text()
        );
        assert_eq!(agreed.meta.awaiting, Awaiting::None);
    }
    let declined = reply(&replier, says("No, thanks", caller, &[])).await;
    assert_eq!(
        (declined.meta.action, declined.meta.awaiting),
        (None, Awaiting::None)
    );
    assert_eq!(declined.text(), BANK.pack().settings.lines.offer_declined);
}

#[tokio::test]
async fn where_no_transfer_is_possible_a_callback_is_offered() {
    for (replier, caller) in [
        (replier(None, None), phone()),
        (
            replier(None, Some("+14155550100")),
            CallerContext::default(),
        ),
    ] {
        let offer = reply(
            &replier,
            says("I want to talk to a human", caller.clone(), &[]),
        )
        .await;
        assert_eq!(
            offer.meta.awaiting,
            Awaiting::CallbackConsent,
            "{}",
            offer.text()
        );
        let caller = CallerContext {
            awaiting: offer.meta.awaiting,
            ..caller
        };
        let agreed = reply(&replier, says("Yes", caller, &[])).await;
        assert_eq!(agreed.meta.action, Some(CallAction::Callback));
    }
}

#[tokio::test]
async fn an_unanswered_offer_lapses_with_another_question_and_survives_a_mumble() {
    let replier = replier(None, None);
    let caller = CallerContext {
        awaiting: Awaiting::CallbackConsent,
        ..CallerContext::default()
    };
    let other = reply(&replier, says("I lost my card", caller.clone(), &[])).await;
    assert_eq!(
        (other.meta.route.as_str(), other.meta.awaiting),
        ("knowledge", Awaiting::None)
    );
    let mumble = reply(&replier, says("Flurb", caller, &[])).await;
    assert_eq!(
        (mumble.meta.route.as_str(), mumble.meta.awaiting),
        ("unclear", Awaiting::CallbackConsent)
    );
}

#[tokio::test]
async fn a_question_that_no_document_answers_is_not_answered() {
    for (line, awaiting) in [
        (
            "I do not know. Shall I have someone call you?",
            Awaiting::CallbackConsent,
        ),
        ("I do not know. Ask me for a person.", Awaiting::None),
    ] {
        // The same pack without its documents: every banking question is beyond it.
        let mut pack = BANK.pack().clone();
        line.clone_into(&mut pack.settings.lines.unsupported);
        let replier = replier(None, None);
        pack.documents.clear();
        replier.set_knowledge(Arc::new(KnowledgeBase::new(pack)));
        let replied = reply(&replier, asks("How do I block my lost card?")).await;
        assert_eq!(replied.text(), line);
        assert!(replied.meta.sources.is_empty(), "nothing supports it");
        assert_eq!(replied.meta.awaiting, awaiting, "{line}");
    }
}

#[tokio::test]
async fn the_last_words_are_repeated() {
    let replier = replier(None, None);
    let history = [
        (Speaker::Agent, "Dial *236#. Choose option 2."),
        (Speaker::Caller, "Hm"),
    ];
    let repeated = reply(
        &replier,
        says("Can you repeat that?", CallerContext::default(), &history),
    )
    .await;
    assert_eq!(repeated.sentences, ["Dial *236#.", "Choose option 2."]);
    assert_eq!(repeated.meta.action, Some(CallAction::Repeat));
    let first = reply(&replier, asks("Can you repeat that?")).await;
    assert_eq!(
        (first.text(), first.meta.action),
        (BANK.pack().settings.lines.nothing_to_repeat.clone(), None)
    );
}

#[tokio::test]
async fn goodbye_ends_the_call_and_so_does_no_to_anything_else() {
    let replier = replier(None, None);
    let lines = &BANK.pack().settings.lines;
    let goodbye = reply(&replier, asks("Goodbye")).await;
    assert_eq!(
        (goodbye.text(), goodbye.meta.action),
        (lines.goodbye.clone(), Some(CallAction::HangUp))
    );
    let history = [(Speaker::Agent, lines.anything_else.as_str())];
    let done = reply(&replier, says("No", CallerContext::default(), &history)).await;
    assert_eq!(done.meta.action, Some(CallAction::HangUp));
    let no = reply(&replier, asks("No")).await;
    assert_eq!(
        (no.text(), no.meta.action),
        (lines.anything_else.clone(), None)
    );
}

#[tokio::test]
async fn the_way_to_authenticate_fits_the_caller() {
    let replier = replier(None, None);
    let lines = &BANK.pack().settings.lines;
    let able = |channel| CallerContext {
        channel,
        can_authenticate: true,
        ..CallerContext::default()
    };
    let known = CallerContext {
        authenticated_name: Some("Ana".to_owned()),
        ..able(Channel::Web)
    };
    for (caller, line) in [
        (able(Channel::Web), &lines.authenticate_web),
        (able(Channel::Phone), &lines.authenticate_phone),
        (phone(), &lines.authentication_unavailable),
        (known, &lines.already_authenticated),
    ] {
        let replied = reply(&replier, says("I want to log in", caller, &[])).await;
        assert_eq!(&replied.text(), line);
    }
}

#[tokio::test]
async fn a_look_up_is_answered_honestly_with_and_without_access() {
    let lookup = BANK.pack().lookup("account_balance").expect("a look-up");
    let lines = &BANK.pack().settings.lines;
    let known = CallerContext {
        authenticated_name: Some("Ana".to_owned()),
        customer: Some("ana".to_owned()),
        ..CallerContext::default()
    };
    let unconnected = replier(None, None);
    let stranger = reply(&unconnected, asks("What is my balance?")).await;
    assert_eq!(stranger.text(), lookup.unauthenticated);
    assert_eq!(stranger.meta.route, "account_balance");
    let asks = says("What is my balance?", known, &[]);
    let without_access = reply(&unconnected, asks.clone()).await;
    assert_eq!(without_access.text(), lookup.unavailable);

    let connected = |url| {
        let lookups = Lookups::new(LookupConfig { url, token: None }).unwrap();
        Replier::new(Arc::clone(&BANK), ReplyConfig::default(), Some(lookups))
    };
    for (record, said) in [
        (
            r#"{"amount": "1250.5", "currency": "USD"}"#,
            "Your available balance is 1,250.50 dollars.",
        ),
        // A field that the pack describes is missing.
        (r#"{"amount": "1250.5"}"#, lines.technical_problem.as_str()),
    ] {
        let system = super::model_server::serve(
            axum::Router::new().route("/account_balance", axum::routing::get(async move || record)),
        );
        let replied = reply(&connected(system.await), asks.clone()).await;
        assert_eq!(replied.text(), said, "from {record}");
        let found = said.contains("1,250.50");
        assert_eq!(replied.meta.model, if found { "tool" } else { "pack" });
    }
    let nowhere = connected("http://127.0.0.1:1/".to_owned());
    let failed = reply(&nowhere, asks).await;
    assert_eq!(failed.text(), lines.technical_problem);
}
