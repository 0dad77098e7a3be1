//! Everything a worker does beside its calls, as a member of `app_writer`: neither superuser nor
//! owner.

use std::{collections::BTreeSet, time::Duration};

use chrono::{TimeDelta, Utc};
use database::{
    ArchiveRepository, AuthLimits, AuthRepository, CallbackChange, CallbackFilter,
    CallbackRepository, Claim, ConfigRepository, ConversationSummaryRepository, DocumentRepository,
    LeaderRole, MeaningRepository, MessageRepository, NewCallback, NewChallenge, NewSession,
    Origin, ProfileRepository, RecountRepository, RoomLock, SessionFilter, SessionId,
    SessionRepository, StaleAfter, SummaryQueue, SummaryToken, SummaryTokenRepository,
    ToolCallRepository, ToolOutcome, WorkerRepository,
    test_support::TestDatabase,
    verify::{Anchors, Verifier},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    roles::as_role,
    support::{assert_invariants, at, rows, summary_of, web_session},
    tool_calls::made,
};

const LEASE: Duration = Duration::from_secs(30);

/// A call with sealed words, stored by the worker itself.
async fn record(db: &database::Database, new: &NewSession) {
    let key = db.keys().new_session_key().unwrap();
    let started = SessionRepository::new(db).start(new, &key).await.unwrap();
    assert!(!started.erased);
    let stored = MessageRepository::new(db)
        .insert_batch(&crate::sealing::sealed(new.id, 0..3))
        .await;
    assert_eq!(stored.unwrap().new, 3);
    let words = (json!({}), json!({}));
    let (intent, outcome) = made(db, new.id, words, ToolOutcome::Success).await;
    let calls = ToolCallRepository::new(db);
    assert!(calls.begin(&intent).await.unwrap());
    assert!(calls.finish(&outcome).await.unwrap());
}

#[tokio::test]
async fn a_worker_beats_sweeps_and_summarises_as_app_writer() {
    let test = TestDatabase::new().await;
    let db = as_role(&test, "app_writer");
    let sessions = SessionRepository::new(&db);
    let workers = WorkerRepository::new(&db);
    workers.beat("w", LEASE, &json!({})).await.unwrap();
    assert_eq!(workers.alive().await.unwrap(), ["w"]);
    assert!(db.lead(LeaderRole::Maintenance).await.unwrap().is_some());
    let rooms = RoomLock::new(&db);
    assert!(rooms.take("r", "h", LEASE).await.unwrap());
    rooms.release("r", "h").await.unwrap();

    let new = web_session("device-one");
    record(&db, &new).await;
    let tokens = SummaryTokenRepository::new(&db);
    tokens
        .save(&SummaryToken::random(), new.id, LEASE)
        .await
        .unwrap();
    sessions.heartbeat(&[new.id]).await.unwrap();
    let sql =
        "UPDATE session_rows SET last_activity_at = now() - interval '1 hour', worker_id = 'gone'";
    test.client().await.batch_execute(sql).await.unwrap();
    let after = StaleAfter {
        without_worker: LEASE,
        outer: LEASE * 60,
    };
    assert_eq!(sessions.stale(after, 9).await.unwrap(), [new.id]);
    assert_eq!(sessions.abandon_stale(after, 9).await.unwrap().len(), 1);

    let queue = SummaryQueue::new(&db);
    let owed = queue.claim(9, LEASE).await.unwrap();
    assert_eq!(owed.len(), 1, "the end owes a summary");
    let summaries = ConversationSummaryRepository::new(&db);
    assert!(summaries.upsert(&summary_of(new.id, 2)).await.unwrap());
    let owner = sessions.get(new.id).await.unwrap().unwrap().profile_id;
    let learned = json!({"topic": "fees"});
    let profiles = ProfileRepository::new(&db);
    let origin = Origin::default();
    let learned = profiles.update_metadata(owner, &learned, &origin);
    assert!(learned.await.unwrap().is_some());
    assert!(queue.complete(&owed[0]).await.unwrap());
    assert_eq!(queue.enqueue_missing(Utc::now()).await.unwrap(), 0);
    queue.enqueue(new.id).await.unwrap();
    let again = queue.claim_session(new.id, LEASE).await.unwrap();
    queue.fail(&again.unwrap(), "no reason").await.unwrap();
    assert_eq!(queue.failed(9).await.unwrap().len(), 0);
    queue.forget(Utc::now() + TimeDelta::days(1)).await.unwrap();
    tokens.delete_expired().await.unwrap();
    let listed = sessions.list(&SessionFilter::default(), 9).await.unwrap();
    assert_eq!(listed.len(), 1);
    workers.leave("w").await.unwrap();
    assert_invariants(&test, "after a worker's upkeep").await;
}

