//! What is taken of an answer.

use super::*;

fn of(status: u16, body: &str) -> Result<Value, ToolError> {
    answer::of_deed(StatusCode::from_u16(status).unwrap(), body.as_bytes())
}

#[test]
fn of_an_answer_texts_and_numbers_are_kept_and_its_options() {
    let long = "x".repeat(201);
    let body = json!({
        "reference": "B-1",
        "due": 14,
        "fee": 2.5,
        "note": "two\nlines\u{202e}",
        "long": long,
        "empty": "",
        "late": false,
        "nothing": null,
        "list": ["a"],
        "inner": {"a": "b"},
        "options": [{"value": "1", "spoken": "one", "more": 1}, {"value": 2}, "3", {"value": "4"}],
    });
    for status in [200, 201] {
        let kept = json!({
            "reference": "B-1", "due": "14", "fee": "2.5", "note": "two lines",
            "options": [{"value": "1", "spoken": "one"}, {"value": "4"}],
        });
        assert_eq!(of(status, &body.to_string()), Ok(kept));
    }
    assert_eq!(of(200, "{}"), Ok(json!({})), "done, and no more to say");
    assert_eq!(of(200, r#"{"options": "none"}"#), Ok(json!({})));
}

#[test]
fn a_refusals_reason_is_one_short_line() {
    let declined = |reason: &str| Err(ToolError::Declined(reason.to_owned()));
    for status in [409, 422] {
        let body = r#"{"reason": " It is\n reserved.\u0007 "}"#;
        assert_eq!(of(status, body), declined("It is  reserved."));
        for none in [
            "",
            "no",
            "[]",
            "{}",
            r#"{"reason": 7}"#,
            r#"{"reason": " "}"#,
        ] {
            assert_eq!(of(status, none), declined("no reason was given"), "{none}");
        }
    }
    let long = json!({"reason": "ä".repeat(300)}).to_string();
    assert_eq!(of(409, &long), declined(&format!("{}…", "ä".repeat(200))));
}

#[test]
fn what_leaves_open_whether_it_was_done_is_never_a_failure() {
    for (status, body) in [
        (200, "<html>"),
        (200, ""),
        (200, "[]"),
        (200, "\"done\""),
        (204, ""),
        (302, ""),
        (307, "{}"),
        (408, ""),
        (425, ""),
        (429, ""),
        (500, ""),
        (502, "{}"),
        (503, "{\"reason\": \"busy\"}"),
    ] {
        let came = of(status, body);
        assert!(
            matches!(came, Err(ToolError::Unclear(_))),
            "{status} {body}: {came:?}"
        );
    }
    for status in [400, 401, 403, 405, 413] {
        let came = of(status, "");
        assert!(matches!(came, Err(ToolError::Failed(_))), "{status}");
    }
    assert_eq!(of(404, ""), Err(ToolError::NotFound));
}
