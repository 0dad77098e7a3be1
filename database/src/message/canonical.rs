//! The canonical form of a message row, and its hash. Pure, so that whoever holds an export can
//! recompute it without this program:
//!
//! ```text
//! first    = SHA-256("teller/session/1" ‖ session id, 16 bytes)
//! row hash = SHA-256(hash before, 32 bytes ‖ "teller/message/1" ‖ row)
//! row      = canonical JSON (RFC 8785) of
//!   {"session_id": …, "seq": …, "role": …, "content_ct": hexadecimal digits, "redacted": …,
//!    "started_ms": …, "ended_ms": …, "interrupted": …, "intent": …, "latency_ms": …, "meta": {…},
//!    "created_at": microseconds since 1970}
//! ```
//!
//! What is absent is null. The hash covers the ciphertext, never the words: a row whose key was
//! destroyed is still provable. Numbers in `meta` are doubles, as everywhere in RFC 8785; PostgreSQL
//! keeps them as decimals and gives each back as the same double.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Role, SealedMessage};
use crate::{RowHash, SessionId};

impl RowHash {
    /// The hash of `row`, whose predecessor has this one.
    #[must_use]
    pub fn then(self, row: &SealedMessage) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        hash.update("teller/message/1");
        hash.update(canonical(row));
        Self(hash.finalize().into())
    }
}

/// What is hashed of a row; see the head of this file. A field that is added here needs another
/// label before it.
#[derive(Serialize)]
struct CanonicalRow<'a> {
    session_id: SessionId,
    seq: i32,
    role: Role,
    content_ct: String,
    redacted: bool,
    started_ms: Option<i32>,
    ended_ms: Option<i32>,
    interrupted: bool,
    intent: Option<&'a str>,
    latency_ms: Option<i32>,
    meta: &'a Value,
    created_at: i64,
}

fn canonical(row: &SealedMessage) -> Vec<u8> {
    let row = CanonicalRow {
        session_id: row.session_id,
        seq: row.seq,
        role: row.role,
        content_ct: hex::encode(&row.content_ct),
        redacted: row.redacted,
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
        interrupted: row.interrupted,
        intent: row.intent.as_deref(),
        latency_ms: row.latency_ms,
        meta: &row.meta,
        created_at: row.created_at.timestamp_micros(),
    };
    serde_json_canonicalizer::to_vec(&row).expect("JSON has no number that is not finite")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

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
            "1f1800f1c2f84fef83dbf918ca075c8c5c650940088f4f5156a08b566d34e406"
        );
    }

    #[test]
    fn the_form_is_that_of_rfc_8785() {
        let row = SealedMessage {
            meta: serde_json::from_str(
                r#"{"é":[1e21,0.1,-0.0,5.0],"b":{"d":1,"c":"\u0007é/"},"a":null}"#,
            )
            .expect("JSON"),
            ..row()
        };
        let text = String::from_utf8(canonical(&row)).expect("JSON is UTF-8");
        assert_eq!(
            text,
            concat!(
                r#"{"content_ct":"010203","created_at":1760000000000005,"ended_ms":null,"intent":"a","#,
                r#""interrupted":false,"latency_ms":null,"meta":{"a":null,"b":{"c":"\u0007é/","d":1},"#,
                r#""é":[1e+21,0.1,0,5]},"redacted":false,"role":"user","seq":3,"#,
                r#""session_id":"00000000-0000-0000-0000-000000000007","started_ms":1}"#
            )
        );
    }
}
