//! Promises to callers: stored once with a reference of their own, listed by what is due, taken by one, kept by one.

use call::Reference;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    Callback, CallbackChange, CallbackFilter, CallbackName, CallbackRepository, Database,
    DatabaseConfig, NewCallback, ProfileRepository, SessionId, StoredRecord, TenantId,
    test_support::TestDatabase,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    roles::as_role,
    support::{rows, talk},
};

async fn call(test: &TestDatabase) -> SessionId {
    talk(&test.db, &format!("device {}", Uuid::new_v4()), 1)
        .await
        .0
}

/// Due this many hours from now.
fn due_in(session: SessionId, hours: i64) -> NewCallback {
    let now = Utc::now();
    NewCallback {
        due_at: Some(now + TimeDelta::hours(hours)),
        ..NewCallback::new(Uuid::new_v4(), session, now)
    }
}

async fn store(test: &TestDatabase, new: &NewCallback) {
    let callbacks = CallbackRepository::new(&test.db);
    callbacks.request(new).await.unwrap();
}

async fn listed(test: &TestDatabase, filter: CallbackFilter) -> Vec<Uuid> {
    let callbacks = CallbackRepository::new(&test.db);
    let listed = callbacks.list(filter, None, 100).await.unwrap();
    listed.iter().map(|callback| callback.id).collect()
}

#[tokio::test]
async fn what_was_asked_for_is_kept_sealed_and_read_as_it_was_said() {
    let test = TestDatabase::new().await;
    let new = NewCallback {
        kind: "late_delivery".to_owned(),
        phone_number: Some("0771 is no number".to_owned()),
        reason: Some("the sofa\nis late".to_owned()),
        wanted: Some(" after four\u{200b} ".to_owned()),
        urgent: true,
        ..due_in(call(&test).await, 5)
    };
    store(&test, &new).await;
    store(&test, &new).await;
    let callbacks = CallbackRepository::new(&test.db);
    let stored = callbacks.by_session(new.session).await.unwrap();
    assert_eq!(stored.len(), 1, "one key, one promise: {stored:?}");
    let expected = Callback {
        id: new.id,
        session: new.session,
        kind: "late_delivery".to_owned(),
        reference: Some(Reference::of(new.id).to_string()),
        phone_number: None,
        reason: Some("the sofa\nis late".to_owned()),
        wanted: Some("after four".to_owned()),
        urgent: true,
        requested_at: stored[0].requested_at,
        due_at: stored[0].due_at,
        taken_at: None,
        taken_by: None,
        done_at: None,
        done_by: None,
        note: None,
        erased: false,
    };
    assert_eq!(stored[0], expected);
    let late = (stored[0].due_at - new.due_at.unwrap()).abs();
    assert!(
        late < TimeDelta::microseconds(1),
        "PostgreSQL rounds, no more: {late}"
    );
    let second = due_in(new.session, 9);
    store(&test, &second).await;
    let both = callbacks.by_session(new.session).await.unwrap();
    assert_eq!(both.len(), 2, "a call may have several promises");
}

#[tokio::test]
async fn two_promises_whose_keys_make_one_reference_are_both_found_by_one_of_their_own() {
    let test = TestDatabase::new().await;
    let session = call(&test).await;
    // A reference is of the second half of a key.
    let keys: Vec<Uuid> = (1..=3).map(|n| Uuid::from_u64_pair(n, 259_375)).collect();
    let told = Reference::of(keys[0]);
    for key in &keys {
        assert_eq!(Reference::of(*key), told);
        let new = NewCallback::new(*key, session, Utc::now());
        // Repeating one changes no reference.
        for _ in 0..2 {
            store(&test, &new).await;
        }
    }
    let callbacks = CallbackRepository::new(&test.db);
    let mut found = Vec::new();
    for reference in told.and_longer().take(3) {
        let name = CallbackName::Reference(reference);
        found.push(callbacks.id_of(&name).await.unwrap().expect("it is found"));
    }
    assert_eq!(found, keys, "in the order in which they were stored");
}

