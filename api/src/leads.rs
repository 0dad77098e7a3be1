//! `GET /v1/leads`: who may take something that the company offers, with each part of their score and why.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, Utc};
use database::{LeadCall, LeadCursor, LeadList};
use record::{AuditedReader, Lead};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, Malformed},
    query::{given, is_cut, limit, parse},
    state::AppState,
    words::{self, ProfileType, Temperature},
};

/// What is read.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which leads. Empty means not given.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct LeadsQuery {
    /// The hot ones, unless given.
    #[param(value_type = Option<words::LeadKind>)]
    kind: String,
    /// `next_cursor` of the page before, of the same kind.
    #[param(value_type = Option<String>)]
    cursor: String,
    /// Leads on the page; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    limit: String,
}

/// One page of leads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Leads {
    /// The highest score by version 1 first.
    leads: Vec<LeadLine>,
    /// Passed back as `cursor` to get the next page; null at the end. A lead whose score changes meanwhile may be missed or
    /// come twice.
    next_cursor: Option<String>,
}

/// A person who may take something, with their score at this moment.
#[derive(Debug, Serialize, ToSchema)]
struct LeadLine {
    profile_id: Uuid,
    profile_type: ProfileType,
    username: Option<String>,
    /// Version 1: engagement and intent together, 0 to 20.
    total_score: f64,
    /// By version 1.
    temperature: Temperature,
    /// The temperature as it is to be shown: a hot lead of whom it is not known that they want it and soon is `warm
    /// (unqualified)`.
    shown: String,
    /// That they want it and soon is known.
    qualified: bool,
    /// 0 to 10.
    engagement: Points,
    /// 0 to 10.
    intent: Points,
    /// Version 2, 0 to 20: time, what is known of them and what makes them hesitate count too.
    second: Points,
    /// By version 2.
    second_temperature: Temperature,
    /// Nothing is sold to them for a while; null: something may be.
    selling_off: Option<SellingOff>,
    /// Things that they want.
    wanted: u32,
    /// Times they hesitated.
    objections: u32,
    /// When something that counts happened last.
    last_event_at: Option<DateTime<Utc>>,
    /// Their last calls, newest first; at most five.
    calls: Vec<CallOfLead>,
}

/// A sum, with what it is made of.
#[derive(Debug, Serialize, ToSchema)]
struct Points {
    total: f64,
    parts: Vec<Part>,
}

/// One part of a score.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    /// Such as `sessions`.
    name: &'static str,
    points: f64,
    /// Why, in words.
    reason: String,
}

/// Why nothing is sold, and until when.
#[derive(Debug, Serialize, ToSchema)]
struct SellingOff {
    /// What they spoke of, an id of `GET /v1/topics`.
    topic: String,
    until: DateTime<Utc>,
}

/// A call of a lead.
#[derive(Debug, Serialize, ToSchema)]
struct CallOfLead {
    session_id: Uuid,
    started_at: DateTime<Utc>,
}

impl From<LeadCall> for CallOfLead {
    fn from(call: LeadCall) -> Self {
        Self {
            session_id: call.session_id.0,
            started_at: call.started_at,
        }
    }
}

impl From<record::Points> for Points {
    fn from(points: record::Points) -> Self {
        let part = |part: record::Part| Part {
            name: part.name,
            points: part.points,
            reason: part.reason,
        };
        Self {
            total: points.total,
            parts: points.parts.into_iter().map(part).collect(),
        }
    }
}

