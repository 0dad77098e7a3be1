//! Warming connections up changes nothing that anybody could see.

use database::test_support::TestDatabase;

use crate::support::talk;

/// Every table of the record, row by row.
async fn state(test: &TestDatabase) -> Vec<String> {
    let client = test.client().await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1";
    let mut all = Vec::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        let rows = format!("SELECT '{table} ' || t::text FROM {table} t ORDER BY 1");
        all.extend(
            client
                .query(&rows, &[])
                .await
                .unwrap()
                .iter()
                .map(|row| row.get::<_, String>(0)),
        );
    }
    all
}

#[tokio::test]
async fn a_warm_up_leaves_no_trace_and_may_run_beside_calls() {
    let test = TestDatabase::new().await;
    talk(&test.db, "device-of-a-caller", 4).await;
    let before = state(&test).await;
    assert!(before.len() > 5, "there is something to compare");
    test.db.warm().await.unwrap();
    assert_eq!(state(&test).await, before, "a warm-up changed rows");

    // Two workers start while calls go on: nobody waits for the other in a circle.
    let (one, two) = (
        database::Database::new(test.config()).unwrap(),
        database::Database::new(test.config()).unwrap(),
    );
    let (first, second, _) =
        tokio::join!(one.warm(), two.warm(), talk(&test.db, "another-device", 4));
    first.unwrap();
    second.unwrap();
    let client = test.client().await;
    let row = client
        .query_one(
            "SELECT audit_broken_at() IS NULL AND NOT EXISTS (SELECT FROM counter_drift)",
            &[],
        )
        .await
        .unwrap();
    assert!(
        row.get::<_, bool>(0),
        "the audit chain and the counters hold"
    );
}
