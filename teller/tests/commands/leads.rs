//! Leads from what callers said to `teller leads`: the bank's words, the rules, a real PostgreSQL and the built program.

use std::process::Output;

use chrono::Utc;
use database::{
    Channel, LeadEventRepository, MessageRepository, MessageSealer, NewLeadEvent, NewLeadEvents,
    NewMessage, NewSession, ProfileId, Role, SessionId, SessionRepository,
    test_support::TestDatabase,
};
use jobs::{Finalizer, Moments, summary_rules};
use record::LeadScores;
use serde_json::{Value, json};

use crate::support::{fixtures::root, program::teller};

/// A company's rules over calls of one device.
struct Bank {
    test: TestDatabase,
    finalizer: Finalizer,
    device: &'static str,
}

impl Bank {
    async fn new(device: &'static str) -> Self {
        Self::of("packs/bank", device).await
    }

    async fn of(pack: &str, device: &'static str) -> Self {
        let test = TestDatabase::new().await;
        let pack = knowledge::Pack::load(&root().join(pack)).unwrap();
        let moments = Moments::new(&test.db, jobs::trade(&pack).into());
        let rules = summary_rules(&pack).into();
        Self {
            finalizer: Finalizer::new(&test.db, rules).with_moments(moments),
            test,
            device,
        }
    }

    async fn start(&self) -> (SessionId, ProfileId, MessageSealer) {
        let new = NewSession {
            id: SessionId::new(),
            room_id: "room".into(),
            participant_id: "participant".into(),
            anonymous_id: Some(self.device.into()),
            channel: Channel::Web,
            caller_number: None,
            worker_id: None,
            started_at: Utc::now(),
        };
        let key = self.test.db.keys().new_session_key().unwrap();
        let sessions = SessionRepository::new(&self.test.db);
        let started = sessions.start(&new, &key).await.unwrap();
        (new.id, started.profile_id, MessageSealer::new(new.id, key))
    }

    /// A call in which this was said, each time answered so.
    async fn call(&self, said: &[&str], meta: &Value) -> (SessionId, ProfileId) {
        let (session, profile, mut sealer) = self.start().await;
        let mut messages = Vec::new();
        for words in said {
            let seq = i32::try_from(messages.len()).unwrap();
            let asked = NewMessage::new(session, seq, Role::User, *words, Utc::now());
            let mut reply =
                NewMessage::new(session, seq + 1, Role::Assistant, "A reply.", Utc::now());
            reply.meta = meta.clone();
            reply.intent = meta["intent"].as_str().map(str::to_owned);
            messages.push(sealer.seal(asked).unwrap());
            messages.push(sealer.seal(reply).unwrap());
        }
        let repository = MessageRepository::new(&self.test.db);
        repository.insert_batch(&messages).await.unwrap();
        assert!(self.finalizer.summarize(session).await.unwrap());
        (session, profile)
    }

    async fn settle(&self) {
        let scores = LeadScores::new(&self.test.db);
        while scores.settle(Utc::now(), 50).await.unwrap() > 0 {}
    }

    async fn score(&self, profile: ProfileId) -> database::LeadScoreRow {
        self.settle().await;
        let scores = LeadScores::new(&self.test.db);
        scores.get(profile).await.unwrap().expect("a score")
    }

    /// What counts of a call, without how its turns sound.
    async fn events(&self, session: SessionId) -> Vec<String> {
        let repository = LeadEventRepository::new(&self.test.db);
        let events = repository.by_session(session).await.unwrap().into_iter();
        let events = events.filter(|one| one.kind != "sentiment");
        events.map(|one| one.cause).collect()
    }

    async fn leads(&self, arguments: &[&str]) -> Output {
        let command = [&["leads"], arguments, &["--actor", "ann"]].concat();
        teller(&self.test, &command).await
    }
}

