//! `GET /v1/calls`: the list of calls, narrowed and page by page.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use call::{AuthLevel, input::strict_line};
use chrono::{DateTime, Utc};
use database::{SessionCursor, SessionFilter, SessionListItem, SessionRepository};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ApiError,
    problems::{DatabaseProblems, Malformed},
    query::{given, is_cut, limit, parse},
    state::AppState,
    words::{CallStatus, Channel, Resolution, Sentiment},
};

/// Characters of a topic's id at most.
const LONGEST_TOPIC: usize = 100;

/// What narrows the list. Empty means not given: forms send every field.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct ListQuery {
    /// Calls that began at or after this instant.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: String,
    /// Calls that began before this instant.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: String,
    /// Calls whose summary has this topic.
    #[param(value_type = Option<String>)]
    topic: String,
    /// Calls whose summary has this sentiment.
    #[param(value_type = Option<Sentiment>)]
    sentiment: String,
    /// Calls whose summary has this outcome.
    #[param(value_type = Option<Resolution>)]
    resolution: String,
    /// Calls whose caller was, or was not, authenticated.
    #[param(value_type = Option<bool>)]
    authenticated: String,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: String,
    /// Calls on the page; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: String,
}

/// One page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallList {
    /// Newest first.
    calls: Vec<CallLine>,
    /// Passed back as `cursor` to get the next page; null at the end.
    next_cursor: Option<String>,
}

/// One call in a list, and the head of its record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallLine {
    pub(super) session_id: Uuid,
    pub(super) started_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) duration_seconds: Option<i64>,
    pub(super) status: CallStatus,
    pub(super) channel: Channel,
    pub(super) authenticated: bool,
    pub(super) username: Option<String>,
    /// Null, as the two fields after the topics, until there is a summary.
    pub(super) summary: Option<String>,
    /// Ids of `GET /v1/topics`; a topic may have left the pack since.
    pub(super) topics: Vec<String>,
    pub(super) sentiment: Option<Sentiment>,
    pub(super) resolution_status: Option<Resolution>,
    pub(super) message_count: i32,
}

impl From<SessionListItem> for CallLine {
    fn from(item: SessionListItem) -> Self {
        Self {
            session_id: item.id.0,
            started_at: item.started_at,
            ended_at: item.ended_at,
            duration_seconds: seconds(item.started_at, item.ended_at),
            status: item.status.into(),
            channel: item.channel.into(),
            authenticated: item.auth_level >= AuthLevel::OneTimeCode,
            username: item.username,
            summary: item.summary,
            topics: item.topics,
            sentiment: item.sentiment.map(Sentiment::from),
            resolution_status: item.resolution.map(Resolution::from),
            message_count: item.message_count,
        }
    }
}

/// Calls, newest first
///
/// What is given narrows the list.
#[utoipa::path(
    get,
    path = "/calls",
    tag = "calls",
    operation_id = "list_calls",
    params(ListQuery),
    responses(
        (status = 200, description = "One page of calls.", body = CallList),
        Malformed,
        DatabaseProblems
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<CallList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let limit = limit(&query.limit)?;
    let filter = filter(query)?;
    let mut items = SessionRepository::new(&state.database)
        .list(&filter, limit + 1)
        .await?;
    let more = is_cut(&mut items, limit);
    let last = items.last().filter(|_| more);
    Ok(Json(CallList {
        next_cursor: last.map(|item| write_cursor(&item.cursor())),
        calls: items.into_iter().map(CallLine::from).collect(),
    }))
}

fn filter(query: ListQuery) -> Result<SessionFilter, ApiError> {
    let instant = "an instant such as 2026-01-31T00:00:00Z";
    let refused = |what: &str| ApiError::BadRequest(what.to_owned());
    let topic = given(&query.topic).map(|id| strict_line(id, LONGEST_TOPIC).map(str::to_owned));
    let topic = topic.transpose();
    let after = given(&query.cursor)
        .map(|text| read_cursor(text).ok_or_else(|| refused("cursor: take it from next_cursor")));
    Ok(SessionFilter {
        from: parse("from", &query.from, instant)?,
        until: parse("to", &query.to, instant)?,
        topic: topic.map_err(|_| refused("topic: give the id of a topic"))?,
        sentiment: parse(
            "sentiment",
            &query.sentiment,
            "positive, neutral or negative",
        )?,
        resolution: parse(
            "resolution",
            &query.resolution,
            "resolved, escalated or incomplete",
        )?,
        authenticated: parse("authenticated", &query.authenticated, "true or false")?,
        profile: None,
        after: after.transpose()?,
    })
}

/// To the nearest second.
pub(super) fn seconds(started: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> Option<i64> {
    ended.map(|ended| ((ended - started).num_milliseconds() + 500).max(0) / 1_000)
}

/// Microseconds, as PostgreSQL keeps them, and the id.
fn write_cursor(cursor: &SessionCursor) -> String {
    format!("{}_{}", cursor.started_at.timestamp_micros(), cursor.id)
}

fn read_cursor(text: &str) -> Option<SessionCursor> {
    let (micros, id) = text.split_once('_')?;
    Some(SessionCursor {
        started_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
        id: id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> ListQuery {
        let object = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).into()));
        serde_json::from_value(serde_json::Value::Object(object.collect())).expect("known names")
    }

    #[test]
    fn a_malformed_filter_is_named_with_what_is_accepted() {
        for (name, value, accepted) in [
            ("from", "yesterday", "2026-01-31T00:00:00Z"),
            ("to", "2026-01-31", "an instant"),
            ("sentiment", "happy", "positive, neutral or negative"),
            ("resolution", "done", "resolved, escalated or incomplete"),
            ("authenticated", "yes", "true or false"),
            ("cursor", "1_2", "next_cursor"),
            ("topic", "a\u{0}", "id of a topic"),
        ] {
            let error = filter(query(&[(name, value)])).expect_err(name).to_string();
            assert!(
                error.starts_with(name) && error.contains(accepted),
                "{error}"
            );
        }
    }

    #[test]
    fn empty_fields_do_not_narrow_the_list() {
        let filter = filter(query(&[("topic", ""), ("from", " "), ("sentiment", "")]));
        let filter = filter.expect("nothing is malformed");
        assert!(filter.topic.is_none() && filter.from.is_none() && filter.sentiment.is_none());
    }

    #[test]
    fn a_cursor_survives_the_way_to_the_page_and_back() {
        let cursor = SessionCursor {
            started_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("in range"),
            id: database::SessionId(Uuid::from_u128(7)),
        };
        assert_eq!(read_cursor(&write_cursor(&cursor)), Some(cursor));
    }
}
