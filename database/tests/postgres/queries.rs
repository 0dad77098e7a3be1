use database::{ProfileRepository, SessionRepository, test_support::TestDatabase};

use crate::support::{call, customer, summarise, talk, web_session, words};

// The queries that people run by hand, unchanged, with psql's defaults.
const Q1: &str = "SELECT id, anonymous_id, total_sessions, total_messages, last_seen_at
FROM user_profiles
WHERE profile_type = 'anonymous' AND merged_into_profile_id IS NULL
ORDER BY total_sessions DESC;";
const Q2: &str = "SELECT s.summary, s.topics, p.username, s.created_at
FROM conversation_summaries s
JOIN user_profiles p ON s.profile_id = p.id
WHERE s.sentiment = 'positive'
ORDER BY s.created_at DESC
LIMIT 10;";
const Q3: &str = "SELECT DISTINCT p.id, p.username, p.anonymous_id
FROM conversation_summaries s
JOIN user_profiles p ON s.profile_id = p.id
WHERE 'cardless_withdrawal' = ANY(s.topics);";
const Q4: &str = "SELECT 
    profile_type,
    COUNT(*) as total_users,
    AVG(total_sessions) as avg_sessions_per_user,
    AVG(total_messages) as avg_messages_per_user
FROM user_profiles
WHERE merged_into_profile_id IS NULL
GROUP BY profile_type;";

/// Rows of text, as psql would show them.
async fn run(test: &TestDatabase, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = test
        .client()
        .await
        .simple_query(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = |message: &tokio_postgres::SimpleQueryMessage| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(
            (0..row.len())
                .map(|i| row.get(i).map(str::to_owned))
                .collect(),
        ),
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[tokio::test]
async fn the_documented_queries_run_unchanged_and_answer_right() {
    let test = TestDatabase::new().await;
    let (first, _) = talk(&test.db, "device-sarah", 8).await;
    summarise(&test.db, first, 7).await;
    let sarah = customer(&test.db, "sarah").await;
    SessionRepository::new(&test.db)
        .authenticate(first, sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    talk(&test.db, "device-quiet", 1).await;
    let busy = talk(&test.db, "device-busy", 2).await.1;
    talk(&test.db, "device-busy", 3).await;

    let q1 = run(&test, Q1).await;
    let columns: Vec<_> = q1.iter().map(|row| row[1..4].to_vec()).collect();
    assert_eq!(
        columns,
        [
            some(&["device-busy", "2", "5"]),
            some(&["device-quiet", "1", "1"])
        ],
        "Q1"
    );
    assert_eq!(q1[0][0], Some(busy.to_string()));
    let q2 = run(&test, Q2).await;
    assert_eq!(q2.len(), 1);
    assert_eq!(
        q2[0][1..3],
        some(&["{cardless_withdrawal,banking_hours}", "sarah"]),
        "Q2"
    );
    assert_eq!(
        run(&test, Q3).await,
        [vec![
            Some(sarah.to_string()),
            Some("sarah".to_owned()),
            None
        ]],
        "Q3"
    );
    let mut q4 = run(&test, Q4).await;
    q4.sort();
    let rounded: Vec<_> = q4
        .iter()
        .map(|r| {
            (
                r[0].clone().unwrap(),
                r[1].clone().unwrap(),
                r[2].as_ref().unwrap()[..3].to_owned(),
                r[3].as_ref().unwrap()[..3].to_owned(),
            )
        })
        .collect();
    let expect = |a: &str, b: &str, c: &str, d: &str| {
        (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())
    };
    assert_eq!(
        rounded,
        [
            expect("anonymous", "2", "1.5", "3.0"),
            expect("authenticated", "1", "1.0", "8.0")
        ],
        "Q4"
    );
}

#[tokio::test]
async fn a_merge_by_hand_shows_at_once_in_the_queries() {
    let test = TestDatabase::new().await;
    let new = web_session("device-one");
    let anonymous = call(&test.db, &new).await.profile_id;
    database::MessageRepository::new(&test.db)
        .insert(&words(new.id, 0..2))
        .await
        .unwrap();
    let id = ProfileRepository::new(&test.db)
        .create_authenticated_profile("john_doe", Some("+263771234567"), None)
        .await
        .unwrap();
    let sql = format!("SELECT merge_profiles(\n    '{anonymous}'::uuid,\n    '{id}'::uuid\n);");
    assert_eq!(run(&test, &sql).await, [some(&["merged"])]);
    assert!(run(&test, Q1).await.is_empty());
}
