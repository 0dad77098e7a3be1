//! `GET /api/calls` and `GET /api/calls/{id}`: what supervisors read.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::str::FromStr;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use database::{
    ConversationSummaryRepository, ProfileRepository, SessionCursor, SessionFilter, SessionId,
    SessionRepository,
};
use serde::Serialize;

use super::record::{CallLine, CallRecord};
use crate::{ApiError, Site};

/// Calls on a page of the list, unless asked otherwise.
const PAGE: i64 = 50;
/// Calls on a page at most.
const LONGEST_PAGE: i64 = 200;

/// One page of calls.
#[derive(Debug, Serialize)]
pub(crate) struct CallList {
    calls: Vec<CallLine>,
    next_cursor: Option<String>,
}

/// Lists calls, newest first, narrowed by `from`, `to`, `topic`, `sentiment`,
/// `resolution`, `authenticated`.
pub(crate) async fn list(
    State(site): State<Site>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<CallList>, ApiError> {
    site.keys().reader(&headers)?;
    let (filter, limit) = (filter(&query)?, limit(&query)?);
    // One more than shown tells whether there is a next page.
    let mut items = SessionRepository::new(&site.database)
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

/// Opens one call's record. Every opening is in the audit log before anything
/// is shown; without the log nothing is shown: see [`record::AuditedReader::note`].
pub(crate) async fn open(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<CallRecord>, ApiError> {
    let actor = site.keys().reader(&headers)?;
    let unknown = || ApiError::NotFound("this call");
    let id: SessionId = id.parse().map_err(|_| unknown())?;
    let database = &site.database;
    let opener = site.audited(actor, "GET /api/calls", &headers, peer);
    let opened = opener.call(database, id).await?.ok_or_else(unknown)?;
    let profiles = ProfileRepository::new(database);
    let profile = opened.session.profile_id;
    Ok(Json(CallRecord::new(
        &opened.session,
        ConversationSummaryRepository::new(database)
            .get_by_session(id)
            .await?,
        profiles.get_by_id(profile).await?,
        profiles.history(profile).await?,
        opened.messages,
    )))
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
