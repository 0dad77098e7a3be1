//! What a caller waits for a merge, from one session to a hundred thousand, and what others
//! notice meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use database::{
    Database, DatabaseConfig, MergeOutcome, MessageRepository, ProfileId, ProfileRepository,
    UnmergeOutcome, test_support::TestDatabase,
};
use tokio_postgres::Client;

use crate::{
    Size,
    samples::{Samples, times},
    stage::{self, bare_commit},
};

pub(crate) async fn measure(test: &TestDatabase, size: Size) {
    let client = test.client().await;
    let mut floor = bare_commit(&client, size.of(500, 50)).await;
    println!(
        "| sessions of the source | merge, ms: p50 | p99 | max | times a bare commit (p50) | unmerge, ms: p50 | p99 | max | drained, sessions/s |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let sizes: &[i32] = size.of(&[1, 10, 100, 1_000, 10_000, 100_000], &[1, 100, 1_000]);
    let mut largest = None;
    for sessions in sizes {
        let (source, target) = people(&client, *sessions).await;
        let (mut merges, mut unmerges) =
            back_and_forth(test, &client, source, target, size.of(100, 10)).await;
        let rate = if *sessions < 1_000 {
            // So few are brought up to date in the merge itself.
            "-".to_owned()
        } else {
            format!("{:.0}", drain_rate(test, source, target, *sessions).await)
        };
        let ratio = times(merges.quantile(0.5), floor.quantile(0.5));
        println!(
            "| {sessions} | {} | {ratio:.1} | {} | {rate} |",
            merges.ms(),
            unmerges.ms()
        );
        largest = Some((source, target, *sessions));
    }
    let (source, target) = people(&client, 11).await;
    let (mut cold, mut warm) = (Samples::default(), Samples::default());
    for _ in 0..size.of(20, 3) {
        cold.add(first(test, source, target, false).await);
        warm.add(first(test, source, target, true).await);
    }
    println!(
        "\nA bare commit: {} ms (p50, p99, max). The first merge on a new connection: {} ms, on one that was warmed up, as a worker's are: {} ms.\n",
        floor.ms(),
        cold.ms(),
        warm.ms()
    );
    let (source, target, sessions) = largest.unwrap();
    bystanders(test, source, target, sessions, size).await;
}

/// A pool of one connection: whoever waits here waits for the statement, not for company.
fn alone(test: &TestDatabase) -> Database {
    let config = DatabaseConfig {
        pool_size: 1,
        ..test.config()
    };
    Database::new(config).unwrap()
}

/// Merges and unmerges, each as on the first day: what they leave to the drain is taken away.
async fn back_and_forth(
    test: &TestDatabase,
    client: &Client,
    source: ProfileId,
    target: ProfileId,
    rounds: usize,
) -> (Samples, Samples) {
    let db = alone(test);
    // As a worker does when it starts.
    db.warm().await.unwrap();
    let profiles = ProfileRepository::new(&db);
    let (mut merges, mut unmerges) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        let began = Instant::now();
        let merged = profiles
            .merge_anonymous_to_authenticated(source, target, "figures", None, false)
            .await
            .unwrap();
        merges.add(began.elapsed());
        assert_eq!(merged, MergeOutcome::Merged);
        let began = Instant::now();
        let unmerged = profiles.unmerge(source, "figures", None).await.unwrap();
        unmerges.add(began.elapsed());
        assert_eq!(unmerged, UnmergeOutcome::Unmerged);
        // Nothing was drained meanwhile, so every copy of the owner is right again.
        client
            .batch_execute("DELETE FROM profile_drains")
            .await
            .unwrap();
    }
    (merges, unmerges)
}

/// The first merge on a connection.
async fn first(
    test: &TestDatabase,
    source: ProfileId,
    target: ProfileId,
    warmed: bool,
) -> Duration {
    let db = alone(test);
    match warmed {
        true => db.warm().await.unwrap(),
        false => db.ping().await.unwrap(),
    }
    let profiles = ProfileRepository::new(&db);
    let began = Instant::now();
    let merged = profiles
        .merge_anonymous_to_authenticated(source, target, "figures", None, false)
        .await
        .unwrap();
    let took = began.elapsed();
    assert_eq!(merged, MergeOutcome::Merged);
    profiles.unmerge(source, "figures", None).await.unwrap();
    took
}