impl From<Lead> for LeadLine {
    fn from(lead: Lead) -> Self {
        let shown = lead.score.shown().to_owned();
        let score = lead.score;
        Self {
            profile_id: lead.line.profile.0,
            profile_type: lead.line.kind.into(),
            username: lead.line.username,
            total_score: score.total,
            temperature: score.temperature.into(),
            shown,
            qualified: score.is_qualified,
            engagement: score.engagement.into(),
            intent: score.intent.into(),
            second: score.second.into(),
            second_temperature: score.second_temperature.into(),
            selling_off: match score.selling {
                record::Selling::On => None,
                record::Selling::Off { topic, until } => Some(SellingOff { topic, until }),
            },
            wanted: u32::try_from(lead.wanted).unwrap_or(u32::MAX),
            objections: lead.objections,
            last_event_at: lead.last_at,
            calls: lead.line.calls.into_iter().map(CallOfLead::from).collect(),
        }
    }
}

/// Who may take something that the company offers
///
/// Every look is in the audit log before anything is read.
#[utoipa::path(
    get,
    path = "/leads",
    tag = "leads",
    operation_id = "list_leads",
    params(LeadsQuery),
    responses(
        (status = 200, description = "One page of leads.", body = Leads),
        Malformed,
        DatabaseProblems
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    query: Result<Query<LeadsQuery>, QueryRejection>,
) -> Result<Json<Leads>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let limit = limit(&query.limit)?;
    let (kind, after) = (query.kind()?, query.after()?);
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/leads",
        address: Some(address),
    };
    let page = (after, limit + 1);
    let mut leads = reader
        .leads(&state.database, kind, page, Utc::now())
        .await?;
    let more = is_cut(&mut leads, limit);
    let last = leads.last().filter(|_| more);
    let next_cursor = last.map(|last| write_cursor(&last.line.cursor()));
    Ok(Json(Leads {
        leads: leads.into_iter().map(LeadLine::from).collect(),
        next_cursor,
    }))
}

impl LeadsQuery {
    fn kind(&self) -> Result<LeadList, ApiError> {
        let kind = parse("kind", &self.kind, "hot, stuck, intent or all")?;
        Ok(kind.unwrap_or(LeadList::Hot))
    }

    fn after(&self) -> Result<Option<LeadCursor>, ApiError> {
        let malformed = || ApiError::BadRequest("cursor: take it from next_cursor".to_owned());
        given(&self.cursor)
            .map(|text| read_cursor(text).ok_or_else(malformed))
            .transpose()
    }
}

/// The score to its last bit, and the id.
fn write_cursor(cursor: &LeadCursor) -> String {
    format!("{}_{}", cursor.total_score, cursor.profile)
}

fn read_cursor(text: &str) -> Option<LeadCursor> {
    let (total, profile) = text.split_once('_')?;
    let total_score: f64 = total.parse().ok()?;
    Some(LeadCursor {
        total_score: Some(total_score).filter(|total| total.is_finite())?,
        profile: database::ProfileId(profile.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_to_the_page_and_back_to_the_last_bit() {
        for total_score in [0.0, 20.0, 1.0 / 3.0 + 0.1, 7.3] {
            let cursor = LeadCursor {
                total_score,
                profile: database::ProfileId(Uuid::from_u128(7)),
            };
            assert_eq!(read_cursor(&write_cursor(&cursor)), Some(cursor));
        }
    }

    #[test]
    fn what_is_malformed_is_named_with_what_is_accepted() {
        let query = |kind: &str, cursor: &str| LeadsQuery {
            kind: kind.to_owned(),
            cursor: cursor.to_owned(),
            limit: String::new(),
        };
        let unless_given = query(" ", "");
        assert_eq!(unless_given.kind().ok(), Some(LeadList::Hot));
        assert_eq!(unless_given.after().ok(), Some(None));
        let error = query("lukewarm", "").kind().expect_err("none such");
        assert!(error.to_string().starts_with("kind: give hot, stuck"));
        let id = Uuid::nil();
        for cursor in [
            "1",
            "x_1",
            "NaN_",
            &format!("inf_{id}"),
            &format!("NaN_{id}"),
        ] {
            let error = query("", cursor).after().expect_err(cursor).to_string();
            assert!(error.contains("next_cursor"), "{error}");
        }
    }
}
