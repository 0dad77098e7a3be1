use database::{
    MergeOutcome, NewSession, ProfileKind, ProfileRepository, SessionRepository,
    test_support::TestDatabase,
};

use crate::support::{assert_invariants, call, customer, phone_session, web_session};

#[tokio::test]
async fn a_returning_device_is_recognised_and_counted() {
    let test = TestDatabase::new().await;
    let first = call(&test.db, &web_session("device-one")).await;
    let second = call(&test.db, &web_session("device-one")).await;
    assert!(!first.seen_before, "nobody knew it before");
    assert!(second.seen_before, "it called before");
    assert_eq!(
        (second.profile_id, second.total_sessions),
        (first.profile_id, 2)
    );
    let found = ProfileRepository::new(&test.db)
        .get_by_anonymous_id("device-one")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.kind, found.total_sessions),
        (first.profile_id, ProfileKind::Anonymous, 2)
    );
}

#[tokio::test]
async fn the_participant_stands_in_for_a_device_without_an_id() {
    let test = TestDatabase::new().await;
    let new = NewSession {
        anonymous_id: None,
        ..web_session("device-one")
    };
    let profile = call(&test.db, &new).await.profile_id;
    let found = ProfileRepository::new(&test.db)
        .get_by_anonymous_id(&new.participant_id)
        .await
        .unwrap();
    assert_eq!(found.map(|p| p.id), Some(profile));
}

