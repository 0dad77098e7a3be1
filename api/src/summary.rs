//! `GET /v1/summary/{token}`: a caller's one look at the own call's summary.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use database::{RedeemedSummary, SummaryTokenRepository};
use serde_json::json;

use crate::{ApiError, access::ClientAddress, state::AppState};

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/summary/{token}", get(show))
}

/// Answers 200 with the summary and spends the token, 202 while the call or its
/// summary is not finished, 404 for what is no token, 410 for one that is
/// unknown, expired or spent.
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
        RedeemedSummary::Ready(summary) => Ok(Json(json!({
            "summary": summary.summary,
            "topics": summary.topics,
            "sentiment": summary.sentiment,
            "resolution_status": summary.resolution_status,
            "duration_seconds": summary.duration_seconds,
            "message_count": summary.message_count,
        }))
        .into_response()),
        RedeemedSummary::NotYet => {
            let pending = Json(json!({ "status": "pending" }));
            Ok((StatusCode::ACCEPTED, pending).into_response())
        }
        RedeemedSummary::Refused => Err(ApiError::Gone(
            "this summary was shown already, or its time is over",
        )),
    }
}

fn is_token(token: &str) -> bool {
    token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit())
}