#[tokio::test]
async fn references_that_are_taken_at_the_same_moment_lose_no_promise() {
    let test = TestDatabase::new().await;
    let session = call(&test).await;
    let mut tasks = JoinSet::new();
    for n in 1..=8 {
        let callbacks = CallbackRepository::new(&test.db);
        tasks.spawn(async move {
            let new = NewCallback::new(Uuid::from_u64_pair(n, 7), session, Utc::now());
            callbacks.request(&new).await
        });
    }
    for stored in tasks.join_all().await {
        stored.unwrap();
    }
    let stored = CallbackRepository::new(&test.db).by_session(session).await;
    let references = stored.unwrap().into_iter().map(|stored| stored.reference);
    let references: std::collections::BTreeSet<_> = references.collect();
    assert_eq!(references.len(), 8, "each has its own: {references:?}");
    assert!(!references.contains(&None), "{references:?}");
}

#[tokio::test]
async fn what_is_to_be_kept_comes_urgent_first_then_by_its_day_and_goes_on_where_it_was_cut() {
    let test = TestDatabase::new().await;
    let session = call(&test).await;
    let of = |hours, urgent| NewCallback {
        urgent,
        ..due_in(session, hours)
    };
    // Of no day: a day after it was promised.
    let plain = NewCallback::new(Uuid::new_v4(), session, Utc::now());
    let (late, soon, later) = (of(-1, false), of(2, false), of(48, false));
    let (urgent, late_and_urgent) = (of(72, true), of(-2, true));
    for new in [&later, &plain, &late, &urgent, &soon, &late_and_urgent] {
        store(&test, new).await;
    }
    let expected = [&late_and_urgent, &urgent, &late, &soon, &plain, &later].map(|new| new.id);
    assert_eq!(listed(&test, CallbackFilter::Open).await, expected);
    assert_eq!(
        listed(&test, CallbackFilter::Overdue).await,
        [late_and_urgent.id, late.id]
    );
    let callbacks = CallbackRepository::new(&test.db);
    for filter in [CallbackFilter::Open, CallbackFilter::All] {
        let whole = listed(&test, filter).await;
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = callbacks.list(filter, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.cursor(filter));
            seen.extend(page.iter().map(|callback| callback.id));
        }
        assert_eq!(seen, whole, "{filter:?} page by page");
        assert_eq!(whole.len(), 6);
    }
    let is_late = |new: &NewCallback| {
        let callbacks = callbacks.clone();
        let id = new.id;
        async move {
            let all = callbacks.by_session(session).await.unwrap();
            let found = all.iter().find(|callback| callback.id == id).unwrap();
            found.is_overdue(Utc::now())
        }
    };
    assert!(is_late(&late).await && !is_late(&soon).await);
}

#[tokio::test]
async fn a_promise_is_taken_by_one_and_kept_by_one_and_whoever_is_refused_hears_who() {
    let test = TestDatabase::new().await;
    let new = due_in(call(&test).await, -1);
    store(&test, &new).await;
    let callbacks = CallbackRepository::new(&test.db);
    let by = |change: CallbackChange| match change {
        CallbackChange::Taken { by, .. } => format!("taken by {by}"),
        CallbackChange::Done { by, .. } => format!("done by {by}"),
        other => format!("{other:?}"),
    };
    let take = async |who: &str| by(callbacks.take(new.id, who).await.unwrap());
    let done = async |who: &str, note| by(callbacks.done(new.id, who, note).await.unwrap());
    assert_eq!(take("Ann").await, "Changed");
    assert_eq!(take("Bea").await, "taken by Ann");
    assert_eq!(take("Ann").await, "Changed", "repeating changes nothing");
    for filter in [
        CallbackFilter::Open,
        CallbackFilter::Taken,
        CallbackFilter::Overdue,
    ] {
        assert_eq!(listed(&test, filter).await, [new.id], "{filter:?}");
    }
    assert!(listed(&test, CallbackFilter::Done).await.is_empty());

    let note = Some("she has it\nnow");
    assert_eq!(
        done("Bea", note).await,
        "Changed",
        "a colleague may finish it"
    );
    assert_eq!(done("Bea", Some("again")).await, "Changed");
    assert_eq!(done("Ann", None).await, "done by Bea");
    assert_eq!(take("Ann").await, "done by Bea");
    for filter in [
        CallbackFilter::Open,
        CallbackFilter::Taken,
        CallbackFilter::Overdue,
    ] {
        assert!(listed(&test, filter).await.is_empty(), "{filter:?}");
    }
    let kept = callbacks.list(CallbackFilter::Done, None, 9).await.unwrap();
    assert_eq!(kept.len(), 1);
    let names = (kept[0].taken_by.as_deref(), kept[0].done_by.as_deref());
    assert_eq!(names, (Some("Ann"), Some("Bea")));
    assert_eq!(kept[0].note.as_deref(), Some("she has it now"));
    assert!(
        !kept[0].is_overdue(Utc::now() + TimeDelta::days(9)),
        "it is kept"
    );

    let nobody = Uuid::new_v4();
    for change in [
        callbacks.take(nobody, "Ann").await,
        callbacks.done(nobody, "Ann", Some("x")).await,
    ] {
        assert_eq!(change.unwrap(), CallbackChange::NotFound);
    }
}

