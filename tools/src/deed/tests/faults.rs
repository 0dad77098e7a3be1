//! What a caller may be told when the company's systems fail, by what the deed promises.

use super::*;

/// A company's systems, and who asks them: with patience for an answer that comes, whatever else this host does, and
/// with little for one that does not.
struct Scene {
    desk: Desk,
    patient: Deeds,
    hasty: Deeds,
}

impl Scene {
    async fn open() -> Self {
        let (desk, url) = Desk::open().await;
        Self {
            desk,
            patient: deeds(&url, Duration::from_secs(60)),
            hasty: deeds(&url, Duration::from_secs(3)),
        }
    }

    /// What came of a deed whose first request meets this, how often it was carried out, and the requests. A success is
    /// that of this very deed.
    async fn after(&self, fault: Fault, effect: Effect) -> (Outcome, usize, usize) {
        let deeds = match fault {
            Fault::DoneAndSilent | Fault::Silent => &self.hasty,
            _ => &self.patient,
        };
        let session = SessionId::new();
        let tool = deeds.tool(&renewal(effect)).unwrap();
        let key = crate::key::idempotency_key(session, 4, "renew_book", None);
        let faults = vec![fault];
        self.desk.seen().faults.insert(key.to_string(), faults);
        let rows = Arc::new(Rows::default());
        let registry = Registry::new(session, vec![Arc::new(tool)], rows, Vec::new());
        let outcome = registry.call(asked_in(4)).await;
        assert_eq!(registry.call(asked_in(4)).await, outcome, "asked again");
        let led = self.desk.requests("ELSEWHERE");
        assert_eq!(led, 0, "a redirect was followed");
        if let Outcome::Success(result) = &outcome {
            assert_eq!(*result, json!({"reference": key.to_string()}), "another's");
        }
        let seen = self.desk.seen();
        let sent = seen
            .requests
            .iter()
            .zip(&seen.headers)
            .filter(|((method, ..), headers)| {
                method == "POST" && key_of(headers) == key.to_string()
            });
        let sent = sent.count();
        drop(seen);
        (outcome, self.desk.done(key), sent)
    }
}

#[tokio::test]
async fn what_was_done_under_a_key_is_found_and_never_done_twice() {
    let faults = [
        Fault::DoneAndSilent,
        Fault::DoneAndCut,
        Fault::DoneAndFlood,
        Fault::DoneAndAnothers,
        Fault::DoneAnd(200, "<html>"),
        Fault::DoneAnd(200, "[]"),
        Fault::DoneAnd(204, ""),
        Fault::DoneAnd(500, ""),
        Fault::DoneAnd(503, "{}"),
        Fault::DoneAnd(429, ""),
    ];
    let scene = Scene::open().await;
    let each = faults.map(async |fault| {
        let (outcome, done, sent) = scene.after(fault, Effect::Idempotent).await;
        assert_eq!(
            (outcome.is_success(), done, sent),
            (true, 1, 2),
            "{fault:?}: asked once more under its key"
        );
        let (outcome, done, sent) = scene.after(fault, Effect::Status).await;
        assert_eq!(
            (outcome.is_success(), done, sent),
            (true, 1, 1),
            "{fault:?}: asked how it ended"
        );
        let (outcome, done, sent) = scene.after(fault, Effect::Once).await;
        assert_eq!(
            (outcome, done, sent),
            (Outcome::Unknown, 1, 1),
            "{fault:?}: never sent again"
        );
    });
    futures_util::future::join_all(each).await;
}

#[tokio::test]
async fn what_was_not_done_is_done_once_where_that_is_safe_and_else_not_said_to_be() {
    let faults = [
        Fault::Silent,
        Fault::LedElsewhere,
        Fault::Undone(200, "nonsense"),
        Fault::Undone(500, ""),
        Fault::Undone(429, ""),
    ];
    let scene = Scene::open().await;
    let each = faults.map(async |fault| {
        let (outcome, done, _) = scene.after(fault, Effect::Idempotent).await;
        assert_eq!((outcome.is_success(), done), (true, 1), "{fault:?}");
        // What is not known there yet may still arrive.
        for effect in [Effect::Status, Effect::Once] {
            let (outcome, done, sent) = scene.after(fault, effect).await;
            assert_eq!((outcome, done, sent), (Outcome::Unknown, 0, 1), "{fault:?}");
        }
    });
    futures_util::future::join_all(each).await;
}

#[tokio::test]
async fn a_refusal_is_a_refusal_and_is_not_asked_again() {
    let scene = Scene::open().await;
    for (status, body, refusal) in [
        (
            409,
            r#"{"reason": "It is reserved."}"#,
            Refusal::Declined("It is reserved.".to_owned()),
        ),
        (404, "", Refusal::NotFound),
    ] {
        for effect in [Effect::Idempotent, Effect::Status, Effect::Once] {
            let (outcome, done, sent) = scene.after(Fault::Undone(status, body), effect).await;
            assert_eq!(outcome, Outcome::Refused(refusal.clone()), "{effect:?}");
            assert_eq!((done, sent), (0, 1), "{effect:?}");
        }
    }
}

#[tokio::test]
async fn a_second_request_that_fails_does_not_say_that_the_first_did() {
    let (desk, url) = Desk::open().await;
    let tool = deeds(&url, DeedConfig::TIME).tool(&renewal(Effect::Idempotent));
    let tool: Arc<dyn Tool> = Arc::new(tool.unwrap());
    let key = crate::key::idempotency_key(SESSION, 4, "renew_book", None);
    let faults = vec![Fault::Undone(401, ""), Fault::DoneAndCut];
    desk.seen().faults.insert(key.to_string(), faults);
    let registry = Registry::new(SESSION, vec![tool], Arc::new(Rows::default()), Vec::new());
    assert_eq!(registry.call(asked_in(4)).await, Outcome::Unknown);
    assert_eq!(desk.done(key), 1, "it was done");

    // The same where the first request is of a conversation that broke off.
    let away = deeds("http://127.0.0.1:1", DeedConfig::TIME);
    let away = away.tool(&renewal(Effect::Idempotent)).unwrap();
    let before = RecordedCall {
        key,
        tool: "renew_book".to_owned(),
        outcome: None,
    };
    let rows = Rows(Arc::new(Mutex::new(vec![before.clone()])));
    let registry = Registry::new(SESSION, vec![Arc::new(away)], Arc::new(rows), vec![before]);
    assert_eq!(registry.call(asked_in(4)).await, Outcome::Unknown);
}
