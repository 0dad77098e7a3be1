//! Merges of more sessions than a caller waits for: right for every reader at once, filed in the
//! background.

use database::{
    ConversationSummaryRepository, DrainProgress, MergeOutcome, ProfileId, ProfileRepository,
    SessionFilter, SessionRepository, UnmergeOutcome, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{
    Rows, all_rows, assert_invariants, assert_settled, crowd, customer, identity_state, rows, talk,
};

async fn merge(test: &TestDatabase, a: ProfileId, b: ProfileId) {
    let outcome = ProfileRepository::new(&test.db)
        .merge_anonymous_to_authenticated(a, b, "tester", None, true)
        .await;
    assert_eq!(outcome.unwrap(), MergeOutcome::Merged);
}

async fn unmerge(test: &TestDatabase, source: ProfileId) {
    let outcome = ProfileRepository::new(&test.db)
        .unmerge(source, "tester", None)
        .await;
    assert_eq!(outcome.unwrap(), UnmergeOutcome::Unmerged);
}

async fn drain(test: &TestDatabase, limit: i32) -> DrainProgress {
    ProfileRepository::new(&test.db)
        .drain_merges(limit)
        .await
        .expect("draining")
}

/// What readers that look by profile find: sessions in the list, summaries, the counter.
async fn seen(test: &TestDatabase, profile: ProfileId) -> (usize, usize, i32) {
    let filter = SessionFilter {
        profile: Some(profile),
        ..SessionFilter::default()
    };
    let listed = SessionRepository::new(&test.db)
        .list(&filter, 100_000)
        .await
        .unwrap();
    let summaries = ConversationSummaryRepository::new(&test.db)
        .get_by_profile(profile, Some(100_000))
        .await
        .unwrap();
    let counted = ProfileRepository::new(&test.db)
        .get_by_id(profile)
        .await
        .unwrap()
        .unwrap();
    (listed.len(), summaries.len(), counted.total_sessions)
}

#[tokio::test]
async fn every_reader_sees_a_large_merge_at_once_and_at_each_step_of_its_drain() {
    let test = TestDatabase::new().await;
    let caller = crowd(&test, "device-busy", 250).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, caller, sarah).await;
    let (mut refiled, mut rounds) = (0, 0);
    loop {
        assert_invariants(&test, &format!("after {rounds} rounds of draining")).await;
        assert_eq!(
            seen(&test, sarah).await,
            (250, 250, 250),
            "after {rounds} rounds"
        );
        let names = rows(&test, "SELECT DISTINCT p.username FROM conversation_summaries s JOIN user_profiles p ON s.profile_id = p.id WHERE 'fees' = ANY(s.topics)").await;
        assert_eq!(names, [json!({"username": "sarah"})]);
        let progress = drain(&test, 40).await;
        assert!(progress.refiled <= 40, "a chunk is no larger than asked");
        (refiled, rounds) = (refiled + progress.refiled, rounds + 1);
        if progress.pending == 0 {
            break;
        }
    }
    assert_eq!((refiled, rounds), (250, 7));
    assert_settled(&test, "after the drain").await;
    assert_eq!(seen(&test, sarah).await, (250, 250, 250));
}

#[tokio::test]
async fn the_few_sessions_of_most_callers_move_in_the_merge_itself() {
    let test = TestDatabase::new().await;
    let caller = crowd(&test, "device-one", 5).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, caller, sarah).await;
    assert_settled(&test, "after a merge of five sessions").await;
    unmerge(&test, caller).await;
    assert_settled(&test, "after its unmerge").await;
}