#[tokio::test]
async fn a_worker_recounts_anchors_and_puts_a_month_away_as_app_writer() {
    let test = TestDatabase::new().await;
    let db = as_role(&test, "app_writer");
    let folder = std::env::temp_dir().join(format!("teller-role-{}", Uuid::new_v4()));
    let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, 1_704_100_000, 0);
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let old = NewSession {
        id: SessionId(Uuid::new_v7(timestamp)),
        started_at: at(0),
        ..web_session("device-one")
    };
    record(&db, &old).await;
    record(&db, &web_session("device-one")).await;

    let recount = RecountRepository::new(&db);
    assert_eq!(recount.make_partitions(5).await.unwrap(), 2, "made ahead");
    assert_eq!(recount.misplaced().await.unwrap(), 0);
    let (from, until) = (Utc::now() - TimeDelta::days(3), Utc::now());
    assert!(recount.orphans(from, until).await.unwrap().is_empty());
    assert!(recount.profiles().await.unwrap().is_empty());
    assert!(recount.sessions().await.unwrap().is_empty());
    let drained = ProfileRepository::new(&db).drain_merges(100).await.unwrap();
    assert_eq!(drained.pending, 0);

    let anchored = Anchors::new(&db, &folder).write(Utc::now()).await.unwrap();
    assert_eq!(anchored.len(), 1);
    let archives = ArchiveRepository::new(&db);
    let months = archives.retired(12).await.unwrap();
    let archived = archives.put_away(&months[0], &folder).await.unwrap();
    assert_eq!((archived.messages, archived.dropped), (3, true));
    let report = Verifier::new(&db, &folder).unwrap().all().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    std::fs::remove_dir_all(&folder).unwrap();
    let drift = recount.profiles().await.unwrap();
    assert!(drift.is_empty(), "what is put away still counts: {drift:?}");
}

#[tokio::test]
async fn a_worker_proves_callers_and_promises_to_call_back_as_app_writer() {
    let test = TestDatabase::new().await;
    let admin = ProfileRepository::new(&as_role(&test, "identity_admin"));
    let row = database::CustomerRow {
        username: "sarah".into(),
        phone_number: Some("+263771234567".into()),
        customer_number: Some("100277".into()),
        ..database::CustomerRow::default()
    };
    admin.import_customers(&[row], "ann").await.unwrap();
    let db = as_role(&test, "app_writer");
    let new = web_session("device-one");
    record(&db, &new).await;
    let auth = AuthRepository::new(&db, AuthLimits::default());
    let asked = NewChallenge {
        session: new.id,
        claim: Claim::Digits("100277".into()),
        address: Some("10.0.0.1".into()),
        code: "123456".into(),
    };
    auth.start(&asked).await.unwrap();
    let proved = auth.verify(new.id, "123456", None).await.unwrap();
    assert!(format!("{proved:?}").contains("Verified"), "{proved:?}");
    let callback = NewCallback {
        phone_number: Some("+263771234567".into()),
        ..NewCallback::new(Uuid::new_v4(), new.id, Utc::now())
    };
    let callbacks = CallbackRepository::new(&db);
    callbacks.request(&callback).await.unwrap();
    let open = callbacks.list(CallbackFilter::Open, None, 9).await.unwrap();
    assert_eq!(open.len(), 1);
    for change in [
        callbacks.take(callback.id, "ann").await,
        callbacks.done(callback.id, "ann", Some("told her")).await,
    ] {
        assert_eq!(change.unwrap(), CallbackChange::Changed);
    }
    ConfigRepository::new(&db).all().await.unwrap();
    let documents = DocumentRepository::new(&db);
    documents.revision("bank").await.unwrap();
    assert!(documents.all("bank").await.unwrap().is_empty());
    let meanings = MeaningRepository::new(&db);
    let texts = BTreeSet::from(["Dial *236#.".to_owned()]);
    assert!(meanings.of("bank", "m", &texts).await.unwrap().is_empty());
    let kept = meanings
        .keep("bank", "m", &[("Dial *236#.", vec![0; 4])])
        .await;
    assert!(kept.is_err(), "a worker imports");
    db.check_writable().await.unwrap();
    assert_invariants(&test, "after proving who calls").await;
}