fn answered() -> Value {
    json!({"kind": "reply", "route": "knowledge", "model": "extractive", "sources": [{"source": "s"}]})
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[tokio::test]
async fn what_is_spoken_of_three_times_is_of_high_interest_and_the_score_rises() {
    let bank = Bank::new("tablet").await;
    let asks = "What does funeral insurance cost?";
    let (_, profile) = bank.call(&[asks, asks], &answered()).await;
    let twice = bank.score(profile).await;
    assert_eq!(twice.facts["views"], json!({"insurance": 2}));
    assert_eq!(
        twice.facts["interests"].get("insurance"),
        None,
        "named, no more"
    );
    let (session, again) = bank.call(&[asks], &answered()).await;
    assert_eq!(again, profile, "the same device");
    let thrice = bank.score(profile).await;
    assert_eq!(thrice.facts["interests"]["insurance"], "high");
    assert!(
        thrice.total_score > twice.total_score + 2.0,
        "{} after {}",
        thrice.total_score,
        twice.total_score
    );
    let once = bank.events(session).await;
    assert!(bank.finalizer.summarize(session).await.unwrap());
    assert_eq!(
        bank.events(session).await,
        once,
        "a second look adds nothing"
    );
    assert_eq!(bank.score(profile).await.scored_at, thrice.scored_at);
}

#[tokio::test]
async fn a_row_of_what_is_sold_that_was_told_three_times_is_of_high_interest() {
    let seller = Bank::of("packs/property", "tablet").await;
    let told = json!({"kind": "reply", "route": "knowledge", "model": "extractive", "intent": "homes",
        "sources": [{"source": "homes/gw-2b-01"}, {"source": "property/offers"}]});
    let asks = "Tell me about the garden flat at Greenwood Residency";
    let (session, profile) = seller.call(&[asks, asks, asks], &told).await;
    let seen = |seq: i32, what: &str| format!("turn:{seq}:product_seen:{what}");
    // The estate that the caller spoke of, and the home in it that they were told of: each is a thing that is sold.
    let (estate, home) = ("greenwood_residency", "homes/gw-2b-01");
    let turns = [0, 2, 4].map(|seq| [seen(seq, estate), seen(seq + 1, home)]);
    assert_eq!(seller.events(session).await, turns.concat());
    let score = seller.score(profile).await;
    assert_eq!(score.facts["views"], json!({estate: 3, home: 3}));
    assert_eq!(
        score.facts["interests"],
        json!({estate: "high", home: "high"})
    );
}

#[tokio::test]
async fn an_appointment_that_was_booked_counts_and_a_task_that_is_none_does_not() {
    let bank = Bank::new("tablet").await;
    let wants = "I would like to buy a house and apply for a home loan";
    let deed =
        |route: &str| json!({"kind": "reply", "route": route, "model": "deed", "sources": []});
    let (session, profile) = bank.call(&[wants], &deed("book_appointment")).await;
    let events = bank.events(session).await;
    assert!(
        events.contains(&"turn:1:appointment".to_owned()),
        "{events:?}"
    );
    let booked = bank.score(profile).await;
    assert_eq!((booked.appointments, booked.callbacks), (1, 0));
    let mut rest = deed("book_appointment");
    rest["continues"] = true.into();
    let (session, _) = bank.call(&["Mhm"], &rest).await;
    let events = bank.events(session).await;
    assert!(
        !events.iter().any(|cause| cause.contains("appointment")),
        "the rest of what was said is no second appointment: {events:?}"
    );
    let (session, _) = bank.call(&["Block my card"], &deed("block_card")).await;
    let events = bank.events(session).await;
    assert!(
        !events.iter().any(|cause| cause.starts_with("turn:1:")),
        "{events:?}"
    );
}

#[tokio::test]
async fn who_lost_a_card_is_no_lead_for_it_and_nothing_is_sold_for_a_week() {
    let bank = Bank::new("tablet").await;
    let lost = "Somebody stole my credit card, please block it now!";
    let (session, profile) = bank.call(&[lost], &answered()).await;
    let events = bank.events(session).await;
    assert!(
        events.iter().all(|cause| cause.contains(":selling_off:")) && !events.is_empty(),
        "distress speaks for wanting nothing: {events:?}"
    );
    let score = bank.score(profile).await;
    assert_eq!(score.wanted, 0);
    let until = score.selling_off_until.expect("nothing is sold");
    assert_eq!((until - score.last_event_at.unwrap()).num_days(), 7);
    let said = told(&bank.leads(&["all"]).await);
    assert!(said.contains("nothing is sold until"), "{said}");
}

/// A person of whom this is known, in so many calls; the numbers of the documents' example are in `insight`.
async fn known(bank: &Bank, calls: usize, causes: &[(&str, Option<&str>, i16)]) -> ProfileId {
    let mut owner = None;
    for place in 0..calls {
        let (session, profile, _) = bank.start().await;
        owner = Some(profile);
        let events = causes.iter().filter(|_| place == 0).enumerate();
        let events = events.map(|(cause, (kind, item, value))| NewLeadEvent {
            cause: format!("turn:{cause}:{kind}"),
            kind: (*kind).to_owned(),
            item: item.map(str::to_owned),
            value: *value,
        });
        let new = NewLeadEvents {
            session_id: session,
            happened_at: Utc::now(),
            events: events.collect(),
        };
        let repository = LeadEventRepository::new(&bank.test.db);
        repository.insert(&[new]).await.unwrap();
    }
    bank.settle().await;
    owner.expect("a call")
}

#[tokio::test]
async fn hot_leads_are_found_with_the_reason_of_each_part_and_every_look_is_on_record() {
    let mut bank = Bank::new("tablet").await;
    let mut hot = vec![
        ("interest", Some("home_loan"), 3),
        ("interest", Some("savings_account"), 2),
        ("appointment", Some("book_appointment"), 1),
        ("callback", None, 1),
        ("sentiment", None, 100),
        ("qualification", Some("need"), 1),
    ];
    let wanting = known(&bank, 5, &hot).await;
    bank.device = "phone";
    hot.push(("qualification", Some("timing"), 1));
    let qualified = known(&bank, 7, &hot).await;
    bank.device = "kiosk";
    known(&bank, 1, &[("product_seen", Some("insurance"), 1)]).await;

    let output = bank.leads(&["hot", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let leads: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown: Vec<(&Value, &Value)> = leads
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| (&lead["profile_id"], &lead["shown"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!(qualified), &json!("hot")),
            (&json!(wanting), &json!("warm (unqualified)"))
        ]
    );
    let parts = leads[0]["intent"]["parts"].as_array().unwrap();
    assert_eq!(
        parts[1],
        json!({"name": "appointments", "points": 3.0, "reason": "1 appointments"})
    );
    assert_eq!(leads[0]["calls"].as_array().unwrap().len(), 5);

    let said = told(&bank.leads(&["intent"]).await);
    assert!(
        said.contains("2 leads") && said.contains("3.0 1 appointments"),
        "{said}"
    );
    let nobody = bank.leads(&["stuck"]).await;
    assert_eq!(nobody.status.code(), Some(1), "{}", told(&nobody));
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'leads.listed' AND actor = 'ann'";
    let client = bank.test.client().await;
    let audited: i64 = client.query_one(audited, &[]).await.unwrap().get(0);
    assert_eq!(audited, 3, "whoever looks at leads is on record");
    let nameless = teller(&bank.test, &["leads", "hot"]).await;
    assert_eq!(nameless.status.code(), Some(2), "{}", told(&nameless));
}

#[tokio::test]
async fn a_thousand_hesitations_make_somebody_stuck_and_break_no_bound() {
    let bank = Bank::new("tablet").await;
    let (session, profile, _) = bank.start().await;
    let event = |cause: usize, kind: &str, item: &str, value| NewLeadEvent {
        cause: format!("turn:{cause}:{kind}:{item}"),
        kind: kind.to_owned(),
        item: Some(item.to_owned()),
        value,
    };
    let mut events: Vec<_> = (0..1000)
        .map(|cause| event(cause, "objection", "price", 1))
        .collect();
    events.push(event(1000, "interest", "home_loan", 3));
    let new = NewLeadEvents {
        session_id: session,
        happened_at: Utc::now(),
        events,
    };
    let repository = LeadEventRepository::new(&bank.test.db);
    assert_eq!(repository.insert(&[new]).await.unwrap(), 1001);
    let score = bank.score(profile).await;
    assert_eq!((score.objections, score.wanted), (1000, 1));
    assert!((0.0..=20.0).contains(&score.second_score));
    let said = told(&bank.leads(&["stuck"]).await);
    assert!(
        said.contains("1000 objections") && said.contains("1 leads"),
        "{said}"
    );
}

#[tokio::test]
async fn the_help_says_what_is_counted_and_from_when_on_somebody_is_hot() {
    let bank = Bank::new("tablet").await;
    let said = told(&teller(&bank.test, &["leads", "--help"]).await);
    for part in ["15 and more: hot", "docs/leads.md", "stuck", "Exit codes"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