#[tokio::test]
async fn an_unmerge_gives_back_exactly_what_was_whether_drained_half_or_not_at_all() {
    let test = TestDatabase::new().await;
    let caller = crowd(&test, "device-busy", 300).await;
    talk(&test.db, "device-other", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    crowd_of(&test, sarah, 120).await;
    let before = identity_state(&test).await;
    for chunk in [0, 130, 300] {
        merge(&test, caller, sarah).await;
        if chunk > 0 {
            drain(&test, chunk).await;
        }
        assert!(identity_state(&test).await != before, "nothing was merged");
        unmerge(&test, caller).await;
        assert_invariants(&test, &format!("after undoing {chunk} drained")).await;
        let when = format!("{chunk} of 300 were drained");
        identity_state(&test).await.assert_same(&before, &when);
        while drain(&test, 500).await.pending > 0 {}
        assert_settled(&test, "after draining the unmerge").await;
        identity_state(&test).await.assert_same(&before, &when);
    }
}

/// Sessions of a profile that is there already.
async fn crowd_of(test: &TestDatabase, profile: ProfileId, sessions: i32) {
    crate::support::add_sessions(test, profile, sessions).await;
}

/// As a dump would show it: rows where they lie, not as views resolve them. Without audit and
/// versions, and without what says when a row was changed.
async fn bytes(test: &TestDatabase) -> Rows {
    all_rows(
        test,
        "SELECT to_jsonb(u) - 'version' - 'updated_at' AS line FROM user_profiles u UNION ALL SELECT to_jsonb(s) FROM session_rows s
         UNION ALL SELECT to_jsonb(c) FROM summary_rows c
         UNION ALL SELECT to_jsonb(m) FROM conversation_messages m UNION ALL SELECT to_jsonb(i) FROM profile_identifiers i
         UNION ALL SELECT to_jsonb(d) FROM profile_drains d",
    )
    .await
}

#[tokio::test]
async fn five_thousand_sessions_merged_half_drained_and_unmerged_are_the_same_bytes() {
    let test = TestDatabase::new().await;
    let caller = crowd(&test, "device-busy", 5000).await;
    let sarah = customer(&test.db, "sarah").await;
    crowd_of(&test, sarah, 200).await;
    let before = bytes(&test).await;
    merge(&test, caller, sarah).await;
    assert_eq!(drain(&test, 2500).await.refiled, 2500);
    unmerge(&test, caller).await;
    assert_invariants(&test, "after undoing a merge half drained").await;
    assert_eq!(
        drain(&test, 2600).await.refiled,
        2500,
        "only what had moved goes back"
    );
    bytes(&test).await.assert_same(&before, "after the unmerge");
}

#[tokio::test]
async fn a_profile_that_still_drains_is_merged_into_a_third_and_separated_in_any_order() {
    for first_undone in ["caller", "middle"] {
        let test = TestDatabase::new().await;
        let caller = crowd(&test, "device-busy", 200).await;
        let middle = crowd(&test, "device-middle", 150).await;
        let sarah = customer(&test.db, "sarah").await;
        let before = identity_state(&test).await;
        merge(&test, caller, middle).await;
        let half_way = identity_state(&test).await;
        drain(&test, 70).await;
        merge(&test, middle, sarah).await;
        assert_invariants(&test, "after merging a profile that drains").await;
        assert_eq!(seen(&test, sarah).await, (350, 350, 350));
        drain(&test, 60).await;
        if first_undone == "middle" {
            unmerge(&test, middle).await;
            identity_state(&test)
                .await
                .assert_same(&half_way, "after undoing the second");
            drain(&test, 60).await;
            unmerge(&test, caller).await;
        } else {
            unmerge(&test, caller).await;
            assert_eq!(
                (seen(&test, caller).await.2, seen(&test, sarah).await),
                (200, (150, 150, 150))
            );
            drain(&test, 60).await;
            unmerge(&test, middle).await;
        }
        assert_invariants(&test, "after undoing both").await;
        let when = format!("{first_undone} was undone first");
        identity_state(&test).await.assert_same(&before, &when);
        while drain(&test, 90).await.pending > 0 {}
        assert_settled(&test, "in the end").await;
        identity_state(&test).await.assert_same(&before, &when);
    }
}

#[tokio::test]
async fn what_is_said_meanwhile_is_counted_on_the_live_profile() {
    let test = TestDatabase::new().await;
    let (session, caller) = talk(&test.db, "device-busy", 2).await;
    crowd_of(&test, caller, 150).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, caller, sarah).await;
    let total = async || {
        ProfileRepository::new(&test.db)
            .get_by_id(sarah)
            .await
            .unwrap()
            .unwrap()
            .total_messages
    };
    let before = total().await;
    test.client()
        .await
        .execute("INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) VALUES ($1, 2, 'user', '\\x', sha256('')), ($1, 3, 'assistant', '\\x', sha256(''))", &[&session])
        .await
        .unwrap();
    assert_eq!(total().await, before + 2);
    assert_invariants(&test, "after words in a session that waits for the drain").await;
    while drain(&test, 50).await.pending > 0 {}
    assert_invariants(&test, "after the drain").await;
}

#[tokio::test]
async fn a_drain_passes_over_rows_that_a_writer_holds_and_comes_back() {
    let test = TestDatabase::new().await;
    let caller = crowd(&test, "device-busy", 120).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, caller, sarah).await;
    let mut writer = test.client().await;
    let held = writer.transaction().await.unwrap();
    held.execute(
        "SELECT FROM agent_sessions ORDER BY session_id LIMIT 5 FOR NO KEY UPDATE",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(
        drain(&test, 500).await,
        DrainProgress {
            refiled: 115,
            pending: 1
        }
    );
    held.commit().await.unwrap();
    assert_eq!(
        drain(&test, 500).await,
        DrainProgress {
            refiled: 5,
            pending: 0
        }
    );
    assert_settled(&test, "after the second round").await;
}

#[tokio::test]
async fn several_workers_drain_at_once_and_do_each_session_once() {
    let test = TestDatabase::new().await;
    let sarah = customer(&test.db, "sarah").await;
    for n in 0..4 {
        let caller = crowd(&test, &format!("device-{n}"), 150).await;
        merge(&test, caller, sarah).await;
    }
    let worker = async || {
        let mut done = 0;
        loop {
            let progress = drain(&test, 20).await;
            done += progress.refiled;
            if progress.pending == 0 {
                return done;
            }
        }
    };
    let (a, b, c, d) = tokio::join!(worker(), worker(), worker(), worker());
    assert_eq!(a + b + c + d, 600);
    assert!(
        [a, b, c, d].iter().filter(|n| **n > 0).count() > 1,
        "one worker did it all: {:?}",
        (a, b, c, d)
    );
    assert_settled(&test, "after four workers").await;
}
