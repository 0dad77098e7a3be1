//! Recordings: sealed, stored once, gone with their person, put away with their month.

use chrono::Utc;
use database::{
    ArchiveRepository, Database, DatabaseConfig, NewSound, ProfileRepository, RecordingRepository,
    SealedSound, SessionId, SessionRepository, TenantId,
    keys::{KeyError, SessionKey},
    test_support::TestDatabase,
};

use crate::{
    retention::{Folder, old_session},
    support::{count, rows, talk},
};

fn sound(session_id: SessionId, number: i32) -> NewSound {
    NewSound {
        session_id,
        number,
        pages: format!("OggS otter {number}").into_bytes(),
        recorded_at: Utc::now(),
    }
}

async fn key_of(db: &Database, session: SessionId) -> SessionKey {
    let key = SessionRepository::new(db).key(session).await.unwrap();
    key.expect("the session's key")
}

/// A call with these segments of a recording.
async fn recorded(db: &Database, numbers: &[i32]) -> (SessionId, Vec<SealedSound>) {
    let (session, _) = talk(db, "device-one", 2).await;
    (session, record(db, session, numbers).await)
}

async fn record(db: &Database, session: SessionId, numbers: &[i32]) -> Vec<SealedSound> {
    let key = key_of(db, session).await;
    let recordings = RecordingRepository::new(db);
    let mut sealed = Vec::new();
    for number in numbers {
        let segment = sound(session, *number).seal(&key).unwrap();
        recordings.keep(&segment).await.unwrap();
        sealed.push(segment);
    }
    sealed
}

/// No key but its own, and in no other place.
#[track_caller]
fn refused(opened: Result<Vec<u8>, KeyError>) {
    assert!(matches!(opened, Err(KeyError::Unreadable)), "it opens");
}

#[tokio::test]
async fn a_segment_is_stored_once_however_often_it_comes_and_nothing_of_it_is_readable() {
    let test = TestDatabase::new().await;
    let (session, sealed) = recorded(&test.db, &[0, 1, 3]).await;
    let recordings = RecordingRepository::new(&test.db);
    for segment in sealed.iter().rev() {
        recordings.keep(segment).await.unwrap();
    }
    let stored = recordings.segments(session).await.unwrap();
    let lengths: Vec<(i32, i64)> = stored.iter().map(|s| (s.number, s.bytes)).collect();
    assert_eq!(
        lengths,
        [(0, 12), (1, 12), (3, 12)],
        "in order, by their own length"
    );
    for number in [0, 1, 3] {
        let pages = recordings.pages(session, number).await.unwrap();
        assert_eq!(pages, Some(sound(session, number).pages));
    }
    assert_eq!(recordings.pages(session, 2).await.unwrap(), None);
    let readable = "SELECT FROM recording_segments WHERE position('otter'::bytea IN sound_ct) > 0";
    assert_eq!(count(&test, readable).await, 0);
}

#[tokio::test]
async fn a_segment_opens_in_its_own_place_alone() {
    let test = TestDatabase::new().await;
    let (session, sealed) = recorded(&test.db, &[0, 1]).await;
    let (other, _) = recorded(&test.db, &[0]).await;
    let key = key_of(&test.db, session).await;
    let bytes = &sealed[0].sound_ct;
    assert!(key.open_sound(session, 0, bytes).is_ok());
    refused(key.open_sound(session, 1, bytes));
    refused(key.open_sound(other, 0, bytes));
    let others = key_of(&test.db, other).await;
    refused(others.open_sound(session, 0, bytes));
}

