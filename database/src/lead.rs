//! `lead_events` and `lead_scores`: what happened in calls that counts for a lead, and what that came to. Names of our own
//! and of the pack, counts and times; the formula is not here.

mod score;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DatabaseError, SessionId, pool::Params};

pub use score::{
    DueLead, LeadCall, LeadCursor, LeadKindCount, LeadLine, LeadList, LeadScoreRepository,
    LeadScoreRow,
};

repository!(
    /// All SQL about what counts for leads.
    LeadEventRepository
);

/// What a turn, or a promise, of a call counts for. Each is stored once for its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLeadEvents {
    /// In which call; its row may be stored later.
    pub session_id: SessionId,
    /// When. A clock that is ahead makes it no later than it is stored.
    pub happened_at: DateTime<Utc>,
    /// What.
    pub events: Vec<NewLeadEvent>,
}

/// One thing that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLeadEvent {
    /// What brought it about, unique within the call.
    pub cause: String,
    /// Such as `product_seen`.
    pub kind: String,
    /// About what, by an id of the pack.
    pub item: Option<String>,
    /// How much.
    pub value: i16,
}

row! {
    /// A stored event.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    #[expect(missing_docs, reason = "the fields are those of NewLeadEvent")]
    pub struct LeadEvent {
        pub cause: String,
        pub kind: String,
        pub item: Option<String>,
        pub value: i16,
        pub happened_at: DateTime<Utc>,
    }
}

/// What is there already stays as it is.
const INSERT: &str = "
    INSERT INTO lead_events (session_id, cause, kind, item, value, happened_at)
    SELECT r.session_id, e.cause, e.kind, e.item, e.value, least(r.happened_at, clock_timestamp())
      FROM jsonb_to_recordset($1) AS r(session_id uuid, happened_at timestamptz, events jsonb),
           jsonb_to_recordset(r.events) AS e(cause text, kind text, item text, value smallint)
     ORDER BY r.session_id, e.cause
    ON CONFLICT DO NOTHING RETURNING 1";

impl LeadEventRepository {
    /// Stores events, in one statement, and notes whose score is to be made anew; how many were new. What belongs to an
    /// erased call is turned away.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if one of them can never be stored. Repeating is safe.
    pub async fn insert(&self, new: &[NewLeadEvents]) -> Result<usize, DatabaseError> {
        if new.iter().all(|new| new.events.is_empty()) {
            return Ok(0);
        }
        let params: Params<'_> = &[&as_json(new)];
        self.db.count(INSERT, params).await
    }

    /// The events of a call, in their order.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<LeadEvent>, DatabaseError> {
        let sql = "SELECT * FROM lead_events WHERE session_id = $1 ORDER BY happened_at, cause COLLATE \"C\"";
        self.db.list(sql, &[&session]).await
    }
}

impl NewLeadEvents {
    /// Without those of turns of which something is noted already: a turn is read once, whatever the rules say of it later.
    #[must_use]
    pub fn without_turns_of(mut self, noted: &[LeadEvent]) -> Self {
        let turn = |cause: &str| {
            let rest = cause.strip_prefix("turn:")?;
            rest.split(':').next().map(str::to_owned)
        };
        let noted: Vec<String> = noted.iter().filter_map(|one| turn(&one.cause)).collect();
        let is_new =
            |one: &NewLeadEvent| turn(&one.cause).is_none_or(|turn| !noted.contains(&turn));
        self.events.retain(is_new);
        self
    }
}

fn as_json(new: &[NewLeadEvents]) -> Value {
    serde_json::to_value(new).expect("its keys are texts")
}

/// A value of a row that holds JSON.
fn json<T: for<'a> Deserialize<'a>>(value: Value, what: &str) -> Result<T, DatabaseError> {
    serde_json::from_value(value)
        .map_err(|error| DatabaseError::Invalid(format!("{what}: {error}")))
}
