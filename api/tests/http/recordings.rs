//! `GET /v1/calls/{id}/recording`, over a real database.

use chrono::Utc;
use database::{
    NewSound, RecordingRepository, SessionId, SessionRepository, test_support::TestDatabase,
};
use reqwest::{StatusCode, header};

use crate::{
    records::store_session,
    server::{answer, serve, settings},
};

/// Segments of 1,000 bytes, each of its own number, of which 1 was lost.
async fn record(test: &TestDatabase) -> SessionId {
    let id = store_session(&test.db, 9, "2026-02-01T10:00:00Z").await;
    let key = SessionRepository::new(&test.db).key(id).await;
    let key = key.expect("the database answers").expect("its key");
    for number in [0, 2] {
        let sound = NewSound {
            session_id: id,
            number,
            pages: vec![number as u8; 1_000],
            recorded_at: Utc::now(),
        };
        let sealed = sound.seal(&key).expect("sealed");
        let kept = RecordingRepository::new(&test.db).keep(&sealed).await;
        kept.expect("it is stored");
    }
    id
}

#[tokio::test]
async fn a_recording_is_read_whole_or_in_part_and_each_opening_is_audited_first() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let id = record(&test).await;
    let path = format!("/v1/calls/{id}/recording");
    let whole = server.get(&path, "reads").await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()["content-type"], "audio/ogg");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["cache-control"], "no-store");
    let whole = whole.bytes().await.expect("all of it");
    assert!(whole.starts_with(b"OggS") && whole.ends_with(&[2; 1_000]));
    let length = whole.len();

    // From the middle of the first segment to the middle of what was lost.
    let from = whole
        .windows(1_000)
        .position(|bytes| bytes == [0; 1_000])
        .expect("it is there")
        + 500;
    let range = format!("bytes={from}-{}", from + 999);
    let part = server
        .asking(&path)
        .bearer_auth("reads")
        .header(header::RANGE, range);
    let part = answer(part).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    let expected = format!("bytes {from}-{}/{length}", from + 999);
    assert_eq!(part.headers()["content-range"], expected.as_str());
    assert_eq!(
        part.bytes().await.expect("all of it"),
        whole.slice(from..from + 1_000)
    );
    let beyond = server
        .asking(&path)
        .bearer_auth("reads")
        .header(header::RANGE, format!("bytes={length}-"));
    assert_eq!(
        answer(beyond).await.status(),
        StatusCode::RANGE_NOT_SATISFIABLE
    );

    let client = test.client().await;
    let audited =
        "SELECT count(*) FROM audit_log WHERE action = 'recording.opened' AND subject_id = $1";
    let audited = client.query_one(audited, &[&id.to_string()]).await;
    assert_eq!(audited.expect("it counts").get::<_, i64>(0), 3);
}

#[tokio::test]
async fn nobody_without_a_key_hears_one_and_a_call_without_one_has_none() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let id = record(&test).await;
    let path = format!("/v1/calls/{id}/recording");
    assert_eq!(
        server.get(&path, "wrong").await.status(),
        StatusCode::UNAUTHORIZED
    );
    let other = store_session(&test.db, 10, "2026-02-01T10:00:00Z").await;
    for none in [
        other.to_string(),
        SessionId::new().to_string(),
        "no-id".to_owned(),
    ] {
        let path = format!("/v1/calls/{none}/recording");
        assert_eq!(
            server.get(&path, "reads").await.status(),
            StatusCode::NOT_FOUND
        );
    }
    let shown = server.json(&format!("/v1/calls/{id}")).await;
    assert_eq!(shown["recorded"], true);
    let shown = server.json(&format!("/v1/calls/{other}")).await;
    assert_eq!(shown["recorded"], false);
}

#[tokio::test]
async fn without_a_row_in_the_audit_nothing_is_heard() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let id = record(&test).await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$;
                  CREATE TRIGGER refuse BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse()";
    test.client()
        .await
        .batch_execute(refuse)
        .await
        .expect("a trigger");
    let answer = server
        .get(&format!("/v1/calls/{id}/recording"), "reads")
        .await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.bytes().await.expect("a body").starts_with(b"OggS"));
}
