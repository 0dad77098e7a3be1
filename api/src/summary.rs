//! `GET /v1/summary/{token}`: a caller's one look at the own call's summary.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use database::{RedeemedSummary, SummaryTokenRepository};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiError,
    access::ClientAddress,
    problems::{DatabaseProblems, NoSuchThing, Problem, TooOften},
    state::AppState,
    words::{Resolution, Sentiment},
};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What a call came to, for who was in it.
#[derive(Serialize, ToSchema)]
struct CallSummary {
    summary: String,
    topics: Vec<String>,
    sentiment: Sentiment,
    resolution_status: Resolution,
    duration_seconds: i32,
    message_count: i32,
}

/// There is no summary yet.
#[derive(Serialize, ToSchema)]
struct Pending {
    status: PendingStatus,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PendingStatus {
    Pending,
}

/// The summary of the caller's own call, once
///
/// The token was given to the caller's page during the call, and is spent with the first 200.
#[utoipa::path(
    get,
    path = "/summary/{token}",
    tag = "callers",
    operation_id = "show_summary",
    params(("token" = String, Path, description = "64 hexadecimal digits.")),
    responses(
        (status = 200, description = "The summary; the token is spent.", body = CallSummary),
        (status = 202, description = "The call or its summary is not finished.", body = Pending),
        (status = 410, description = "The token is unknown, expired or spent.", body = Problem),
        NoSuchThing,
        TooOften,
        DatabaseProblems
    )
)]
async fn show(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    if !is_token(&token) {
        return Err(ApiError::NotFound("this summary"));
    }
    state.limit_summaries(address)?;
    let redeemed = SummaryTokenRepository::new(&state.database)
        .redeem(&token)
        .await?;
    match redeemed {
        RedeemedSummary::Ready(summary) => Ok(Json(CallSummary {
            summary: summary.summary,
            topics: summary.topics,
            sentiment: summary.sentiment.into(),
            resolution_status: summary.resolution_status.into(),
            duration_seconds: summary.duration_seconds,
            message_count: summary.message_count,
        })
        .into_response()),
        RedeemedSummary::NotYet => {
            let status = PendingStatus::Pending;
            Ok((StatusCode::ACCEPTED, Json(Pending { status })).into_response())
        }
        RedeemedSummary::Refused => Err(ApiError::Gone(
            "this summary was shown already, or its time is over",
        )),
    }
}

fn is_token(token: &str) -> bool {
    token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit())
}
