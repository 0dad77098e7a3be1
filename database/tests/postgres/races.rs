use std::time::Duration;

use database::{
    ConversationSummaryRepository, Database, DatabaseConfig, MessageRepository, Origin, ProfileId,
    ProfileRepository, SessionId, SessionRepository,
    test_support::{TestDatabase, until},
};
use serde_json::json;

use crate::support::{
    assert_invariants, call, count, customer, rows, summary_of, web_session, words,
};

/// Of each of eight callers.
const OPERATIONS: u32 = 120;

/// A small generator whose seed a failing test prints.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let index = self.below(items.len() as u64);
        items[usize::try_from(index).expect("small")]
    }
}

/// One caller or administrator: does random things and remembers what was acknowledged.
async fn one_of_many(
    db: Database,
    profiles: Vec<ProfileId>,
    seed: u64,
    operations: u32,
) -> Vec<(SessionId, i32)> {
    let mut random = Random(seed);
    let (people, sessions) = (ProfileRepository::new(&db), SessionRepository::new(&db));
    let (messages, summaries) = (
        MessageRepository::new(&db),
        ConversationSummaryRepository::new(&db),
    );
    let mut open: Vec<(SessionId, i32)> = Vec::new();
    for _ in 0..operations {
        match random.below(12) {
            0..=2 => {
                let new = web_session(&format!("device-{}", random.below(5)));
                call(&db, &new).await;
                open.push((new.id, 0));
            }
            3..=6 if open.len() > 1 => {
                let (one, two) = (
                    random.below(open.len() as u64) as usize,
                    random.below(open.len() as u64) as usize,
                );
                let mut batch = words(open[one].0, 0..open[one].1 + 3); // mostly replays
                open[one].1 += 3;
                if one != two {
                    batch.extend(words(open[two].0, open[two].1..open[two].1 + 2));
                    open[two].1 += 2;
                }
                messages.insert(&batch).await.expect("storing messages");
            }
            7 if !open.is_empty() => {
                let (session, seq) = random.pick(&open);
                summaries
                    .upsert(&summary_of(session, seq))
                    .await
                    .expect("storing a summary");
            }
            8 => {
                let mine: Vec<SessionId> = open.iter().map(|(id, _)| *id).collect();
                sessions.heartbeat(&mine).await.expect("a heartbeat");
            }
            9 => {
                let patch = json!({ format!("key-{}", random.below(4)): random.below(9) });
                people
                    .update_metadata(random.pick(&profiles), &patch, &Origin::default())
                    .await
                    .expect("a patch");
            }
            10 => {
                people
                    .unmerge(random.pick(&profiles), "race", None)
                    .await
                    .expect("unmerging");
            }
            _ => {
                let (a, b) = (random.pick(&profiles), random.pick(&profiles));
                people
                    .merge_anonymous_to_authenticated(a, b, "race", None, random.below(4) == 0)
                    .await
                    .expect("merging");
            }
        }
    }
    open
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_and_merges_at_once_lose_nothing_and_never_deadlock() {
    let test = TestDatabase::new().await;
    let seed = u64::from(uuid::Uuid::new_v4().as_fields().0) + 1;
    let config = DatabaseConfig {
        pool_size: 12,
        wait: Duration::from_secs(20),
        ..test.config()
    };
    let db = Database::new(config).unwrap();
    let mut profiles = vec![
        customer(&test.db, "sarah").await,
        customer(&test.db, "john").await,
    ];
    for n in 0..5 {
        profiles.push(
            call(&test.db, &web_session(&format!("device-{n}")))
                .await
                .profile_id,
        );
    }
    let mut crowd = tokio::task::JoinSet::new();
    for n in 0..8 {
        crowd.spawn(one_of_many(
            db.clone(),
            profiles.clone(),
            seed.wrapping_mul(n * 2 + 1),
            OPERATIONS,
        ));
    }
    let mut acknowledged = Vec::new();
    while let Some(done) = crowd.join_next().await {
        acknowledged.extend(done.expect("no caller fails"));
    }
    let when = format!("after the race with seed {seed}");
    assert_invariants(&test, &when).await;
    for (session, messages) in &acknowledged {
        let stored = MessageRepository::new(&test.db)
            .by_session(*session)
            .await
            .unwrap();
        let numbers: Vec<i32> = stored.iter().map(|m| m.seq).collect();
        assert_eq!(
            numbers,
            (0..*messages).collect::<Vec<_>>(),
            "messages of {session}, {when}"
        );
    }
    let merges = &rows(&test, "SELECT count(*) FILTER (WHERE outcome = 'merged') AS merged, count(reverted_at) AS undone FROM profile_merges").await[0];
    assert!(
        merges["merged"].as_i64() > Some(3) && merges["undone"].as_i64() > Some(1),
        "the race did race: {merges}, {when}"
    );
    drop(db);
    // Backends report their statistics when they end.
    let of_pools =
        "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'teller'";
    let end = format!("SET ROLE none; SELECT pg_terminate_backend(pid) {of_pools}");
    test.client().await.batch_execute(&end).await.unwrap();
    until("the pools' connections have ended", async || {
        count(&test, &format!("SELECT {of_pools}")).await == 0
    })
    .await;
    let deadlocks = rows(
        &test,
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .await;
    assert_eq!(deadlocks[0]["deadlocks"], json!(0), "deadlocks {when}");
}
