//! Compares what is answered with `openapi.json`: an answer that is not described is a defect of the
//! one or the other.

use std::sync::LazyLock;

use serde_json::{Value, json};

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(api::openapi()).expect("it is JSON"));

/// Panics where the description says something else. What no path of it fits is not checked.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &[u8]) {
    let paths = DESCRIPTION["paths"].as_object().expect("it has paths");
    let Some((_, operations)) = paths.iter().find(|(template, _)| fits(template, path)) else {
        return;
    };
    let operation = &operations[method.to_ascii_lowercase()];
    if operation.is_null() {
        assert_eq!(status, 405, "{method} {path} is not described");
        return;
    }
    let answer = &operation["responses"][status.to_string()];
    assert!(
        answer.is_object(),
        "{method} {path} answers {status}, which is not described"
    );
    let schema = &answer["content"]["application/json"]["schema"];
    if schema.is_null() {
        return;
    }
    let body: Value = serde_json::from_slice(body).expect("described as JSON");
    let schema = json!({"allOf": [schema], "components": DESCRIPTION["components"]});
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let faults: Vec<_> = validator
        .iter_errors(&body)
        .map(|fault| fault.to_string())
        .collect();
    assert!(
        faults.is_empty(),
        "{method} {path} answers {body}, which is described otherwise: {faults:#?}"
    );
}

/// Whether a path is of the template's form, such as `/v1/calls/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let parts: Vec<_> = template.split('/').collect();
    let given: Vec<_> = path.split('/').collect();
    let fits = |(part, given): (&&str, &&str)| part == given || part.starts_with('{');
    parts.len() == given.len() && parts.iter().zip(&given).all(fits)
}
