use database::{
    MergeOutcome, Origin, ProfileId, ProfileRepository, UnmergeOutcome, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{
    assert_invariants, call, customer, identity_state, summarise, talk, web_session,
};

async fn merge(test: &TestDatabase, a: ProfileId, b: ProfileId) {
    let outcome = ProfileRepository::new(&test.db)
        .merge_anonymous_to_authenticated(a, b, "tester", None, false)
        .await;
    assert_eq!(outcome.unwrap(), MergeOutcome::Merged);
}

async fn unmerge(test: &TestDatabase, source: ProfileId) -> UnmergeOutcome {
    ProfileRepository::new(&test.db)
        .unmerge(source, "tester", None)
        .await
        .expect("unmerging")
}

async fn totals(test: &TestDatabase, id: ProfileId) -> (i32, i64) {
    let profile = ProfileRepository::new(&test.db)
        .get_by_id(id)
        .await
        .unwrap()
        .unwrap();
    (profile.total_sessions, profile.total_messages)
}

#[tokio::test]
async fn a_merge_and_its_unmerge_leave_no_trace_but_the_audit() {
    let test = TestDatabase::new().await;
    let (session, anonymous) = talk(&test.db, "device-one", 5).await;
    summarise(&test.db, session, 4).await;
    let sarah = customer(&test.db, "sarah").await;
    let profiles = ProfileRepository::new(&test.db);
    profiles
        .update_metadata(
            anonymous,
            &json!({"a": 1, "list": [1, 2], "none": {"x": null}, "b": "x"}),
            &Origin::default(),
        )
        .await
        .unwrap();
    profiles
        .update_metadata(
            sarah,
            &json!({"b": "y", "list": [2, 3]}),
            &Origin::default(),
        )
        .await
        .unwrap();
    let before = identity_state(&test).await;
    merge(&test, anonymous, sarah).await;
    assert!(identity_state(&test).await != before, "nothing was merged");
    assert_eq!(unmerge(&test, anonymous).await, UnmergeOutcome::Unmerged);
    identity_state(&test)
        .await
        .assert_same(&before, "after the unmerge");
    assert_eq!(unmerge(&test, anonymous).await, UnmergeOutcome::NotMerged);
    assert_invariants(&test, "after an unmerge").await;
}

#[tokio::test]
async fn what_came_after_the_merge_stays() {
    let test = TestDatabase::new().await;
    let (old, anonymous) = talk(&test.db, "device-one", 3).await;
    let sarah = customer(&test.db, "sarah").await;
    let profiles = ProfileRepository::new(&test.db);
    profiles
        .update_metadata(
            anonymous,
            &json!({"city": "Harare", "pet": "cat"}),
            &Origin::default(),
        )
        .await
        .unwrap();
    merge(&test, anonymous, sarah).await;
    profiles
        .update_metadata(sarah, &json!({"city": "Bulawayo"}), &Origin::default())
        .await
        .unwrap();
    let later = web_session("device-two");
    call(&test.db, &later).await;
    database::SessionRepository::new(&test.db)
        .authenticate(later.id, sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    // The call that was going on when the merge came still talks.
    database::MessageRepository::new(&test.db)
        .insert(&crate::support::words(old, 3..5))
        .await
        .unwrap();
    assert_eq!(totals(&test, sarah).await, (2, 5));

    assert_eq!(unmerge(&test, anonymous).await, UnmergeOutcome::Unmerged);
    assert_eq!(
        (totals(&test, anonymous).await, totals(&test, sarah).await),
        ((1, 5), (1, 0))
    );
    let sarah = profiles.get_by_id(sarah).await.unwrap().unwrap();
    assert_eq!(
        sarah.metadata,
        json!({"city": "Bulawayo"}),
        "changed since: hers; the cat went back"
    );
    assert_invariants(&test, "after an unmerge with later sessions").await;
}

#[tokio::test]
async fn undoing_the_first_of_two_merges_in_a_row_takes_only_its_own() {
    let test = TestDatabase::new().await;
    let (_, a) = talk(&test.db, "device-a", 1).await;
    let (_, b) = talk(&test.db, "device-b", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    ProfileRepository::new(&test.db)
        .update_metadata(a, &json!({"pet": "cat"}), &Origin::default())
        .await
        .unwrap();
    merge(&test, a, b).await;
    merge(&test, b, sarah).await;
    assert_eq!(totals(&test, sarah).await, (2, 3));
    assert_eq!(unmerge(&test, a).await, UnmergeOutcome::Unmerged);
    assert_eq!(
        (totals(&test, a).await, totals(&test, sarah).await),
        ((1, 1), (1, 2))
    );
    let stored = ProfileRepository::new(&test.db)
        .get_by_id(sarah)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.metadata, json!({}), "A's cat went back with A");
    // Merged again by itself, it must not go with B any more.
    merge(&test, a, sarah).await;
    assert_eq!(unmerge(&test, b).await, UnmergeOutcome::Unmerged);
    assert_eq!(
        (totals(&test, b).await, totals(&test, sarah).await),
        ((1, 2), (1, 1))
    );
    assert_invariants(&test, "after undoing merges out of order").await;
}

#[tokio::test]
async fn undoing_the_second_of_two_merges_keeps_the_first() {
    let test = TestDatabase::new().await;
    let (_, a) = talk(&test.db, "device-a", 1).await;
    let (_, b) = talk(&test.db, "device-b", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, a, b).await;
    merge(&test, b, sarah).await;
    assert_eq!(unmerge(&test, b).await, UnmergeOutcome::Unmerged);
    assert_eq!(
        (totals(&test, b).await, totals(&test, sarah).await),
        ((2, 3), (0, 0))
    );
    let a = ProfileRepository::new(&test.db)
        .get_by_id(a)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(a.merged_into, Some(b));
    assert_invariants(&test, "after undoing the second merge").await;
}

#[tokio::test]
async fn a_device_that_has_a_new_profile_keeps_it() {
    let test = TestDatabase::new().await;
    let (_, old) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, old, sarah).await;
    let (_, fresh) = talk(&test.db, "device-one", 1).await;
    assert_ne!(fresh, old);
    assert_eq!(unmerge(&test, old).await, UnmergeOutcome::Unmerged);
    let profiles = ProfileRepository::new(&test.db);
    assert_eq!(
        profiles
            .get_by_anonymous_id("device-one")
            .await
            .unwrap()
            .unwrap()
            .id,
        fresh
    );
    assert!(
        profiles
            .get_by_id(old)
            .await
            .unwrap()
            .unwrap()
            .anonymous_id
            .unwrap()
            .starts_with("device-one#")
    );
    assert_invariants(&test, "after an unmerge of a device in use").await;
}

#[tokio::test]
async fn a_name_that_somebody_else_took_is_not_taken_back() {
    let test = TestDatabase::new().await;
    let (john, sarah) = (
        customer(&test.db, "john").await,
        customer(&test.db, "sarah").await,
    );
    ProfileRepository::new(&test.db)
        .merge_anonymous_to_authenticated(john, sarah, "admin", None, true)
        .await
        .unwrap();
    test.client()
        .await
        .execute(
            "INSERT INTO user_profiles (profile_type, username) VALUES ('authenticated', 'JOHN')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(unmerge(&test, john).await, UnmergeOutcome::NameTaken);
    assert_invariants(&test, "after a refused unmerge").await;
}

#[tokio::test]
async fn undoing_the_first_of_three_merges_in_a_row_takes_its_traits_from_all_of_them() {
    let test = TestDatabase::new().await;
    let mut chain = Vec::new();
    for device in ["a", "b", "c", "d"] {
        chain.push(talk(&test.db, &format!("device-{device}"), 1).await.1);
    }
    let profiles = ProfileRepository::new(&test.db);
    profiles
        .update_metadata(chain[0], &json!({"pet": "cat"}), &Origin::default())
        .await
        .unwrap();
    let before = identity_state(&test).await;
    for pair in chain.windows(2) {
        merge(&test, pair[0], pair[1]).await;
    }
    assert_eq!(unmerge(&test, chain[0]).await, UnmergeOutcome::Unmerged);
    for (n, id) in chain.iter().enumerate() {
        let pet = profiles.get_by_id(*id).await.unwrap().unwrap().metadata;
        assert_eq!(pet.get("pet").is_some(), n == 0, "the cat of profile {n}");
    }
    for id in [chain[2], chain[1]] {
        assert_eq!(unmerge(&test, id).await, UnmergeOutcome::Unmerged);
    }
    identity_state(&test)
        .await
        .assert_same(&before, "after undoing the first, the third, the second");
}

#[tokio::test]
async fn who_was_merged_once_and_is_erased_now_does_not_stop_the_unmerge_of_another() {
    let test = TestDatabase::new().await;
    let (_, a) = talk(&test.db, "device-a", 1).await;
    let (_, b) = talk(&test.db, "device-b", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    let profiles = ProfileRepository::new(&test.db);
    let seen = async || {
        let sarah = profiles.get_by_id(sarah).await.unwrap().unwrap();
        (sarah.first_seen_at, sarah.last_seen_at)
    };
    let before = seen().await;
    merge(&test, a, sarah).await;
    assert_eq!(unmerge(&test, a).await, UnmergeOutcome::Unmerged);
    merge(&test, b, sarah).await;
    profiles.erase(a, "tester").await.unwrap();
    assert_eq!(unmerge(&test, b).await, UnmergeOutcome::Unmerged);
    assert_eq!(
        seen().await,
        before,
        "the times of who lives on are kept beside the images that erasing takes"
    );
    assert_invariants(&test, "after an unmerge beside an erased profile").await;
}
