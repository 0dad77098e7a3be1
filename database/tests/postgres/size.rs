//! Bytes of a message in the database, for the plan of a hundred million in `docs/guarantees.md`.

use database::{
    MessageRepository, MessageSealer, NewMessage, Role, SessionId, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{at, call, web_session};

/// A turn of 130 bytes, with what the agent measures of it.
fn turn(session: SessionId, seq: i32) -> NewMessage {
    let words = "To reset your PIN, dial *236#, choose Cards and then Reset PIN. You need your \
                 card and your national ID; the new PIN works at once.";
    let mut message = NewMessage::new(session, seq, Role::Assistant, words, at(i64::from(seq)));
    message.started_ms = Some(seq * 4000);
    message.ended_ms = Some(seq * 4000 + 3500);
    message.intent = Some("reset_pin".to_owned());
    message.latency_ms = Some(840);
    message.meta = json!({"latency": {"stt_ms": 120, "retrieval_ms": 2, "reply_ms": 810}, "route": "banking",
        "sources": [{"title": "Cards", "source": "cards.md", "score": 3.5}]});
    message
}

/// `SIZE_ROWS=120000` for the figures; a few thousand to notice a column that grew.
#[tokio::test]
async fn a_message_takes_no_more_bytes_than_were_planned() {
    #[expect(clippy::disallowed_methods, reason = "the size of a measurement")]
    let wanted = std::env::var("SIZE_ROWS").ok();
    let rows: i32 = wanted.as_deref().map_or(3_000, |n| n.parse().unwrap());
    let test = TestDatabase::new().await;
    let messages = MessageRepository::new(&test.db);
    let mut batch = Vec::new();
    for n in 0..rows / 30 {
        let new = web_session(&format!("device-{}", n % 500));
        call(&test.db, &new).await;
        let key = test.db.keys().new_session_key().unwrap();
        let mut sealer = MessageSealer::new(new.id, key);
        batch.extend((0..30).map(|seq| sealer.seal(turn(new.id, seq)).unwrap()));
        if batch.len() >= 480 {
            messages.insert_batch(&batch).await.unwrap();
            batch.clear();
        }
    }
    messages.insert_batch(&batch).await.unwrap();
    let sql = "SELECT sum(pg_relation_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint, sum(pg_total_relation_size(c.oid))::bigint,
                      (SELECT count(*) FROM conversation_messages)
                 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'conversation_messages'::regclass";
    let row = test.client().await.query_one(sql, &[]).await.unwrap();
    let (heap, indexes, all, count): (i64, i64, i64, i64) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    if wanted.is_some() {
        println!(
            "{count} messages: {} bytes a row, of which heap {}, indexes {}",
            all / count,
            heap / count,
            indexes / count
        );
    }
    // Four empty partitions weigh on a few rows.
    assert!(all / count < 900, "{} bytes a message", all / count);
}
