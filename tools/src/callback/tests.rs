use std::sync::Mutex;

use chrono::FixedOffset;

use super::*;
use crate::{TicketTool, ToolCaller};

#[derive(Default)]
struct Book(Mutex<Vec<CallbackRequest>>);

impl Callbacks for Book {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Ok(()) })
    }
}

impl Book {
    fn only(&self) -> CallbackRequest {
        let book = self.0.lock().unwrap();
        assert_eq!(book.len(), 1, "{book:?}");
        book[0].clone()
    }
}

fn caller() -> ToolCaller {
    ToolCaller {
        phone: Some("+14155550100".to_owned()),
        customer: Some("sarah.moyo".to_owned()),
        ..ToolCaller::default()
    }
}

async fn call(tool: &dyn Tool, arguments: &Value) -> (Uuid, Result<Value, ToolError>) {
    let key = Uuid::new_v4();
    let call = ToolCall {
        session: SessionId::new(),
        seq: 3,
        arguments,
        key,
        caller: &caller(),
    };
    assert!(
        jsonschema::is_valid(&tool.spec().arguments, arguments),
        "the schema takes {arguments}"
    );
    (key, tool.call(call).await)
}

#[tokio::test]
async fn a_callback_that_says_nothing_goes_to_the_number_they_call_from_by_tomorrow() {
    let book = Arc::new(Book::default());
    let before = due(&Local::now(), 1);
    let (key, result) = call(&CallbackTool::new(book.clone()), &json!({})).await;
    let after = due(&Local::now(), 1);
    let request = book.only();
    assert_eq!((request.key, &*request.kind), (key, "callback"));
    assert_eq!(request.phone, caller().phone);
    assert_eq!(request.customer, caller().customer);
    assert_eq!(
        (request.reason, request.wanted, request.urgent),
        (None, None, false)
    );
    // Midnight may have passed meanwhile.
    let (day, due_at) = if request.due_at == before.1 {
        before
    } else {
        after
    };
    assert_eq!(request.due_at, due_at);
    let told = json!({"reference": Reference::of(key).as_str(), "due": day});
    assert_eq!(result, Ok(told));
}

#[tokio::test]
async fn what_the_caller_asked_for_is_in_the_request_each_in_one_line() {
    let book = Arc::new(Book::default());
    let arguments = json!({
        "phone": "077 123-4567", "time": " tomorrow\n after four ", "reason": "the parcel\nis open", "urgent": true
    });
    call(&CallbackTool::new(book.clone()), &arguments)
        .await
        .1
        .unwrap();
    let request = book.only();
    assert_eq!(request.phone.as_deref(), Some("0771234567"));
    assert_eq!(request.wanted.as_deref(), Some("tomorrow after four"));
    assert_eq!(request.reason.as_deref(), Some("the parcel is open"));
    assert!(request.urgent);
}

#[tokio::test]
async fn a_number_that_is_none_is_declined_and_nothing_promised() {
    for phone in ["my mobile", "0000", "-", "+12"] {
        let book = Arc::new(Book::default());
        let tool = CallbackTool::new(book.clone());
        let (_, result) = call(&tool, &json!({ "phone": phone })).await;
        let Err(ToolError::Declined(why)) = result else {
            panic!("{phone:?} is taken: {result:?}")
        };
        assert!(why.contains("digits are accepted"), "{why}");
        assert!(!why.contains(phone), "it quotes the caller: {why}");
        assert!(book.0.lock().unwrap().is_empty(), "{phone:?} is on record");
    }
}

#[tokio::test]
async fn a_ticket_is_of_its_kind_and_due_after_its_days() {
    let book = Arc::new(Book::default());
    let tool = TicketTool::new(book.clone(), [("complaint".to_owned(), 14)].into());
    let arguments = json!({"kind": "complaint", "text": "It came\nbroken."});
    let before = due(&Local::now(), 14);
    let (key, result) = call(&tool, &arguments).await;
    let request = book.only();
    assert_eq!((request.key, &*request.kind), (key, "complaint"));
    assert_eq!(request.reason.as_deref(), Some("It came broken."));
    assert_eq!(request.phone, caller().phone);
    assert!(request.due_at == before.1 || request.due_at == due(&Local::now(), 14).1);
    let result = result.unwrap();
    assert_eq!(result["reference"], Reference::of(key).as_str());
    assert_eq!(result["due"].as_str().map(str::len), Some(10), "{result}");
}

#[test]
fn a_ticket_takes_its_own_kinds_alone_and_needs_a_text() {
    let book = Arc::new(Book::default());
    let tool = TicketTool::new(book, [("complaint".to_owned(), 14)].into());
    for (arguments, is_taken) in [
        (json!({"text": "it is late", "kind": "complaint"}), true),
        (json!({"text": "it is late", "kind": "unconfirmed"}), true),
        (json!({"text": "it is late", "kind": "dispute"}), false),
        (json!({"text": "it is late"}), false),
        (json!({"text": "", "kind": "complaint"}), false),
        (
            json!({"text": "it is late", "kind": "complaint", "due": 1}),
            false,
        ),
        (json!({}), false),
    ] {
        let schema = &tool.spec().arguments;
        assert_eq!(
            jsonschema::is_valid(schema, &arguments),
            is_taken,
            "{arguments}"
        );
    }
}

#[test]
fn a_promise_is_late_when_the_day_that_was_told_is_over_where_the_company_is() {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
    for (now, days, day, end) in [
        // Already tomorrow there, and still yesterday.
        (
            "2026-12-01T01:30:00+10:00",
            1,
            "2026-12-02",
            "2026-12-02T23:59:59+10:00",
        ),
        (
            "2026-11-30T23:30:00-08:00",
            1,
            "2026-12-01",
            "2026-12-01T23:59:59-08:00",
        ),
        (
            "2026-02-27T12:00:00+00:00",
            2,
            "2026-03-01",
            "2026-03-01T23:59:59+00:00",
        ),
        (
            "2026-12-31T00:00:00+00:00",
            0,
            "2026-12-31",
            "2026-12-31T23:59:59+00:00",
        ),
    ] {
        let now: DateTime<FixedOffset> = at(now);
        assert_eq!(due(&now, days), (day.to_owned(), at(end).to_utc()), "{now}");
    }
}
