use std::time::Duration;

use database::{
    AuthLimits, AuthRepository, Claim, ConfigRepository, Database, DatabaseConfig, NewChallenge,
    ProfileRepository, SessionRepository, SummaryToken, SummaryTokenRepository, TenantId,
    WorkerRepository, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{call, count, customer, rows, summarise, talk, web_session};

/// Puts at least one row into every table that a tenant's data can be in.
async fn fill(test: &TestDatabase) {
    let db = &test.db;
    let (session, anonymous) = talk(db, "device-one", 2).await;
    summarise(db, session, 1).await;
    let sarah = customer(db, "sarah").await;
    ProfileRepository::new(db)
        .merge_anonymous_to_authenticated(anonymous, sarah, "test", None, false)
        .await
        .unwrap();
    let auth = AuthRepository::new(db, AuthLimits::default());
    let claim = Claim::Digits("1".to_owned());
    auth.start(&NewChallenge {
        session,
        claim,
        address: None,
        code: "1".to_owned(),
    })
    .await
    .unwrap();
    auth.verify(session, "2", None).await.unwrap();
    ConfigRepository::new(db)
        .set("greeting", &json!("hello"), "test")
        .await
        .unwrap();
    WorkerRepository::new(db)
        .beat("w", Duration::from_secs(9), &json!({}))
        .await
        .unwrap();
    database::RoomLock::new(db)
        .take("r", "h", Duration::from_secs(9))
        .await
        .unwrap();
    SummaryTokenRepository::new(db)
        .save(&SummaryToken::random(), session, Duration::from_secs(9))
        .await
        .unwrap();
    let sql = format!(
        "INSERT INTO profile_drains (profile_id) VALUES ('{anonymous}');
         INSERT INTO callbacks (callback_id, session_id) VALUES (gen_random_uuid(), '{session}');
         INSERT INTO left_tasks (session_id, task, values_ct, kept_at, expires_at) VALUES ('{session}', 't', '\\x', now(), now());
         INSERT INTO facts (session_id, seq, place, key, what, value, confidence, source, learned_at) VALUES ('{session}', 0, 0, 'k', 'holds', 'v', 90, 'said', now());
         INSERT INTO recording_segments (session_id, number, sound_ct, recorded_at) VALUES ('{session}', 0, '\\x', now());
         INSERT INTO turn_insights (session_id, seq, source, version, emotion, urgency, intent_category, sentiment, frustration, causes, confidence, topics,
                                    pain_points, opportunities, objections, actions, made_at)
         VALUES ('{session}', 0, 'rules', 1, 'neutral', 'low', 'exploration', 0, 0, '{{}}', 50, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', now());
         INSERT INTO lead_events (session_id, cause, kind, value, happened_at) VALUES ('{session}', 'c', 'sentiment', 0, now());
         INSERT INTO lead_scores (profile_id, formula, events, engagement_score, intent_to_buy_score, total_score, lead_temperature, is_qualified,
                                  second_score, second_temperature, wanted, objections, appointments, callbacks, documents, facts, scored_at)
         VALUES ('{sarah}', 1, 1, 9, 9, 18, 'hot', true, 18, 'hot', 1, 2, 0, 0, 0, '{{}}', now());
         INSERT INTO draft_asks (pack, document, session_id, phrasing_ct, phrasing_bidx, adopted_by)
         VALUES ('p', 'd', '{session}', '\\x', sha256('x'), 'ann');
         INSERT INTO blocked_identifiers (kind, pattern) VALUES ('*', 'x');
         SELECT enqueue_summary('{session}');
         INSERT INTO message_archives (partition, low, high, messages, tool_call_records, file, sha256)
         VALUES ('conversation_messages_2020_01', v7_floor('2020-01-01'), v7_floor('2020-02-01'), 0, 0, 'f', sha256('x'));
         INSERT INTO agent_instructions (version, body) VALUES (1, 'b');
         INSERT INTO tool_calls (session_id, idempotency_key, seq, tool, arguments_ct, requested_at) VALUES ('{session}', '{session}', 0, 't', '\\x', now());
         INSERT INTO tool_call_outcomes (session_id, idempotency_key, outcome, result_ct, finished_at) VALUES ('{session}', '{session}', 'success', '\\x', now());
         INSERT INTO erased_sessions (session_id) VALUES (gen_random_uuid());
         INSERT INTO erased_identifiers (mark) VALUES (sha256('x'));
         SELECT import_documents('bank', '[{{\"document\": \"d\", \"chunk\": 0, \"title\": \"t\", \"body\": \"b\", \"sha256\": \"{:064}\"}}]');
         SELECT add_meanings('bank', 'm', ARRAY[sha256('x')], ARRAY['\\x00'::bytea])",
        0
    );
    test.client().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn another_tenant_sees_no_row_of_any_table() {
    let test = TestDatabase::new().await;
    fill(&test).await;
    let tables = rows(&test, "SELECT c.relname AS name, c.relispartition AS partition FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'refinery_schema_history' ORDER BY 1").await;
    assert!(tables.len() >= 20, "{tables:?}");
    let this_month = chrono::Utc::now()
        .format("conversation_messages_%Y_%m")
        .to_string();
    let client = test.client().await;
    for table in &tables {
        let partition = table["partition"].as_bool().unwrap();
        let table = table["name"].as_str().unwrap();
        let see = async |tenant: &str| {
            client
                .batch_execute(&format!("SET app.tenant = '{tenant}'"))
                .await
                .unwrap();
            client
                .query_one(&format!("SELECT count(*) FROM {table}"), &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
        };
        // Of the months' partitions one has the rows; the default one has those of other ids.
        let may_be_empty = partition && table != this_month;
        assert!(
            may_be_empty || see("1").await > 0,
            "{table} has no row to hide"
        );
        assert_eq!(
            (see("2").await, see("").await),
            (0, 0),
            "{table} shows another tenant's rows"
        );
        for change in [
            format!("UPDATE {table} SET tenant_id = tenant_id"),
            format!("DELETE FROM {table}"),
        ] {
            let sql = "SET app.tenant = '2'";
            client.batch_execute(sql).await.unwrap();
            // Where rows are written once, the statement is refused whoever asks.
            let changed = match client.execute(&change, &[]).await {
                Ok(changed) => changed,
                Err(error) => {
                    let refused = error.as_db_error().map_or("", |e| e.message());
                    assert!(refused.contains("append-only"), "{change}: {error:?}");
                    0
                }
            };
            assert_eq!(changed, 0, "{change} reaches another tenant's rows");
        }
    }
}

#[tokio::test]
async fn another_tenant_sees_nothing_through_a_view_and_writes_into_no_table() {
    let test = TestDatabase::new().await;
    fill(&test).await;
    let client = test.client().await;
    let count = async |tenant: &str, view: &str| {
        let set = format!("SET app.tenant = '{tenant}'");
        client.batch_execute(&set).await.unwrap();
        let sql = format!("SELECT count(*) FROM {view}");
        client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let views = rows(&test, "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')").await;
    assert!(views.len() >= 4, "{views:?}");
    for view in &views {
        let view = view["name"].as_str().unwrap();
        // These are empty as long as the record is right.
        let alarm = ["counter_drift", "session_drift"].contains(&view);
        assert!(
            alarm || count("1", view).await > 0,
            "{view} has nothing to hide"
        );
        assert_eq!(
            count("2", view).await,
            0,
            "{view} shows another tenant's rows"
        );
    }
    let tables = rows(&test, "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'refinery_schema_history' AND NOT relispartition").await;
    for table in &tables {
        let table = table["name"].as_str().unwrap();
        let sql = "SET app.tenant = '2'";
        client.batch_execute(sql).await.unwrap();
        // A row of tenant 1, offered by tenant 2: every other column as an existing row has it.
        let sql = format!(
            "INSERT INTO {table} SELECT (r).* FROM (SELECT jsonb_populate_record(NULL::{table}, $1) AS r) o"
        );
        let row = rows(
            &test,
            &format!("SELECT to_jsonb(t) AS row FROM {table} t LIMIT 1"),
        )
        .await;
        let smuggled = client.execute(&sql, &[&row[0]["row"]]).await;
        assert!(
            smuggled.is_err(),
            "tenant 2 wrote a row of tenant 1 into {table}"
        );
        let written = smuggled.unwrap_err();
        let code = written.code().map_or("", |code| code.code());
        // 42501: the policy; 428C9: a number that only the table gives; 23503 and 23514: it
        // belongs to something that this tenant does not see.
        assert!(
            ["42501", "428C9", "23503", "23514", "P0001"].contains(&code),
            "{table}: {written:?}"
        );
    }
}

#[tokio::test]
async fn another_tenant_can_neither_write_nor_take_rows() {
    let test = TestDatabase::new().await;
    let new = web_session("device-one");
    let mine = call(&test.db, &new).await;
    let theirs = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    })
    .unwrap();
    assert!(
        SessionRepository::new(&theirs)
            .get(new.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        ProfileRepository::new(&theirs)
            .get_by_id(mine.profile_id)
            .await
            .unwrap()
            .is_none()
    );
    let other = call(&theirs, &web_session("device-one")).await;
    assert_ne!(
        other.profile_id, mine.profile_id,
        "one device, two tenants, two profiles"
    );
    let outcome = ProfileRepository::new(&theirs)
        .merge_anonymous_to_authenticated(mine.profile_id, other.profile_id, "x", None, true)
        .await;
    assert_eq!(outcome.unwrap(), database::MergeOutcome::NotFound);
    let client = test.client().await;
    let sql = "INSERT INTO user_profiles (tenant_id, profile_type, anonymous_id) VALUES (2, 'anonymous', 'smuggled')";
    assert!(
        client.execute(sql, &[]).await.is_err(),
        "a row of another tenant was written"
    );
    let stolen = client
        .execute("UPDATE user_profiles SET tenant_id = 2", &[])
        .await;
    assert!(stolen.is_err(), "a row was given to another tenant");
    assert_eq!(count(&test, "SELECT 1 FROM user_profiles").await, 1);
}

#[tokio::test]
async fn without_a_tenant_nothing_is_written() {
    let test = TestDatabase::new().await;
    let client = test.client().await;
    client.batch_execute("SET app.tenant = ''").await.unwrap();
    let refused = client
        .execute(
            "SELECT start_session(gen_random_uuid(), 'r', 'p', 'd', 'web', NULL, NULL, NULL, NULL, now())",
            &[],
        )
        .await;
    let message = refused
        .expect_err("a session without a tenant")
        .as_db_error()
        .map(|e| e.message().to_owned());
    assert!(
        message.unwrap().contains("app.tenant"),
        "the error says what to set"
    );
}
