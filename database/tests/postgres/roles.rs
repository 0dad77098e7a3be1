use database::{
    AuditRepository, ConversationSummaryRepository, Database, DatabaseConfig, DatabaseError,
    ErasureOutcome, MergeOutcome, MessageRepository, ProfileRepository, SessionEnd,
    SessionRepository, UnmergeOutcome, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{call, customer, rows, summary_of, web_session, words};

/// The program as a member of this role and nothing more.
pub(crate) fn as_role(test: &TestDatabase, role: &str) -> Database {
    let url = test.url_as(role);
    Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
}

#[tokio::test]
async fn a_worker_records_a_call_as_app_writer_and_can_do_no_more() {
    let test = TestDatabase::new().await;
    let sarah = customer(&test.db, "sarah").await;
    let worker = as_role(&test, "app_writer");
    let sessions = SessionRepository::new(&worker);
    let new = web_session("device-one");
    let started = call(&worker, &new).await;
    let stored = MessageRepository::new(&worker)
        .insert(&words(new.id, 0..3))
        .await;
    assert_eq!(stored.unwrap(), 3);
    let summary = summary_of(new.id, 2);
    assert!(
        ConversationSummaryRepository::new(&worker)
            .upsert(&summary)
            .await
            .unwrap()
    );
    let proved = sessions
        .authenticate(new.id, sarah, call::AuthLevel::OneTimeCode, "caller")
        .await;
    assert_eq!(
        proved.unwrap(),
        MergeOutcome::Merged,
        "a caller who proved who they are"
    );
    let end = SessionEnd {
        reason: "caller_left".into(),
        ended_at: chrono::Utc::now(),
        metrics: json!({}),
    };
    assert!(sessions.end_session(new.id, &end, true).await.unwrap());

    let profiles = ProfileRepository::new(&worker);
    let erased = profiles.erase(sarah, "worker").await;
    assert!(
        matches!(erased, Err(DatabaseError::Setup(_))),
        "a worker erased: {erased:?}"
    );
    let unmerged = profiles.unmerge(started.profile_id, "worker", None).await;
    assert!(
        matches!(unmerged, Err(DatabaseError::Setup(_))),
        "a worker unmerged: {unmerged:?}"
    );
    let client = role_client(&test, "app_writer").await;
    for forbidden in [
        "DELETE FROM user_profiles",
        "UPDATE conversation_messages SET role = 'tool'",
        "DELETE FROM tool_calls",
        "SELECT delete_tool_calls(gen_random_uuid(), gen_random_uuid())",
        "UPDATE profile_merges SET actor = 'x'",
        "DELETE FROM person_keys",
        "UPDATE session_keys SET name_ct = NULL",
        "SELECT * FROM conversation_messages_default",
        "SELECT refile('{}', gen_random_uuid(), 0)",
        "ALTER TABLE user_profiles NO FORCE ROW LEVEL SECURITY",
    ] {
        assert!(
            client.batch_execute(forbidden).await.is_err(),
            "a worker may {forbidden}"
        );
    }
}

#[tokio::test]
async fn an_administrator_merges_and_erases_and_an_auditor_reads_only_who_did_it() {
    let test = TestDatabase::new().await;
    let admin = ProfileRepository::new(&as_role(&test, "identity_admin"));
    let sarah = admin
        .create_authenticated_profile("sarah", Some("+263771234567"), None)
        .await
        .unwrap();
    let new = web_session("device-one");
    let device = call(&test.db, &new).await.profile_id;
    let merged = admin
        .merge_anonymous_to_authenticated(device, sarah, "ann", None, false)
        .await;
    assert_eq!(merged.unwrap(), MergeOutcome::Merged);
    assert_eq!(
        admin.unmerge(device, "ann", None).await.unwrap(),
        UnmergeOutcome::Unmerged
    );
    assert_eq!(
        admin.erase(sarah, "ann").await.unwrap().outcome,
        ErasureOutcome::Erased
    );

    let auditor = as_role(&test, "auditor");
    let seen = AuditRepository::new(&auditor).list(None, 10).await.unwrap();
    assert!(
        seen.iter()
            .any(|entry| entry.action == "profile.erase" && entry.actor == "ann")
    );
    let client = role_client(&test, "auditor").await;
    for forbidden in [
        "user_profiles",
        "agent_sessions",
        "conversation_messages",
        "conversation_summaries",
        "person_keys",
        "session_keys",
        "callbacks",
        "profile_identifiers",
    ] {
        let answer = client
            .query(&format!("SELECT * FROM {forbidden}"), &[])
            .await;
        assert!(answer.is_err(), "an auditor reads {forbidden}");
    }
    for forbidden in [
        "INSERT INTO user_profiles (profile_type, anonymous_id) VALUES ('anonymous', 'x')",
        "UPDATE callbacks SET reason_ct = NULL",
        "DELETE FROM audit_log",
    ] {
        for role in ["app_reader", "auditor"] {
            let client = role_client(&test, role).await;
            assert!(
                client.batch_execute(forbidden).await.is_err(),
                "{role} may {forbidden}"
            );
        }
    }
}

#[tokio::test]
async fn every_table_is_somebodys_and_nothing_is_left_to_public() {
    let test = TestDatabase::new().await;
    let nobodys = rows(
        &test,
        "SELECT c.relname AS name FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND c.relname <> 'refinery_schema_history'
            AND NOT has_table_privilege('app_writer', c.oid, 'SELECT') AND NOT has_table_privilege('identity_admin', c.oid, 'SELECT')",
    )
    .await;
    assert!(nobodys.is_empty(), "grant_roles() forgets {nobodys:?}");
    let public = rows(
        &test,
        "SELECT p.proname AS name FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
          WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0
          UNION SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0",
    )
    .await;
    assert!(public.is_empty(), "everybody may use {public:?}");
    let passing = rows(&test, "SELECT rolname FROM pg_roles WHERE rolname IN ('app_reader', 'app_writer', 'supervisor', 'auditor', 'identity_admin') AND (rolsuper OR rolbypassrls)").await;
    assert!(
        passing.is_empty(),
        "{passing:?} may pass row-level security"
    );
}

/// Tables without a tenant, a policy for all commands, or force; views that do not ask as their reader.
async fn open_to_others(test: &TestDatabase) -> Vec<serde_json::Value> {
    rows(
        test,
        "SELECT c.relname AS name FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'refinery_schema_history'
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                     AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)
                     AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
                     AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                                       AND (pg_get_expr(p.polqual, p.polrelid) <> '(tenant_id = current_tenant())' OR pg_get_expr(p.polwithcheck, p.polrelid) <> '(tenant_id = current_tenant())')))
          UNION ALL SELECT c.relname FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)",
    )
    .await
}

