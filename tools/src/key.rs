//! The key by which a repeated call is recognised.

use call::SessionId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The same for the same turn and tool, so that a reply that is generated again repeats nothing, not
/// even in other words. `arguments` are given for calls that only read: two questions of one turn are
/// two calls.
pub(crate) fn idempotency_key(
    session: SessionId,
    seq: i32,
    tool: &str,
    arguments: Option<&Value>,
) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(session.0.as_bytes());
    digest.update(seq.to_be_bytes());
    digest.update(tool.as_bytes());
    if let Some(arguments) = arguments {
        // A byte that no name contains.
        digest.update([0]);
        digest.update(arguments.to_string());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_of_one_session_turn_and_tool() {
        let session = SessionId::new();
        let key = idempotency_key(session, 4, "transfer", None);
        assert_eq!(key, idempotency_key(session, 4, "transfer", None));
        for other in [
            idempotency_key(SessionId::new(), 4, "transfer", None),
            idempotency_key(session, 5, "transfer", None),
            idempotency_key(session, 4, "callback", None),
            idempotency_key(session, 4, "transfer", Some(&json!({}))),
        ] {
            assert_ne!(key, other);
        }
    }
}
