use database::{AuditRepository, test_support::TestDatabase};
use serde_json::json;

use crate::support::{customer, talk};

#[tokio::test]
async fn messages_and_audit_rows_are_written_once() {
    let test = TestDatabase::new().await;
    talk(&test.db, "device-one", 2).await;
    AuditRepository::new(&test.db)
        .record("admin", "call.opened", Some(("session", "x")), &json!({}))
        .await
        .unwrap();
    let client = test.client().await;
    for sql in [
        "UPDATE conversation_messages SET content_ct = '\\x'",
        "DELETE FROM conversation_messages",
        "TRUNCATE conversation_messages",
        "UPDATE conversation_messages_default SET content_ct = '\\x'",
        "DELETE FROM conversation_messages_default",
        "TRUNCATE conversation_messages_default",
        "UPDATE audit_log SET actor = 'other'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM agent_sessions",
    ] {
        let refused = client.batch_execute(sql).await.expect_err(sql);
        let message = refused
            .as_db_error()
            .map(|e| e.message().to_owned())
            .unwrap();
        assert!(message.contains("append-only"), "{sql}: {message}");
    }
}

#[tokio::test]
async fn a_session_changes_its_owner_by_merging_only() {
    let test = TestDatabase::new().await;
    talk(&test.db, "device-one", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    let client = test.client().await;
    for column in ["profile_id", "origin_profile_id"] {
        let refused = client
            .execute(
                &format!("UPDATE agent_sessions SET {column} = $1"),
                &[&sarah],
            )
            .await;
        assert!(refused.is_err(), "{column} was changed by hand");
    }
}

#[tokio::test]
async fn what_is_changed_behind_the_triggers_breaks_the_chain() {
    let tampering = [
        (
            "a changed row",
            "UPDATE audit_log SET actor = 'someone else' WHERE id = 3",
            Some(3),
        ),
        (
            "a missing row",
            "DELETE FROM audit_log WHERE id = 2",
            Some(3),
        ),
        (
            "exchanged rows",
            "UPDATE audit_log SET id = 9 - id WHERE id IN (4, 5); ",
            Some(4),
        ),
        ("nothing", "SELECT 1", None),
    ];
    for (what, sql, broken_at) in tampering {
        let test = TestDatabase::new().await;
        let audit = AuditRepository::new(&test.db);
        for n in 1..=6 {
            let number = audit
                .record(
                    "admin",
                    "call.opened",
                    Some(("session", "x")),
                    &json!({"n": n}),
                )
                .await
                .unwrap();
            assert_eq!(number, n);
        }
        let (admin, connection) =
            tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
                .await
                .unwrap();
        let work = async {
            let unchecked = "ALTER TABLE audit_log DISABLE TRIGGER append_only; ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey;";
            admin
                .batch_execute(&format!("{unchecked} {sql}"))
                .await
                .unwrap();
        };
        tokio::select! { () = work => {}, _ = connection => panic!("connection closed") }
        assert_eq!(audit.broken_at().await.unwrap(), broken_at, "{what}");
    }
}
