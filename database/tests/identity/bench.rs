//! What a merge costs whoever waits for it, from one session to a hundred thousand, and what
//! others notice meanwhile. Ratios of one run; docs/identity.md has the figures and the command.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use database::testing::TestDatabase;
use uuid::Uuid;

use crate::interleavings::now;
use crate::prepared::Prepared;

const MERGE: &str = "SELECT merge_profiles($1, $2, 'bench')";
const UNMERGE: &str = "SELECT unmerge_profile($1, 'bench')";
const DRAIN: &str = "SELECT refiled, pending FROM drain_merges(100)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and wants a quiet machine: see docs/identity.md"]
async fn a_caller_waits_as_long_for_one_session_as_for_a_hundred_thousand() {
    let test = TestDatabase::new().await;
    let db = Prepared::new(test.client().await);
    println!("sessions   merge p50 ms   max ms   unmerge p50 ms   drain sessions/s   round p99 ms");
    let mut largest = None;
    for sessions in [1, 10, 100, 1_000, 10_000, 100_000] {
        let (source, target) = people(&db, sessions).await;
        let (mut merges, mut unmerges, mut rounds, mut drained) = (vec![], vec![], vec![], 0);
        // Merging and unmerging wait for the drain of the one before, so that each starts alike.
        for _ in 0..if sessions > 10_000 { 3 } else { 9 } {
            merges.push(time(&db, MERGE, &[&source, &target]).await);
            drained += drain(&db, &mut rounds).await;
            unmerges.push(time(&db, UNMERGE, &[&source]).await);
            drained += drain(&db, &mut rounds).await;
        }
        let rate = f64::from(drained) / rounds.iter().sum::<f64>() * 1000.0;
        let (p50, worst) = (quantile(&mut merges, 0.5), quantile(&mut merges, 1.0));
        println!(
            "{sessions:8}   {p50:12.2}   {worst:6.2}   {:14.2}   {rate:16.0}   {:12.2}",
            quantile(&mut unmerges, 0.5),
            quantile(&mut rounds, 0.99)
        );
        largest = Some((source, target));
    }
    let (source, target) = largest.expect("the last one");
    let quiet = writers(&test, None).await;
    let busy = writers(&test, Some((source, target))).await;
    println!(
        "a turn of four writers, p50 and p99: quiet {:.2} and {:.2} ms, during merge and drain of 100,000 {:.2} and {:.2} ms: p99 {:.2} times",
        quiet.0,
        quiet.1,
        busy.0,
        busy.1,
        busy.1 / quiet.1
    );
}

/// A device with so many sessions, and a customer.
async fn people(db: &Prepared, sessions: i32) -> (Uuid, Uuid) {
    let sql = "INSERT INTO user_profiles (profile_type, anonymous_id, username)
               VALUES ('anonymous', 'device-' || $1::int, NULL), ('authenticated', NULL, 'customer-' || $1::int) RETURNING id";
    let ids: Vec<Uuid> = db
        .expect(sql, &[&sessions])
        .await
        .iter()
        .map(|row| row.get(0))
        .collect();
    // In parts: each new session holds a lock until its transaction ends.
    for part in 0..(sessions + 1999) / 2000 {
        let (source, some) = (ids[0], (sessions - part * 2000).min(2000));
        db.client
            .batch_execute(&format!(
                "CREATE TEMP TABLE fresh AS SELECT (substr(v7_floor(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid AS id FROM generate_series(1, {some});
                 INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) SELECT id, 'room', 'somebody', '{source}' FROM fresh;
                 INSERT INTO conversation_messages (session_id, seq, role) SELECT id, 0, 'user' FROM fresh;
                 DROP TABLE fresh"
            ))
            .await
            .unwrap();
    }
    db.client.batch_execute("VACUUM ANALYZE").await.unwrap();
    (ids[0], ids[1])
}

/// Milliseconds until the answer.
async fn time(
    db: &Prepared,
    sql: &'static str,
    params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> f64 {
    let began = now();
    db.expect(sql, params).await;
    began.elapsed().as_secs_f64() * 1000.0
}

async fn drain(db: &Prepared, rounds: &mut Vec<f64>) -> i32 {
    let mut drained = 0;
    loop {
        let began = now();
        let rows = db.expect(DRAIN, &[]).await;
        drained += rows[0].get::<_, i32>(0);
        rounds.push(began.elapsed().as_secs_f64() * 1000.0);
        if rows[0].get::<_, i64>(1) == 0 {
            return drained;
        }
    }
}

/// p50 and p99 of single turns, for five seconds; with a merge and its drain, as a worker does it.
async fn writers(test: &TestDatabase, merging: Option<(Uuid, Uuid)>) -> (f64, f64) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (db, stop) = (Prepared::new(test.client().await), stop.clone());
        crowd.spawn(async move {
            let session = Uuid::now_v7();
            let sql = "SELECT profile_id FROM start_session($1, 'room', 'unknown', NULL, 'phone', NULL, NULL, NULL, NULL, now())";
            db.expect(sql, &[&session]).await;
            let (mut times, mut seq) = (vec![], 0_i32);
            while !stop.load(Ordering::Relaxed) {
                let turn = "INSERT INTO conversation_messages (session_id, seq, role) VALUES ($1, $2, 'user')";
                times.push(time(&db, turn, &[&session, &seq]).await);
                seq += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            times
        });
    }
    let db = Prepared::new(test.client().await);
    let until = now() + Duration::from_secs(5);
    if let Some((source, target)) = merging {
        db.expect(MERGE, &[&source, &target]).await;
        while now() < until {
            db.expect(DRAIN, &[]).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    tokio::time::sleep(until.saturating_duration_since(now())).await;
    stop.store(true, Ordering::Relaxed);
    let mut times: Vec<f64> = crowd.join_all().await.concat();
    (quantile(&mut times, 0.5), quantile(&mut times, 0.99))
}

fn quantile(times: &mut [f64], q: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a short list"
    )]
    let at = ((times.len() - 1) as f64 * q).round() as usize;
    times[at]
}
