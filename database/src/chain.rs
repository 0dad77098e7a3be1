//! The canonical form of a message row, and its hash. Pure, so that whoever holds an export can
//! recompute it without this program:
//!
//! ```text
//! first   = SHA-256("teller/session/1" ‖ session id)
//! row hash = SHA-256(hash before ‖ "teller/message/1" ‖ row)
//! row     = session id ‖ seq ‖ role ‖ ciphertext ‖ redacted ‖ started_ms ‖ ended_ms ‖ interrupted ‖
//!           intent ‖ latency_ms ‖ meta ‖ created_at
//! ```
//!
//! Numbers are big-endian and of fixed width (created_at: microseconds since 1970), texts and the
//! ciphertext are preceded by their length in 8 bytes, what may be absent by a byte 0 or 1. `meta`
//! is its JSON text with sorted keys and no spaces. The hash covers the ciphertext, never the
//! words: a row whose key was destroyed is still provable.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use crate::SessionId;
use crate::message::SealedMessage;

/// Larger numbers with decimals lose them: up to here a millionth survives the way through
/// PostgreSQL's decimals exactly (2^53 / 10^6).
const LARGEST_FRACTION: f64 = 9.0e9;

/// SHA-256 of a row and all rows of its session before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RowHash(pub [u8; 32]);

impl RowHash {
    /// What the first row of a session is chained to.
    #[must_use]
    pub fn first(session: SessionId) -> Self {
        let mut hash = Sha256::new_with_prefix("teller/session/1");
        hash.update(session.0.as_bytes());
        Self(hash.finalize().into())
    }

    /// The hash of `row`, whose predecessor has this one.
    #[must_use]
    pub fn then(self, row: &SealedMessage) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        hash.update(canonical(row));
        Self(hash.finalize().into())
    }

    /// Of 32 bytes as stored.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RowHash> for String {
    fn from(hash: RowHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for RowHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| "a row hash is 64 hexadecimal digits")?;
        Ok(Self(hash))
    }
}

/// The bytes that are hashed; see the head of this file.
fn canonical(row: &SealedMessage) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + row.content_ct.len());
    out.extend_from_slice(b"teller/message/1");
    out.extend_from_slice(row.session_id.0.as_bytes());
    out.extend_from_slice(&row.seq.to_be_bytes());
    put_bytes(&mut out, row.role.as_str().as_bytes());
    put_bytes(&mut out, &row.content_ct);
    out.push(u8::from(row.redacted));
    put_number(&mut out, row.started_ms);
    put_number(&mut out, row.ended_ms);
    out.push(u8::from(row.interrupted));
    put_text(&mut out, row.intent.as_deref());
    put_number(&mut out, row.latency_ms);
    let mut meta = String::new();
    put_json(&mut meta, &row.meta);
    put_bytes(&mut out, meta.as_bytes());
    out.extend_from_slice(&row.created_at.timestamp_micros().to_be_bytes());
    out
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_bytes(out, text.as_bytes());
    }
}

fn put_number(out: &mut Vec<u8>, number: Option<i32>) {
    out.push(u8::from(number.is_some()));
    if let Some(number) = number {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Keys sorted by their bytes, whatever map `serde_json` was built with.
fn put_json(out: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                put_json(out, item);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_json(out, item);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// JSON whose numbers come back from PostgreSQL exactly as they went: whole ones stay, others are
/// kept to a millionth. Without this a number such as `0.1 + 0.2` or `-0.0` would break a chain
/// that nobody touched.
pub(crate) fn storable_json(value: &Value) -> Value {
    match value {
        Value::Number(number) => storable_number(number),
        Value::Array(items) => items.iter().map(storable_json).collect(),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, item)| (key.clone(), storable_json(item)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn storable_number(number: &Number) -> Value {
    if number.is_i64() || number.is_u64() {
        return Value::Number(number.clone());
    }
    let float = number.as_f64().unwrap_or_default();
    if float.abs() >= LARGEST_FRACTION {
        // Saturates: a measurement of this size is wrong anyway.
        return Value::from(float as i64);
    }
    let millionths = (float * 1e6).round() as i64;
    if millionths % 1_000_000 == 0 {
        Value::from(millionths / 1_000_000)
    } else {
        Value::from(millionths as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::Role;

    fn row() -> SealedMessage {
        SealedMessage {
            session_id: SessionId(Uuid::from_u128(7)),
            seq: 3,
            role: Role::User,
            content_ct: vec![1, 2, 3],
            redacted: false,
            started_ms: Some(1),
            ended_ms: None,
            interrupted: false,
            intent: Some("a".to_owned()),
            latency_ms: None,
            meta: json!({"b": 1, "a": [0.5, "x"]}),
            created_at: DateTime::from_timestamp(1_760_000_000, 5_000).expect("an instant"),
            row_hash: RowHash([0; 32]),
        }
    }

    #[test]
    fn every_field_changes_the_hash() {
        let first = RowHash::first(row().session_id);
        let changes: [fn(&mut SealedMessage); 12] = [
            |r| r.session_id = SessionId(Uuid::from_u128(8)),
            |r| r.seq = 4,
            |r| r.role = Role::Assistant,
            |r| r.content_ct[1] ^= 1,
            |r| r.redacted = true,
            |r| r.started_ms = None,
            |r| r.ended_ms = Some(1),
            |r| r.interrupted = true,
            |r| r.intent = None,
            |r| r.latency_ms = Some(0),
            |r| r.meta = json!({"b": 1, "a": [0.5, "y"]}),
            |r| r.created_at += chrono::TimeDelta::microseconds(1),
        ];
        let mut seen = vec![first.then(&row())];
        for (i, change) in changes.into_iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            let hash = first.then(&changed);
            assert!(!seen.contains(&hash), "change {i} keeps the hash");
            seen.push(hash);
        }
        assert!(
            !seen.contains(&RowHash([9; 32]).then(&row())),
            "the hash before counts"
        );
    }

    #[test]
    fn the_form_never_changes_because_stored_hashes_depend_on_it() {
        let row = row();
        assert_eq!(
            RowHash::first(row.session_id).then(&row).to_string(),
            "5c955fbfd77b0a71a49aede005c6143d7f80d400e40b1d4cfaa36db979af194a"
        );
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let (mut one, mut other) = (String::new(), String::new());
        put_json(&mut one, &json!({"b": {"d": 1, "c": 2}, "a": null}));
        put_json(
            &mut other,
            &serde_json::from_str(r#"{"a":null,"b":{"c":2,"d":1}}"#).expect("JSON"),
        );
        assert_eq!(
            (one.as_str(), &one),
            (r#"{"a":null,"b":{"c":2,"d":1}}"#, &other)
        );
    }

    #[test]
    fn numbers_are_kept_in_a_form_that_decimals_return_exactly() {
        let stored = storable_json(&json!([
            0.1 + 0.2,
            -0.0,
            5.0,
            1e300,
            1e-9,
            u64::MAX,
            -1.25,
            12345.678901234
        ]));
        assert_eq!(
            stored,
            json!([0.3, 0, 5, i64::MAX, 0, u64::MAX, -1.25, 12345.678901])
        );
    }

    #[test]
    fn a_hash_reads_back_from_its_digits_and_from_nothing_else() {
        let hash = RowHash::first(SessionId(Uuid::from_u128(1)));
        let json = serde_json::to_string(&hash).expect("a string");
        assert_eq!(serde_json::from_str::<RowHash>(&json).ok(), Some(hash));
        for wrong in ["", "00", "zz", &"é".repeat(32), &"0".repeat(63)] {
            assert!(RowHash::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
