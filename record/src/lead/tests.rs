//! The score that is stored is the formula's of a person's events, whatever was told again, merged and taken apart.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use database::{
    Channel, LeadEventRepository, LeadList, NewSession, ProfileRepository, SessionRepository,
    test_support::TestDatabase,
};
use insight::lead::{Facts, Happening, LeadKind, Selling};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::*;

/// Kind, thing, value, cause, seconds; one cause is one event.
type Drawn = (usize, (LeadKind, Option<&'static str>), i16, u8, i64);

fn any_event() -> impl Strategy<Value = Drawn> {
    let what = prop_oneof![
        4 => Just((LeadKind::ProductSeen, Some("cards"))),
        2 => Just((LeadKind::ProductSeen, Some("loans"))),
        2 => Just((LeadKind::Interest, Some("loans"))),
        1 => Just((LeadKind::Interest, Some("savings"))),
        1 => Just((LeadKind::Objection, Some("price"))),
        1 => Just((LeadKind::Callback, None)),
        1 => Just((LeadKind::Appointment, Some("book_visit"))),
        1 => Just((LeadKind::DocumentSent, Some("send_link"))),
        5 => Just((LeadKind::Sentiment, None)),
        1 => Just((LeadKind::Qualification, Some("need"))),
        1 => Just((LeadKind::Qualification, Some("timing"))),
        1 => Just((LeadKind::SellingOff, Some("theft"))),
        1 => Just((LeadKind::SellingOff, Some("fraud"))),
    ];
    (0..3_usize, what, -100..=100_i16, 0..12_u8, 0..9_i64)
}

/// Four calls: two of a device, one of another, one of a third.
struct People {
    test: TestDatabase,
    calls: Vec<SessionId>,
    owners: Vec<ProfileId>,
}

async fn call(test: &TestDatabase, device: &str) -> (SessionId, ProfileId) {
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".to_owned(),
        participant_id: "participant".to_owned(),
        anonymous_id: Some(device.to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now(),
    };
    let key = test.db.keys().new_session_key().expect("random bytes");
    let sessions = SessionRepository::new(&test.db);
    let started = sessions.start(&new, &key).await.expect("a call");
    (new.id, started.profile_id)
}

impl People {
    async fn new(test: TestDatabase, devices: [&str; 3]) -> Self {
        let (mut calls, mut owners) = (Vec::new(), Vec::new());
        for device in devices {
            let (session, owner) = call(&test, device).await;
            calls.push(session);
            owners.push(owner);
        }
        Self {
            test,
            calls,
            owners,
        }
    }

    fn happenings(&self, drawn: &[Drawn], from: DateTime<Utc>) -> Vec<Happening> {
        let mut seen = BTreeSet::new();
        let all = drawn.iter().map(|(call, (kind, item), value, cause, at)| {
            let cause = format!(
                "turn:{cause}:{}:{}",
                kind.as_str(),
                item.unwrap_or_default()
            );
            Happening {
                session: self.calls[*call],
                what: Happened {
                    cause,
                    kind: *kind,
                    item: item.map(str::to_owned),
                    value: *value,
                },
                at: from + TimeDelta::seconds(*at),
            }
        });
        all.filter(|one| seen.insert((one.session, one.what.cause.clone())))
            .collect()
    }

    async fn tell(&self, happenings: &[Happening]) {
        let rows: Vec<NewLeadEvents> = happenings
            .iter()
            .filter_map(|one| lead_events(one.session, [one.what.clone()], one.at))
            .collect();
        let told = LeadEventRepository::new(&self.test.db).insert(&rows).await;
        told.expect("storing events");
    }

    /// What is stored of a person after everything that was due, and what the formula says of these calls.
    async fn compare(
        &self,
        person: ProfileId,
        calls: &[usize],
        happenings: &[Happening],
    ) -> Result<LeadScoreRow, TestCaseError> {
        let now = Utc::now();
        let scores = LeadScores::new(&self.test.db);
        while scores.settle(now, 2).await.expect("scoring") > 0 {}
        let stored = scores.get(person).await.expect("reading");
        let stored = stored.ok_or_else(|| TestCaseError::fail("no score"))?;
        let calls: BTreeSet<SessionId> = calls.iter().map(|call| self.calls[*call]).collect();
        let theirs = happenings.iter().filter(|one| calls.contains(&one.session));
        let theirs: Vec<Happening> = theirs.cloned().collect();
        let facts = Facts::of(&calls, &theirs).with_fields(&[]);
        prop_assert_eq!(&stored.facts, &json!(facts));
        let expected = score(&facts, stored.scored_at);
        prop_assert_eq!(stored.total_score, expected.total);
        prop_assert_eq!(stored.second_score, expected.second.total);
        prop_assert_eq!(&stored.lead_temperature, expected.temperature.as_str());
        prop_assert_eq!(stored.is_qualified, expected.is_qualified);
        prop_assert_eq!(stored.events as usize, theirs.len());
        Ok(stored)
    }
}

/// Told in any order and again, merged into one person, taken apart.
async fn one_story(drawn: &[Drawn], again: &[prop::sample::Index]) -> Result<(), TestCaseError> {
    let test = TestDatabase::new().await;
    let people = People::new(test, ["device-one", "device-two", "device-three"]).await;
    let profiles = ProfileRepository::new(&people.test.db);
    let from = DateTime::from_timestamp(1_750_000_000, 0).expect("an instant");
    let happenings = people.happenings(drawn, from);
    people.tell(&happenings).await;
    let [one, two, three] = people.owners[..] else {
        return Err(TestCaseError::fail("three people"));
    };
    let before = people.compare(one, &[0], &happenings).await?;
    if !happenings.is_empty() {
        let replayed: Vec<Happening> = again.iter().map(|at| at.get(&happenings).clone()).collect();
        people.tell(&replayed).await;
    }
    people.compare(two, &[1], &happenings).await?;
    let sarah = profiles
        .create_authenticated_profile("sarah", None, None)
        .await
        .expect("a customer");
    for device in [one, two] {
        let merged = profiles.merge_anonymous_to_authenticated(device, sarah, "ann", None, false);
        assert!(merged.await.expect("merging").is_merged());
    }
    people.compare(sarah, &[0, 1], &happenings).await?;
    people.compare(three, &[2], &happenings).await?;
    profiles.unmerge(one, "ann", None).await.expect("unmerging");
    people.compare(sarah, &[1], &happenings).await?;
    let after = people.compare(one, &[0], &happenings).await?;
    prop_assert_eq!(before.facts, after.facts);
    prop_assert_eq!(before.total_score, after.total_score);
    Ok(())
}

#[test]
fn the_stored_score_is_the_formulas_of_the_union_of_events_through_replays_merges_and_unmerges() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let stories = (
        vec(any_event(), 0..80),
        vec(any::<prop::sample::Index>(), 0..20),
    );
    TestRunner::new(config)
        .run(&stories, |(drawn, again)| {
            runtime.block_on(one_story(&drawn, &again))
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn a_lead_is_read_as_of_now_and_not_as_of_when_it_was_stored() {
    let test = TestDatabase::new().await;
    let people = People::new(test, ["device-one", "device-two", "device-three"]).await;
    let then = Utc::now() - TimeDelta::days(6);
    let theft = (0, (LeadKind::SellingOff, Some("theft")), 1, 0, 0);
    let seen = (0, (LeadKind::ProductSeen, Some("cards")), 1, 1, 0);
    people.tell(&people.happenings(&[theft, seen], then)).await;
    let scores = LeadScores::new(&people.test.db);
    while scores.settle(then, 10).await.expect("scoring") > 0 {}
    let leads = LeadScoreRepository::new(&people.test.db);
    let lines = leads.list(LeadList::All, None, 10).await.expect("a list");
    let line = lines.iter().find(|line| line.profile == people.owners[0]);
    let line = line.expect("it has a score").clone();
    let now = Utc::now();
    let read = Lead::read(line.clone(), now).expect("it reads");
    assert!(matches!(read.score.selling, Selling::Off { .. }));
    let later = Lead::read(line, now + TimeDelta::days(2)).expect("it reads");
    assert_eq!(later.score.selling, Selling::On);
    assert!(later.score.second.total < read.score.second.total);
    assert!((later.score.total - read.score.total).abs() < 1e-9);
}