#[tokio::test]
async fn every_table_has_a_tenant_a_policy_and_force_and_every_view_asks_as_its_reader() {
    let test = TestDatabase::new().await;
    let open = open_to_others(&test).await;
    assert!(open.is_empty(), "not closed to other tenants: {open:?}");
    rows(&test, "SELECT make_message_partition('2031-05-05')").await;
    let open = open_to_others(&test).await;
    assert!(open.is_empty(), "a partition made later is open: {open:?}");
    for forgotten in [
        "CREATE TABLE forgotten (tenant_id int NOT NULL)",
        "CREATE VIEW overlooked AS SELECT * FROM session_rows",
        "ALTER TABLE callbacks NO FORCE ROW LEVEL SECURITY",
        "ALTER POLICY tenant ON session_rows USING (true)",
    ] {
        let before = open_to_others(&test).await.len();
        test.client().await.batch_execute(forgotten).await.unwrap();
        let open = open_to_others(&test).await;
        assert_eq!(open.len(), before + 1, "unnoticed: {forgotten}");
    }
}

#[tokio::test]
async fn who_only_reads_may_run_nothing_that_changes() {
    let test = TestDatabase::new().await;
    let sarah = customer(&test.db, "sarah").await;
    let new = web_session("device-one");
    call(&test.db, &new).await;
    for role in ["app_reader", "supervisor", "auditor"] {
        let refused = SessionRepository::new(&as_role(&test, role))
            .authenticate(new.id, sarah, call::AuthLevel::OneTimeCode, role)
            .await;
        assert!(
            matches!(refused, Err(DatabaseError::Setup(_))),
            "{role}: {refused:?}"
        );
        let client = role_client(&test, role).await;
        for forbidden in [
            "SELECT drop_archived_partition('conversation_messages_2020_01')",
            "SELECT make_message_partition('2031-05-05')",
            "SELECT set_contact(gen_random_uuid(), NULL, NULL, NULL, NULL, NULL)",
            "SELECT start_session(gen_random_uuid(), 'r', 'p', 'd', 'web', NULL, NULL, NULL, NULL, now())",
            "SELECT keep_stated_name(gen_random_uuid(), NULL)",
        ] {
            assert!(
                client.batch_execute(forbidden).await.is_err(),
                "{role} may {forbidden}"
            );
        }
    }
    let reader = as_role(&test, "app_reader");
    let seen = SessionRepository::new(&reader).get(new.id).await.unwrap();
    assert!(seen.is_some(), "a reader reads");
    let sql = "SELECT FROM sessions_of((SELECT profile_id FROM agent_sessions))";
    let client = role_client(&test, "app_reader").await;
    assert_eq!(client.query(sql, &[]).await.unwrap().len(), 1);
}

async fn role_client(test: &TestDatabase, role: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&test.url_as(role), tokio_postgres::NoTls)
        .await
        .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with its client; tests have no task tracker"
    )]
    tokio::spawn(connection);
    client.batch_execute("SET app.tenant = '1'").await.unwrap();
    client
}