#[tokio::test]
async fn a_device_of_a_customer_is_a_hint_and_shows_nothing_of_theirs() {
    let test = TestDatabase::new().await;
    let sarah = customer(&test.db, "sarah").await;
    let new = web_session("shared-tablet");
    let before = call(&test.db, &new).await;
    let outcome = SessionRepository::new(&test.db)
        .authenticate(new.id, sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    assert_eq!(outcome, MergeOutcome::Merged);

    let next = call(&test.db, &web_session("shared-tablet")).await;
    assert_ne!(
        next.profile_id, sarah,
        "whoever holds the tablet is not Sarah yet"
    );
    assert_ne!(next.profile_id, before.profile_id);
    assert_eq!(
        (next.hint, next.seen_before, next.total_sessions),
        (Some(sarah), true, 1)
    );
    let third = call(&test.db, &web_session("shared-tablet")).await;
    assert_eq!(
        (third.profile_id, third.hint, third.total_sessions),
        (next.profile_id, Some(sarah), 2)
    );
    assert_invariants(&test, "after calls from a shared device").await;
}

#[tokio::test]
async fn a_device_that_many_customers_used_points_at_nobody() {
    let test = TestDatabase::new().await;
    for n in 0..6 {
        let new = web_session("branch-kiosk");
        let started = call(&test.db, &new).await;
        assert_eq!(started.hint.is_some(), (1..5).contains(&n), "caller {n}");
        let who = customer(&test.db, &format!("customer-{n}")).await;
        SessionRepository::new(&test.db)
            .authenticate(new.id, who, call::AuthLevel::OneTimeCode, "test")
            .await
            .unwrap();
    }
    assert_eq!(
        call(&test.db, &web_session("branch-kiosk")).await.hint,
        None
    );
}

#[tokio::test]
async fn every_telephone_call_gets_a_fresh_profile_and_its_number_is_a_hint() {
    let test = TestDatabase::new().await;
    let number = "+263771234567";
    let profiles = ProfileRepository::new(&test.db);
    let one = call(&test.db, &phone_session(number)).await;
    assert_eq!(
        (one.seen_before, one.hint, one.total_sessions),
        (false, None, 1)
    );
    let two = call(&test.db, &phone_session(number)).await;
    assert_ne!(one.profile_id, two.profile_id, "a number can be forged");
    assert!(two.seen_before, "it called before");
    let john = profiles
        .create_authenticated_profile("john", Some(number), None)
        .await
        .unwrap();
    let three = call(&test.db, &phone_session(number)).await;
    assert_eq!((three.hint, three.total_sessions), (Some(john), 1));
    profiles
        .create_authenticated_profile("jane", Some(number), None)
        .await
        .unwrap();
    assert_eq!(
        call(&test.db, &phone_session(number)).await.hint,
        None,
        "two customers share the number"
    );
}

#[tokio::test]
async fn values_that_many_people_share_make_nobody_the_same_person() {
    let test = TestDatabase::new().await;
    let shared = [
        "",
        "  ",
        "anonymous",
        "Anonymous",
        "unknown",
        "null",
        "'null'",
        "\"undefined\"",
        "NaN",
        "0",
        "0000",
        "-1",
        "guest",
        "anon_7",
        "anon_agent",
        "00000000-0000-0000-0000-000000000000",
        "[object Object]",
        "withheld",
    ];
    for value in shared {
        let new = || NewSession {
            participant_id: value.to_owned(),
            ..web_session(value)
        };
        let (one, two) = (call(&test.db, &new()).await, call(&test.db, &new()).await);
        assert_ne!(
            one.profile_id, two.profile_id,
            "{value:?} joined two callers"
        );
        assert!(!two.seen_before, "{value:?} counts as a returning caller");
    }
    let (one, two) = (
        call(&test.db, &phone_session("anonymous")).await,
        call(&test.db, &phone_session("anonymous")).await,
    );
    assert_ne!(one.profile_id, two.profile_id);
    assert!(!two.seen_before, "a withheld number is nobody's");
    let profiles = ProfileRepository::new(&test.db);
    let (a, b) = (
        profiles.create_anonymous_profile(Some("null"), None),
        profiles.create_anonymous_profile(None, None),
    );
    assert_ne!(a.await.unwrap(), b.await.unwrap());
}

#[tokio::test]
async fn an_operator_can_block_more_values() {
    let test = TestDatabase::new().await;
    test.client()
        .await
        .execute(
            "INSERT INTO blocked_identifiers (kind, pattern) VALUES ('*', 'kiosk-[0-9]+')",
            &[],
        )
        .await
        .unwrap();
    let new = || NewSession {
        participant_id: "kiosk-12".to_owned(),
        ..web_session("Kiosk-12")
    };
    assert_ne!(
        call(&test.db, &new()).await.profile_id,
        call(&test.db, &new()).await.profile_id
    );
}

#[tokio::test]
async fn callers_of_one_new_device_at_the_same_moment_share_one_profile() {
    let test = TestDatabase::new().await;
    let sessions: Vec<NewSession> = (0..8).map(|_| web_session("new-device")).collect();
    let (a, b, c, d) = tokio::join!(
        call(&test.db, &sessions[0]),
        call(&test.db, &sessions[1]),
        call(&test.db, &sessions[2]),
        call(&test.db, &sessions[3])
    );
    assert!(
        [b.profile_id, c.profile_id, d.profile_id]
            .iter()
            .all(|p| *p == a.profile_id)
    );
    assert_invariants(&test, "after simultaneous calls").await;
}

#[tokio::test]
async fn knowing_a_name_does_not_change_its_number() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let id = profiles
        .create_authenticated_profile(
            "John_Doe",
            Some("+263 77 123 4567"),
            Some("john@example.com"),
        )
        .await
        .unwrap();
    let again = profiles
        .create_authenticated_profile("john_doe", Some("+19995550000"), Some("evil@example.com"))
        .await
        .unwrap();
    let stored = profiles.get_by_username("JOHN_DOE").await.unwrap().unwrap();
    assert_eq!((id, stored.id), (again, id));
    assert_eq!(
        (stored.phone_number.as_deref(), stored.email.as_deref()),
        (Some("+263771234567"), Some("john@example.com"))
    );
    for bad in ["", "   ", "anonymous", "null"] {
        assert!(
            profiles
                .create_authenticated_profile(bad, None, None)
                .await
                .is_err(),
            "{bad:?} is no username"
        );
    }
    assert!(
        profiles
            .create_authenticated_profile("jim", Some("0771234567"), None)
            .await
            .is_err(),
        "no country code"
    );
}
