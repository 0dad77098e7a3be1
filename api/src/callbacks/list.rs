//! `GET /v1/callbacks`: what was promised to callers, page by page.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, Utc};
use database::{Callback, CallbackCursor, CallbackFilter};
use record::AuditedReader;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, Malformed},
    query::{given, is_cut, limit, parse},
    state::AppState,
    words,
};

/// Which promises. Empty means not given.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct CallbacksQuery {
    /// Those that are not kept yet, unless given.
    #[param(value_type = Option<words::CallbackFilter>)]
    state: String,
    /// `next_cursor` of the page before, of the same state.
    #[param(value_type = Option<String>)]
    cursor: String,
    /// Promises on the page; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: String,
}

/// One page of promises.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallbackList {
    /// Of those to be kept the urgent first, then what is due soonest; of others the newest first.
    callbacks: Vec<CallbackLine>,
    /// Passed back as `cursor` to get the next page; null at the end.
    next_cursor: Option<String>,
    /// Whether the key that was shown may take them and say that they are done.
    may_change: bool,
}

/// A promise that a person gets back to a caller.
#[derive(Debug, Serialize, ToSchema)]
struct CallbackLine {
    id: Uuid,
    /// What the caller was told to ask again with. An id is all that one of an earlier version has.
    reference: Option<String>,
    /// `callback`, or a kind of the pack's.
    kind: String,
    /// Where to call; null: the number on file.
    phone_number: Option<String>,
    /// What it is about.
    reason: Option<String>,
    /// When to call, as the caller said it.
    wanted: Option<String>,
    urgent: bool,
    requested_at: DateTime<Utc>,
    /// Until when it is to be kept.
    due_at: DateTime<Utc>,
    /// It should have been kept by now.
    overdue: bool,
    taken_at: Option<DateTime<Utc>>,
    taken_by: Option<String>,
    done_at: Option<DateTime<Utc>>,
    done_by: Option<String>,
    /// What was noted when it was done.
    note: Option<String>,
    /// The call in which it was promised.
    session_id: Uuid,
    /// The caller was erased: what they asked for is gone.
    erased: bool,
}

impl CallbackLine {
    fn new(callback: Callback, now: DateTime<Utc>) -> Self {
        Self {
            overdue: callback.is_overdue(now),
            id: callback.id,
            reference: callback.reference,
            kind: callback.kind,
            phone_number: callback.phone_number,
            reason: callback.reason,
            wanted: callback.wanted,
            urgent: callback.urgent,
            requested_at: callback.requested_at,
            due_at: callback.due_at,
            taken_at: callback.taken_at,
            taken_by: callback.taken_by,
            done_at: callback.done_at,
            done_by: callback.done_by,
            note: callback.note,
            session_id: callback.session.0,
            erased: callback.erased,
        }
    }
}

/// What was promised to callers
///
/// Every look is in the audit log before anything is read.
#[utoipa::path(
    get,
    path = "/callbacks",
    tag = "callbacks",
    operation_id = "list_callbacks",
    params(CallbacksQuery),
    responses(
        (status = 200, description = "One page of promises.", body = CallbackList),
        Malformed,
        DatabaseProblems
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    query: Result<Query<CallbacksQuery>, QueryRejection>,
) -> Result<Json<CallbackList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let limit = limit(&query.limit)?;
    let (filter, after) = (query.filter()?, query.after()?);
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/callbacks",
        address: Some(address),
    };
    let mut callbacks = reader
        .callbacks(&state.database, filter, after, limit + 1)
        .await?;
    let more = is_cut(&mut callbacks, limit);
    let last = callbacks.last().filter(|_| more);
    let next_cursor = last.map(|last| write_cursor(&last.cursor(filter)));
    let now = Utc::now();
    let lines = callbacks.into_iter();
    Ok(Json(CallbackList {
        callbacks: lines.map(|line| CallbackLine::new(line, now)).collect(),
        next_cursor,
        may_change: holder == KeyHolder::Administrator,
    }))
}

impl CallbacksQuery {
    fn filter(&self) -> Result<CallbackFilter, ApiError> {
        let filter = parse("state", &self.state, "open, overdue, taken, done or all")?;
        Ok(filter.unwrap_or(CallbackFilter::Open))
    }

    fn after(&self) -> Result<Option<CallbackCursor>, ApiError> {
        let malformed = || ApiError::BadRequest("cursor: take it from next_cursor".to_owned());
        given(&self.cursor)
            .map(|text| read_cursor(text).ok_or_else(malformed))
            .transpose()
    }
}

/// Whether it is urgent, microseconds, as PostgreSQL keeps them, and the id.
fn write_cursor(cursor: &CallbackCursor) -> String {
    let urgent = u8::from(cursor.urgent);
    format!("{urgent}_{}_{}", cursor.at.timestamp_micros(), cursor.id)
}

fn read_cursor(text: &str) -> Option<CallbackCursor> {
    let (urgent, rest) = text.split_once('_')?;
    let (micros, id) = rest.split_once('_')?;
    Some(CallbackCursor {
        urgent: match urgent {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
        id: id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_to_the_page_and_back() {
        for urgent in [false, true] {
            let cursor = CallbackCursor {
                urgent,
                at: DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("in range"),
                id: Uuid::from_u128(7),
            };
            assert_eq!(read_cursor(&write_cursor(&cursor)), Some(cursor));
        }
    }

    #[test]
    fn what_is_malformed_is_named_with_what_is_accepted() {
        let query = |state: &str, cursor: &str| CallbacksQuery {
            state: state.to_owned(),
            cursor: cursor.to_owned(),
            limit: String::new(),
        };
        let unless_given = query(" ", "");
        assert_eq!(unless_given.filter().ok(), Some(CallbackFilter::Open));
        assert_eq!(unless_given.after().ok(), Some(None));
        let error = query("late", "")
            .filter()
            .expect_err("no such state")
            .to_string();
        assert!(error.starts_with("state: give open, overdue"), "{error}");
        for cursor in ["1", "2_1_x", "0_x_00000000-0000-0000-0000-000000000007"] {
            let error = query("", cursor).after().expect_err(cursor).to_string();
            assert!(error.contains("next_cursor"), "{error}");
        }
    }
}
