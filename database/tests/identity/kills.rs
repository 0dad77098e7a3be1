//! A backend killed at each statement of a merge, an unmerge and a drain: all of it or nothing.

use database::test_support::{TestDatabase, until};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    gates::{GATE, gated},
    invariants,
    prepared::Prepared,
    sequences::FILED_AT_ONCE,
};

/// Everything stored, apart from nothing.
const ALL: &str = "
    SELECT to_jsonb(u)::text FROM user_profiles u UNION ALL SELECT to_jsonb(s)::text FROM session_rows s
    UNION ALL SELECT to_jsonb(i)::text FROM profile_identifiers i UNION ALL SELECT to_jsonb(m)::text FROM profile_merges m
    UNION ALL SELECT to_jsonb(a)::text FROM audit_log a UNION ALL SELECT to_jsonb(d)::text FROM profile_drains d
    UNION ALL SELECT to_jsonb(c)::text FROM conversation_messages c";

async fn all(db: &Client) -> Vec<String> {
    let mut lines: Vec<String> = db
        .query(ALL, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    lines.sort();
    lines
}

/// Kills the backend that runs this call at each gate of the function, then lets the call through.
async fn kill_at_each_statement(
    test: &TestDatabase,
    db: &Client,
    function: &str,
    call: &str,
) -> usize {
    let (body, gates) = gated(db, function).await;
    db.batch_execute(&body).await.unwrap();
    let keeper = test.client().await;
    let (killer, connection) =
        tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with its client; tests have no task tracker"
    )]
    tokio::spawn(connection);
    let mut killed = 0;
    for n in 2..=gates {
        keeper
            .batch_execute(&format!("SELECT pg_advisory_lock(8000, {n})"))
            .await
            .unwrap();
        let before = all(db).await;
        let victim = test.client().await;
        let pid: i32 = victim
            .query_one("SELECT pg_backend_pid()", &[])
            .await
            .unwrap()
            .get(0);
        let kill = async {
            let waits = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND locktype = 'advisory' AND classid = 8000 AND NOT granted";
            until(
                &format!("{function} comes to its statement {n}"),
                async || db.query_one(waits, &[&pid]).await.unwrap().get::<_, i64>(0) > 0,
            )
            .await;
            let terminate = "SELECT pg_terminate_backend($1)";
            killer.execute(terminate, &[&pid]).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(victim.batch_execute(call), kill);
        keeper
            .batch_execute(&format!("SELECT pg_advisory_unlock(8000, {n})"))
            .await
            .unwrap();
        assert!(
            outcome.is_err(),
            "{function}, killed at statement {n}, answered"
        );
        // A killed backend rolls back a moment after its client noticed.
        let left = "SELECT FROM pg_stat_activity WHERE pid = $1";
        until("the killed backend ends", async || {
            db.query(left, &[&pid]).await.unwrap().is_empty()
        })
        .await;
        assert!(
            all(db).await == before,
            "{function}, killed at statement {n}, left something"
        );
        killed += 1;
    }
    db.batch_execute(call).await.unwrap();
    assert_eq!(
        invariants::broken(&Prepared::new(test.client().await)).await,
        None,
        "after {function}"
    );
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_killed_at_any_statement_of_a_merge_leaves_all_or_nothing() {
    let test = TestDatabase::new().await;
    let db = test.client().await;
    db.batch_execute(&format!("{GATE} {FILED_AT_ONCE}"))
        .await
        .unwrap();
    let sql = "INSERT INTO user_profiles (profile_type, anonymous_id, username) VALUES ('anonymous', 'device', NULL), ('authenticated', NULL, 'sarah') RETURNING id";
    let ids: Vec<Uuid> = db
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    for _ in 0..5 {
        let session = Uuid::now_v7();
        let sql = "INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ($1, 'r', 'p', $2)";
        db.execute(sql, &[&session, &ids[0]]).await.unwrap();
        db.execute(
            "INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) VALUES ($1, 0, 'user', '\\x', sha256(''))",
            &[&session],
        )
        .await
        .unwrap();
    }
    db.execute("INSERT INTO profile_identifiers (kind, value, profile_id) VALUES ('anonymous_id', 'device', $1)", &[&ids[0]]).await.unwrap();
    let merged = kill_at_each_statement(
        &test,
        &db,
        "merge_profiles",
        &format!("SELECT merge_profiles('{}', '{}', 'proof')", ids[0], ids[1]),
    )
    .await;
    let pending: i64 = db
        .query_one("SELECT count(*) FROM profile_drains", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(pending, 1, "the merge left something to drain");
    let drained =
        kill_at_each_statement(&test, &db, "drain_merges", "SELECT drain_merges(3)").await;
    let unmerged = kill_at_each_statement(
        &test,
        &db,
        "unmerge_profile",
        &format!("SELECT unmerge_profile('{}', 'proof')", ids[0]),
    )
    .await;
    assert!(
        merged >= 12 && drained >= 3 && unmerged >= 12,
        "{merged}, {drained}, {unmerged} statements were tried"
    );
    until("everything is drained", async || {
        let sql = "SELECT pending FROM drain_merges(3)";
        db.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    assert_eq!(
        invariants::broken(&Prepared::new(test.client().await)).await,
        None,
        "in the end"
    );
}