/// Sessions a second that a worker's rounds bring up to date, after a merge and after its undoing.
async fn drain_rate(
    test: &TestDatabase,
    source: ProfileId,
    target: ProfileId,
    sessions: i32,
) -> f64 {
    let profiles = ProfileRepository::new(&test.db);
    let mut spent = Duration::ZERO;
    profiles
        .merge_anonymous_to_authenticated(source, target, "figures", None, false)
        .await
        .unwrap();
    let mut drained = 0;
    for undo in [true, false] {
        loop {
            let began = Instant::now();
            let progress = profiles.drain_merges(100).await.unwrap();
            spent += began.elapsed();
            drained += progress.refiled;
            if progress.pending == 0 {
                break;
            }
        }
        if undo {
            profiles.unmerge(source, "figures", None).await.unwrap();
        }
    }
    assert_eq!(
        drained,
        2 * sessions,
        "every session is drained, there and back"
    );
    f64::from(drained) / spent.as_secs_f64()
}

/// A device with so many sessions, and a customer.
async fn people(client: &Client, sessions: i32) -> (ProfileId, ProfileId) {
    let sql = "INSERT INTO user_profiles (profile_type, anonymous_id, username)
               VALUES ('anonymous', 'device-' || $1::int, NULL), ('authenticated', NULL, 'customer-' || $1::int) RETURNING id";
    let ids: Vec<ProfileId> = client
        .query(sql, &[&sessions])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    // In parts: each new session holds a lock until its transaction ends.
    for part in 0..(sessions + 1999) / 2000 {
        let (source, some) = (ids[0], (sessions - part * 2000).min(2000));
        client
            .batch_execute(&format!(
                "CREATE TEMP TABLE fresh AS SELECT (substr(v7_floor(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid AS id FROM generate_series(1, {some});
                 INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) SELECT id, 'room', 'somebody', '{source}' FROM fresh;
                 INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) SELECT id, 0, 'user', '\\x', sha256('') FROM fresh;
                 DROP TABLE fresh"
            ))
            .await
            .unwrap();
    }
    for table in ["user_profiles", "session_rows", "conversation_messages"] {
        client
            .batch_execute(&format!("VACUUM ANALYZE {table}"))
            .await
            .unwrap();
    }
    (ids[0], ids[1])
}

/// Turns of other calls: quiet, and while a large profile is merged and drained.
async fn bystanders(
    test: &TestDatabase,
    source: ProfileId,
    target: ProfileId,
    sessions: i32,
    size: Size,
) {
    let profiles = ProfileRepository::new(&test.db);
    let (mut quiet, mut busy) = (Samples::default(), Samples::default());
    for _ in 0..size.of(3, 1) {
        let window = Duration::from_millis(size.of(5000, 1000));
        quiet.extend(writers(test, window, None).await);
        busy.extend(writers(test, window, Some((source, target))).await);
        profiles.unmerge(source, "figures", None).await.unwrap();
        while profiles.drain_merges(1000).await.unwrap().pending > 0 {}
    }
    println!("| a turn of four live writers, ms | p50 | p99 | max |");
    println!("| --- | ---: | ---: | ---: |");
    println!("| quiet | {} |", quiet.ms());
    println!(
        "| while {sessions} sessions are merged and drained | {} |",
        busy.ms()
    );
    println!(
        "\np99 {:.2} times quiet (bar: 1.5); {} and {} turns.\n",
        times(busy.quantile(0.99), quiet.quantile(0.99)),
        quiet.len(),
        busy.len()
    );
}

async fn writers(
    test: &TestDatabase,
    window: Duration,
    merging: Option<(ProfileId, ProfileId)>,
) -> Samples {
    let stop = Arc::new(AtomicBool::new(false));
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (db, stop) = (alone(test), stop.clone());
        crowd.spawn(async move {
            let (session, mut sealer) = stage::writer(&db).await;
            let messages = MessageRepository::new(&db);
            let mut samples = Samples::default();
            for seq in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let turn = [stage::sealed(session, &mut sealer, seq)];
                let began = Instant::now();
                messages.insert_batch(&turn).await.unwrap();
                // The first ones make the connection and its plans.
                if seq >= 10 {
                    samples.add(began.elapsed());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            samples
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let profiles = ProfileRepository::new(&test.db);
    let until = Instant::now() + window;
    if let Some((source, target)) = merging {
        profiles
            .merge_anonymous_to_authenticated(source, target, "figures", None, false)
            .await
            .unwrap();
        // At a worker's pace, for as long as the quiet window or until nothing is left.
        let round = || profiles.drain_merges(ProfileRepository::DRAIN_ROUND);
        while Instant::now() < until && round().await.unwrap().pending > 0 {
            tokio::time::sleep(ProfileRepository::DRAIN_BREATH).await;
        }
    } else {
        tokio::time::sleep(window).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut all = Samples::default();
    crowd
        .join_all()
        .await
        .into_iter()
        .for_each(|samples| all.extend(samples));
    all
}