#[tokio::test]
async fn after_an_erasure_its_bytes_open_with_no_key_that_is_left_and_what_comes_late_is_turned_away()
 {
    let test = TestDatabase::new().await;
    let (session, sealed) = recorded(&test.db, &[0, 1]).await;
    let (kept, _) = recorded_by(&test.db, "device-two").await;
    let recordings = RecordingRepository::new(&test.db);
    let owner = SessionRepository::new(&test.db).get(session).await.unwrap();
    let profiles = ProfileRepository::new(&test.db);
    let profile = owner.expect("the call").profile_id;
    profiles.erase(profile, "ann").await.unwrap();
    assert_eq!(recordings.segments(session).await.unwrap(), []);
    recordings.keep(&sealed[1]).await.unwrap();
    let of = format!("SELECT FROM recording_segments WHERE session_id = '{session}'");
    assert_eq!(count(&test, &of).await, 0, "rows of an erased person");
    let dropped = "SELECT FROM erased_sessions WHERE dropped = 1";
    assert_eq!(count(&test, dropped).await, 1, "what came late is counted");

    // A backup from before, put back behind the program's back: every key there is fails.
    let bytes = hex::encode(&sealed[0].sound_ct);
    let sql = format!(
        "ALTER TABLE recording_segments DISABLE TRIGGER a_erased;
         INSERT INTO recording_segments (session_id, number, sound_ct, recorded_at) VALUES ('{session}', 0, '\\x{bytes}', now())"
    );
    test.client().await.batch_execute(&sql).await.unwrap();
    assert!(!recordings.exists(session).await.unwrap());
    assert_eq!(recordings.pages(session, 0).await.unwrap(), None);
    let keys = "SELECT session_id FROM session_keys";
    let left: Vec<SessionId> = test
        .client()
        .await
        .query(keys, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(left, [kept], "the keys that are left");
    let key = key_of(&test.db, kept).await;
    refused(key.open_sound(session, 0, &sealed[0].sound_ct));
    assert!(
        recordings.pages(kept, 0).await.unwrap().is_some(),
        "nobody else's"
    );
}

async fn recorded_by(db: &Database, device: &str) -> (SessionId, Vec<SealedSound>) {
    let (session, _) = talk(db, device, 1).await;
    (session, record(db, session, &[0]).await)
}

/// More of them than are deleted at once.
async fn read_turns(test: &TestDatabase, session: SessionId, turns: i32) {
    let sql = format!(
        "INSERT INTO turn_insights (session_id, seq, source, version, emotion, urgency, intent_category, sentiment, frustration, causes, confidence, topics,
                                    pain_points, opportunities, objections, actions, made_at)
         SELECT '{session}', seq, 'rules', 1, 'neutral', 'low', 'exploration', 0, 0, '{{}}', 50, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', now()
           FROM generate_series(1, {turns}) seq"
    );
    test.client().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn when_a_months_words_are_in_a_file_its_sound_and_what_its_turns_say_are_deleted() {
    let test = TestDatabase::new().await;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let other = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    })
    .unwrap();
    let old = old_session(&test.db, 1).await[0].session_id;
    let theirs = old_session(&other, 1).await[0].session_id;
    record(&test.db, old, &[0, 1]).await;
    record(&other, theirs, &[0]).await;
    let (young, _) = recorded(&test.db, &[0]).await;
    read_turns(&test, old, 1_200).await;
    read_turns(&test, young, 1).await;
    let mine = ArchiveRepository::new(&test.db);
    let month = mine.retired(12).await.unwrap().remove(0);
    let early = "SELECT delete_retired('conversation_messages_2024_01', 500) AS deleted";
    let deleted = &rows(&test, early).await[0]["deleted"];
    assert_eq!(deleted, 0, "nothing goes before the words are in a file");

    let folder = Folder::new();
    let archived = mine.put_away(&month, &folder.0).await.unwrap();
    assert_eq!(
        (archived.deleted, archived.dropped),
        (1_202, false),
        "another's words are in no file"
    );
    let recordings = RecordingRepository::new(&test.db);
    assert_eq!(recordings.segments(old).await.unwrap(), []);
    let text = std::fs::read_to_string(&archived.file).unwrap();
    assert!(!text.contains("sound_ct"), "sound is in no file");
    let of_others = RecordingRepository::new(&other);
    assert_eq!(of_others.segments(theirs).await.unwrap().len(), 1);

    let archives = ArchiveRepository::new(&other);
    let again = archives.put_away(&month, &folder.0).await.unwrap();
    assert_eq!((again.deleted, again.dropped), (1, true));
    assert_eq!(recordings.segments(young).await.unwrap().len(), 1);
    let insights = "SELECT FROM turn_insights";
    assert_eq!(count(&test, insights).await, 1, "the young call's stays");
}
