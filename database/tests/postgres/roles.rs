use database::testing::TestDatabase;
use database::{
    AuditRepository, ConversationSummaryRepository, Database, DatabaseConfig, DatabaseError,
    ErasureOutcome, MergeOutcome, MessageRepository, ProfileRepository, SessionEnd,
    SessionRepository, UnmergeOutcome,
};
use serde_json::json;

use crate::support::{call, customer, rows, summary_of, web_session, words};

const ROLES: [&str; 5] = [
    "app_reader",
    "app_writer",
    "supervisor",
    "auditor",
    "identity_admin",
];

/// A database whose roles exist. Roles belong to the server, so several tests may make them.
async fn with_roles() -> TestDatabase {
    let test = TestDatabase::new().await;
    let (client, connection) =
        tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with its client; tests have no task tracker"
    )]
    tokio::spawn(connection);
    for role in ROLES {
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        client.batch_execute(&sql).await.unwrap();
    }
    test.client()
        .await
        .batch_execute("SELECT grant_roles()")
        .await
        .unwrap();
    test
}

/// The program as a member of this role and nothing more.
fn as_role(test: &TestDatabase, role: &str) -> Database {
    let url = test.superuser_url();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-c%20role%3D{role}");
    Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
}

#[tokio::test]
async fn a_worker_records_a_call_as_app_writer_and_can_do_no_more() {
    let test = with_roles().await;
    let sarah = customer(&test.db, "sarah").await;
    let worker = as_role(&test, "app_writer");
    let sessions = SessionRepository::new(&worker);
    let new = web_session("device-one");
    let started = call(&worker, &new).await;
    let stored = MessageRepository::new(&worker)
        .insert_readable(&words(new.id, 0..3))
        .await;
    assert_eq!(stored.unwrap(), 3);
    let summary = summary_of(new.id, 2);
    assert!(
        ConversationSummaryRepository::new(&worker)
            .upsert(&summary)
            .await
            .unwrap()
    );
    let proved = sessions.authenticate(new.id, sarah, 2, "caller").await;
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
    assert!(sessions.end_session(new.id, &end).await.unwrap());

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
        "UPDATE profile_merges SET actor = 'x'",
        "DELETE FROM person_keys",
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
    let test = with_roles().await;
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
        "UPDATE callbacks SET reason = ''",
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
    let test = with_roles().await;
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

#[tokio::test]
async fn every_table_has_a_tenant_a_policy_and_force() {
    let test = TestDatabase::new().await;
    let open = rows(
        &test,
        "SELECT c.relname AS name FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'refinery_schema_history'
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                     AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
                     AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL))",
    )
    .await;
    assert!(open.is_empty(), "not closed to other tenants: {open:?}");
}

async fn role_client(test: &TestDatabase, role: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with its client; tests have no task tracker"
    )]
    tokio::spawn(connection);
    client
        .batch_execute(&format!("SET ROLE {role}; SET app.tenant = '1'"))
        .await
        .unwrap();
    client
}