#[tokio::test]
async fn of_those_who_take_one_at_the_same_moment_one_has_it() {
    let test = TestDatabase::new().await;
    let new = due_in(call(&test).await, 1);
    store(&test, &new).await;
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let callbacks = CallbackRepository::new(&test.db);
        tasks.spawn(async move { callbacks.take(new.id, &format!("clerk {n}")).await });
    }
    let changes = tasks.join_all().await.into_iter().map(Result::unwrap);
    let winners = changes.filter(|change| *change == CallbackChange::Changed);
    let winners = winners.count();
    assert_eq!(winners, 1);
}

/// As the version before wrote it: `spool::Record` is this JSON, sealed.
fn of_before(session: SessionId, requested_at: DateTime<Utc>) -> Value {
    json!({"version": 1, "record": {"Callback": {
        "id": session, "session": session, "phone_number": "+263771234567", "reason": null, "requested_at": requested_at
    }}})
}

#[tokio::test]
async fn a_promise_that_the_version_before_left_in_the_spool_is_a_call_back_due_in_a_day() {
    let test = TestDatabase::new().await;
    let session = call(&test).await;
    let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let payload = serde_json::to_vec(&of_before(session, at)).unwrap();
    let Some(StoredRecord::Callback(new)) = StoredRecord::from_spool(&payload) else {
        panic!("a promise")
    };
    store(&test, &new).await;
    let stored = CallbackRepository::new(&test.db).by_session(session).await;
    let stored = stored.unwrap().remove(0);
    assert_eq!((stored.id, &*stored.kind), (session.0, "callback"));
    assert_eq!(stored.phone_number.as_deref(), Some("+263771234567"));
    assert_eq!(stored.reference, Some(Reference::of(session.0).to_string()));
    assert_eq!(
        (stored.requested_at, stored.due_at),
        (at, at + TimeDelta::days(1))
    );
    assert!(!stored.urgent);
}

#[tokio::test]
async fn a_row_of_the_version_before_is_listed_and_taken_by_its_id() {
    let test = TestDatabase::new().await;
    let (session, id) = (call(&test).await, Uuid::new_v4());
    let sql =
        format!("INSERT INTO callbacks (callback_id, session_id) VALUES ('{id}', '{session}')");
    test.client().await.batch_execute(&sql).await.unwrap();
    let callbacks = CallbackRepository::new(&test.db);
    let open = callbacks.list(CallbackFilter::Open, None, 9).await.unwrap();
    assert_eq!((open[0].id, &open[0].reference), (id, &None));
    assert_eq!(open[0].due_at, open[0].requested_at + TimeDelta::days(1));
    let named: CallbackName = format!(" {id} ").parse().unwrap();
    assert_eq!(callbacks.id_of(&named).await.unwrap(), Some(id));
}

