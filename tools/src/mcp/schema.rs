//! What is taken of a schema that a server sends: its structure and no word of it. Names, descriptions and examples are the
//! server's own text, and would speak to the model with the voice of its orders.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::listed::CUSTOMER;

/// A schema of more bytes, or nested deeper, is none for a spoken conversation.
const MAX_BYTES: usize = 16 * 1024;
const MAX_DEPTH: usize = 8;
/// Longest name of an argument and longest value of a choice, in characters.
const MAX_WORD: usize = 60;
/// Keywords that hold a number.
const NUMBERS: [&str; 9] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
];
const TYPES: [&str; 7] = [
    "object", "array", "string", "number", "integer", "boolean", "null",
];

/// The arguments of a tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    /// Of all of them, pinned ones included: tells whether a schema changed.
    pub(super) digest: String,
    /// The JSON schema of those that a model gives.
    pub(super) arguments: Value,
}

/// Takes a schema over, without the pinned arguments, which it must have.
///
/// # Errors
/// Why it cannot be used; quotes no text of the server's.
pub(super) fn taken(
    schema: &Map<String, Value>,
    pinned: &BTreeMap<String, Value>,
) -> Result<Taken, String> {
    let schema = Value::Object(schema.clone());
    if schema.to_string().len() > MAX_BYTES {
        return Err(format!("its schema has more than {MAX_BYTES} bytes"));
    }
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Err("its arguments are no object".to_owned());
    }
    let whole = structure(&schema, MAX_DEPTH)?;
    let mut properties = whole
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (name, value) in pinned {
        let Some(property) = properties.remove(name) else {
            return Err(format!("pinned.{name}: it takes no such argument"));
        };
        let value = if value == CUSTOMER {
            &json!("a name")
        } else {
            value
        };
        let fits = jsonschema::validator_for(&property).is_ok_and(|valid| valid.is_valid(value));
        if !fits {
            return Err(format!("pinned.{name}: it takes no such value there"));
        }
    }
    let required = whole
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let required: Vec<&Value> = required
        .filter(|name| {
            name.as_str()
                .is_some_and(|name| properties.contains_key(name))
        })
        .collect();
    let arguments = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    jsonschema::validator_for(&arguments).map_err(|_| "its schema is none".to_owned())?;
    Ok(Taken {
        digest: digest(&whole),
        arguments,
    })
}

/// The structure of a schema: types, bounds, choices, and what is within.
fn structure(schema: &Value, depth: usize) -> Result<Value, String> {
    let schema = match schema {
        Value::Bool(any) => return Ok(json!(any)),
        Value::Object(schema) => schema,
        _ => return Err("its schema is none".to_owned()),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("its schema is nested deeper than {MAX_DEPTH}"));
    };
    let mut kept = Map::new();
    for (key, value) in schema {
        let value = match key.as_str() {
            "type" => kind(value)?,
            "enum" => Value::Array(list(value)?.iter().map(choice).collect::<Result<_, _>>()?),
            "const" => choice(value)?,
            "required" => Value::Array(list(value)?.iter().map(choice).collect::<Result<_, _>>()?),
            "properties" => {
                let properties = value.as_object().ok_or("its schema is none")?;
                let within = properties.iter().map(|(name, within)| {
                    is_argument(name)
                        .then_some(())
                        .ok_or("an argument has a name that is none")?;
                    Ok((name.clone(), structure(within, depth)?))
                });
                Value::Object(within.collect::<Result<_, String>>()?)
            }
            "items" | "additionalProperties" => structure(value, depth)?,
            "anyOf" | "oneOf" | "allOf" => {
                let within = list(value)?.iter().map(|within| structure(within, depth));
                Value::Array(within.collect::<Result<_, _>>()?)
            }
            number if NUMBERS.contains(&number) && value.is_number() => value.clone(),
            // Words, and what would have to be looked up elsewhere: the server checks it itself.
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    Ok(Value::Object(kept))
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| "its schema is none".to_owned())
}

fn kind(value: &Value) -> Result<Value, String> {
    let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let known = match value {
        Value::Array(types) => types.iter().all(is_type),
        one => is_type(one),
    };
    known
        .then(|| value.clone())
        .ok_or_else(|| "its schema is none".to_owned())
}

/// A value that a model may choose: a word or a number, and no text.
fn choice(value: &Value) -> Result<Value, String> {
    let fits = match value {
        Value::String(text) => text.chars().count() <= MAX_WORD && !text.contains(char::is_control),
        Value::Number(_) | Value::Bool(_) | Value::Null => true,
        _ => false,
    };
    let long = || format!("a choice of its schema is no word of at most {MAX_WORD} characters");
    fits.then(|| value.clone()).ok_or_else(long)
}

fn is_argument(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=MAX_WORD).contains(&name.len()) && name.chars().all(letter)
}

fn digest(schema: &Value) -> String {
    let mut text = String::new();
    write_sorted(schema, &mut text);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// The same text for the same value, in whatever order its keys came.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (key, value) in sorted {
                out.push_str(&json!(key).to_string());
                out.push(':');
                write_sorted(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                write_sorted(value, out);
                out.push(',');
            }
            out.push(']');
        }
        one => out.push_str(&one.to_string()),
    }
}
