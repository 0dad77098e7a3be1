//! What an answer of the company's systems comes to.

use call::input::{clean_line, strict_line};
use outbound::StatusCode;
use serde_json::{Map, Value, json};

use crate::{ToolError, company::text_fields};

/// Longest text of an answer that is kept, in characters: it is meant to be spoken.
const MAX_TEXT: usize = 200;
/// Of what can be chosen from, no more is kept; nobody listens to so many.
const MAX_OPTIONS: usize = 200;
/// The one list of an answer that is kept.
const OPTIONS: &str = "options";

/// What came of a deed.
pub(super) fn of_deed(status: StatusCode, body: &[u8]) -> Result<Value, ToolError> {
    match status {
        StatusCode::OK | StatusCode::CREATED => object(body).map(result).ok_or_else(|| {
            ToolError::Unclear(format!("the system answered {status} and no JSON object"))
        }),
        StatusCode::NOT_FOUND => Err(ToolError::NotFound),
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            Err(ToolError::Declined(reason(body)))
        }
        // Too early, too many or too slow: what stands in front of the system may have passed it on all the same.
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(unclear(status))
        }
        status if status.is_client_error() => {
            Err(ToolError::Failed(format!("the system answered {status}")))
        }
        status => Err(unclear(status)),
    }
}

/// What can be chosen from: `{"options": […]}`.
pub(super) fn of_options(body: &[u8]) -> Result<Value, ToolError> {
    let no_list = || ToolError::Failed("the system sent no list of options".to_owned());
    let found = object(body).and_then(|mut object| object.remove(OPTIONS));
    let found = found.as_ref().and_then(options).ok_or_else(no_list)?;
    Ok(json!({ OPTIONS: found }))
}

fn unclear(status: StatusCode) -> ToolError {
    ToolError::Unclear(format!("the system answered {status}"))
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

/// Fields of one line, and the options.
fn result(mut object: Map<String, Value>) -> Value {
    let options = object.remove(OPTIONS).as_ref().and_then(options);
    let texts = text_fields(object).into_iter();
    let mut kept: Map<String, Value> = texts
        .filter_map(|(key, value)| Some((line(&key)?, line(value.as_str()?)?.into())))
        .collect();
    if let Some(options) = options {
        kept.insert(OPTIONS.to_owned(), options);
    }
    Value::Object(kept)
}

/// Those of a list that have a value.
fn options(list: &Value) -> Option<Value> {
    let options = list.as_array()?.iter().filter_map(|option| {
        let text = |key: &str| line(option.get(key)?.as_str()?);
        let value = text("value")?;
        Some(match text("spoken") {
            Some(spoken) => json!({ "value": value, "spoken": spoken }),
            None => json!({ "value": value }),
        })
    });
    Some(options.take(MAX_OPTIONS).collect())
}

/// The other side's words for a refusal, as one short line.
fn reason(body: &[u8]) -> String {
    let reason = object(body).and_then(|mut object| object.remove("reason"));
    let reason = clean_line(reason.as_ref().and_then(Value::as_str).unwrap_or_default());
    if reason.is_empty() {
        return "no reason was given".to_owned();
    }
    let short: String = reason.chars().take(MAX_TEXT).collect();
    if short == reason {
        return short;
    }
    format!("{}…", short.trim_end())
}

/// A text that is spoken whole or not at all.
fn line(text: &str) -> Option<String> {
    strict_line(&clean_line(text), MAX_TEXT)
        .ok()
        .map(str::to_owned)
}