#[tokio::test]
async fn another_tenant_sees_takes_and_keeps_nothing_and_has_references_of_its_own() {
    let test = TestDatabase::new().await;
    let new = due_in(call(&test).await, 1);
    store(&test, &new).await;
    let db = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    });
    let db = db.unwrap();
    let other = CallbackRepository::new(&db);
    for filter in [CallbackFilter::Open, CallbackFilter::All] {
        assert!(other.list(filter, None, 9).await.unwrap().is_empty());
    }
    let name = CallbackName::Reference(Reference::of(new.id));
    assert_eq!(other.id_of(&name).await.unwrap(), None);
    assert_eq!(other.id_of(&CallbackName::Id(new.id)).await.unwrap(), None);
    for change in [
        other.take(new.id, "Eve").await,
        other.done(new.id, "Eve", Some("x")).await,
    ] {
        assert_eq!(change.unwrap(), CallbackChange::NotFound);
    }
    let theirs = talk(&db, "device-two", 1).await.0;
    // The same reference, another key.
    let key = Uuid::from_u64_pair(9, new.id.as_u64_pair().1);
    let same = NewCallback::new(key, theirs, Utc::now());
    other.request(&same).await.unwrap();
    let stored = other.by_session(theirs).await.unwrap().remove(0);
    assert_eq!(stored.reference, Some(Reference::of(new.id).to_string()));
    assert_eq!(listed(&test, CallbackFilter::All).await, [new.id]);
}

#[tokio::test]
async fn a_supervisors_login_lists_promises_and_keeps_them_and_an_auditors_does_not() {
    let test = TestDatabase::new().await;
    let new = NewCallback {
        reason: Some("the sofa".to_owned()),
        ..due_in(call(&test).await, 1)
    };
    store(&test, &new).await;
    let supervisor = CallbackRepository::new(&as_role(&test, "supervisor"));
    let open = supervisor
        .list(CallbackFilter::Open, None, 9)
        .await
        .unwrap();
    assert_eq!(open[0].reason.as_deref(), Some("the sofa"));
    let taken = supervisor.take(new.id, "Ann").await.unwrap();
    let done = supervisor
        .done(new.id, "Ann", Some("told her"))
        .await
        .unwrap();
    assert_eq!(
        (taken, done),
        (CallbackChange::Changed, CallbackChange::Changed)
    );
    let auditor = CallbackRepository::new(&as_role(&test, "auditor"));
    assert!(auditor.list(CallbackFilter::Open, None, 9).await.is_err());
}

#[tokio::test]
async fn an_erased_caller_leaves_a_promise_that_is_done_and_says_nothing() {
    let test = TestDatabase::new().await;
    let session = call(&test).await;
    let new = NewCallback {
        phone_number: Some("+263771234567".to_owned()),
        reason: Some("the sofa".to_owned()),
        wanted: Some("after four".to_owned()),
        ..due_in(session, -1)
    };
    store(&test, &new).await;
    let callbacks = CallbackRepository::new(&test.db);
    callbacks.take(new.id, "Ann").await.unwrap();
    let owner = rows(&test, "SELECT home_profile_id AS id FROM session_rows").await;
    let owner = owner[0]["id"].as_str().unwrap().parse().unwrap();
    let profiles = ProfileRepository::new(&test.db);
    profiles.erase(owner, "admin").await.unwrap();

    assert!(listed(&test, CallbackFilter::Overdue).await.is_empty());
    let all = callbacks.list(CallbackFilter::All, None, 9).await.unwrap();
    assert!(all[0].erased, "{all:?}");
    let said = [
        &all[0].phone_number,
        &all[0].reason,
        &all[0].wanted,
        &all[0].note,
    ];
    assert_eq!(said, [&None; 4]);
    assert_eq!(all[0].done_by.as_deref(), Some("erased"));
    let sealed = "SELECT count(*) AS n FROM callbacks WHERE coalesce(phone_ct, reason_ct, wanted_ct, note_ct) IS NOT NULL";
    assert_eq!(rows(&test, sealed).await[0]["n"], 0);
    // What comes late is turned away.
    store(&test, &due_in(session, 1)).await;
    assert_eq!(listed(&test, CallbackFilter::All).await, [new.id]);
    let late = callbacks
        .done(new.id, "Bea", Some("who was it?"))
        .await
        .unwrap();
    assert!(matches!(late, CallbackChange::Done { by, .. } if by == "erased"));
}

#[test]
fn a_promise_is_named_by_its_reference_or_its_id() {
    let id = Uuid::new_v4();
    assert_eq!(id.to_string().parse(), Ok(CallbackName::Id(id)));
    let reference = Reference::of(id);
    let written = format!(" {} ", reference.as_str().to_lowercase());
    assert_eq!(written.parse(), Ok(CallbackName::Reference(reference)));
    let error = "42".parse::<CallbackName>().unwrap_err().to_string();
    assert!(error.contains("KM482915"), "{error}");
}
