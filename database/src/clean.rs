//! Values as PostgreSQL can hold them: it refuses text with U+0000, and one such character in a
//! transcript must not stop a batch.

use serde_json::Value;

/// [`call::input::clean_text`] as a value of its own.
pub(crate) fn clean_text(text: &str) -> String {
    call::input::clean_text(text).into_owned()
}

/// [`clean_text`] for every string within a JSON value, keys included.
pub(crate) fn clean_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean_text(text)),
        Value::Array(items) => items.iter().map(clean_json).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (clean_text(key), clean_json(item)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hidden_character_survives_at_any_depth() {
        let dirty = serde_json::json!({"a\0": ["x\0y", {"b": "\0"}], "n": 1});
        assert_eq!(
            clean_json(&dirty),
            serde_json::json!({"a": ["xy", {"b": ""}], "n": 1})
        );
    }
}
