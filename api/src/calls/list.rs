//! `GET /v1/calls`: the list of calls, narrowed and page by page.

use std::{collections::HashMap, str::FromStr};

use axum::{
    Json,
    extract::{Query, State},
};
use call::AuthLevel;
use chrono::{DateTime, Utc};
use database::{
    Channel, Resolution, Sentiment, SessionCursor, SessionFilter, SessionId, SessionListItem,
    SessionRepository, SessionStatus,
};
use serde::Serialize;

use crate::{ApiError, state::AppState};

/// Calls on a page of the list, unless asked otherwise.
const PAGE: i64 = 50;
/// Calls on a page at most.
const LONGEST_PAGE: i64 = 200;

/// One call in a list, and the head of its record.
#[derive(Debug, Serialize)]
pub(super) struct CallLine {
    pub(super) session_id: SessionId,
    pub(super) started_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) duration_seconds: Option<i64>,
    pub(super) status: SessionStatus,
    pub(super) end_reason: Option<String>,
    pub(super) channel: Channel,
    pub(super) authenticated: bool,
    pub(super) username: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) sentiment: Option<Sentiment>,
    pub(super) resolution_status: Option<Resolution>,
    pub(super) message_count: i32,
}

impl From<SessionListItem> for CallLine {
    fn from(item: SessionListItem) -> Self {
        Self {
            session_id: item.id,
            started_at: item.started_at,
            ended_at: item.ended_at,
            duration_seconds: seconds(item.started_at, item.ended_at),
            status: item.status,
            end_reason: None,
            channel: item.channel,
            authenticated: item.auth_level >= AuthLevel::OneTimeCode,
            username: item.username,
            summary: item.summary,
            topics: item.topics,
            sentiment: item.sentiment,
            resolution_status: item.resolution,
            message_count: item.message_count,
        }
    }
}

/// One page of calls.
#[derive(Debug, Serialize)]
pub(super) struct CallList {
    calls: Vec<CallLine>,
    next_cursor: Option<String>,
}

/// Lists calls, newest first, narrowed by `from`, `to`, `topic`, `sentiment`,
/// `resolution`, `authenticated`.
pub(super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<CallList>, ApiError> {
    let (filter, limit) = (filter(&query)?, limit(&query)?);
    // One more than shown tells whether there is a next page.
    let mut items = SessionRepository::new(&state.database)
        .list(&filter, limit + 1)
        .await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > shown;
    items.truncate(shown);
    let last = items.last().filter(|_| more);
    Ok(Json(CallList {
        next_cursor: last.map(|item| write_cursor(&item.cursor())),
        calls: items.into_iter().map(CallLine::from).collect(),
    }))
}

fn filter(query: &HashMap<String, String>) -> Result<SessionFilter, ApiError> {
    let instant = "an instant such as 2026-01-31T00:00:00Z";
    Ok(SessionFilter {
        from: parse::<DateTime<Utc>>(query, "from", instant)?,
        until: parse::<DateTime<Utc>>(query, "to", instant)?,
        topic: given(query, "topic").map(str::to_owned),
        sentiment: parse(query, "sentiment", "positive, neutral or negative")?,
        resolution: parse(query, "resolution", "resolved, escalated or incomplete")?,
        authenticated: parse(query, "authenticated", "true or false")?,
        profile: None,
        after: match given(query, "cursor") {
            None => None,
            Some(text) => Some(read_cursor(text).ok_or_else(|| {
                ApiError::BadRequest("cursor: take it from next_cursor".to_owned())
            })?),
        },
    })
}

/// To the nearest second.
pub(super) fn seconds(started: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> Option<i64> {
    ended.map(|ended| ((ended - started).num_milliseconds() + 500).max(0) / 1_000)
}

fn limit(query: &HashMap<String, String>) -> Result<i64, ApiError> {
    let accepted = "a number from 1 to 200";
    match parse(query, "limit", accepted)? {
        None => Ok(PAGE),
        Some(limit @ 1..=LONGEST_PAGE) => Ok(limit),
        Some(_) => Err(ApiError::BadRequest(format!("limit: give {accepted}"))),
    }
}

/// Empty means not given: forms send every field.
fn given<'a>(query: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    query.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
}

fn parse<T: FromStr>(
    query: &HashMap<String, String>,
    name: &str,
    accepted: &str,
) -> Result<Option<T>, ApiError> {
    let Some(text) = given(query, name) else {
        return Ok(None);
    };
    let malformed = |_| ApiError::BadRequest(format!("{name}: give {accepted}"));
    text.parse().map(Some).map_err(malformed)
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

    fn query(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
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
        ] {
            let error = filter(&query(&[(name, value)]))
                .expect_err(name)
                .to_string();
            assert!(
                error.starts_with(name) && error.contains(accepted),
                "{error}"
            );
        }
        for limit_given in ["0", "201", "-1", "many", "9999999999999999999999"] {
            assert!(
                limit(&query(&[("limit", limit_given)])).is_err(),
                "{limit_given}"
            );
        }
    }

    #[test]
    fn empty_fields_do_not_narrow_the_list() {
        let filter = filter(&query(&[("topic", ""), ("from", " "), ("sentiment", "")]));
        let filter = filter.expect("nothing is malformed");
        assert!(filter.topic.is_none() && filter.from.is_none() && filter.sentiment.is_none());
    }

    #[test]
    fn a_cursor_survives_the_way_to_the_page_and_back() {
        let cursor = SessionCursor {
            started_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("in range"),
            id: SessionId(uuid::Uuid::from_u128(7)),
        };
        assert_eq!(read_cursor(&write_cursor(&cursor)), Some(cursor));
    }
}
