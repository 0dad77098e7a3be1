//! What is on record of a colleague who took the call.

use std::time::Duration;

use chrono::Utc;
use record::{NewToolCall, NewToolOutcome};
use serde_json::json;
use tools::Outcome;
use uuid::Uuid;

use super::Ledger;

/// The name of the row that tells of the time with a colleague who took the call.
const PERSON: &str = "person";

impl Ledger {
    /// A colleague has taken the call that the turn `seq` asked for: since now. Returns the row's key.
    pub(crate) fn person_took_over(&self, seq: i32) -> Uuid {
        let idempotency_key = Uuid::new_v4();
        // The disk takes it behind; nobody waits.
        drop(self.recorder.tool_call(NewToolCall {
            session_id: self.session,
            idempotency_key,
            seq,
            tool: PERSON.to_owned(),
            deed: false,
            arguments: json!({}),
            requested_at: Utc::now(),
        }));
        idempotency_key
    }

    /// They have left it, after so long.
    pub(crate) fn person_left(&self, row: Uuid, ended_by: &str, lasted: Duration) {
        let told = json!({ "ended_by": ended_by, "seconds": lasted.as_secs() });
        let outcome = Outcome::Success(told);
        drop(self.recorder.tool_outcome(NewToolOutcome {
            session_id: self.session,
            idempotency_key: row,
            outcome: outcome.kind(),
            result: outcome.result(),
            finished_at: Utc::now(),
        }));
    }
}
