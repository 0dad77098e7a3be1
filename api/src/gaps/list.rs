//! `GET /v1/gaps`: what callers asked about the trade and no document answered, like questions together.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use call::input::phrasing;
use chrono::{DateTime, TimeDelta, Utc};
use database::UnansweredQuestion;
use record::AuditedReader;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    knowledge::{KnowledgeView, LikeQuestions, PackDocument},
    problems::{Malformed, Problem},
    state::AppState,
};

/// Questions that are looked at, unless asked otherwise.
const QUESTIONS: i64 = 200;
/// Questions that are looked at, at most: some seconds of CPU with the embedding model.
const MOST_QUESTIONS: i64 = 500;
/// Days that are looked at, unless asked otherwise.
const DAYS: i64 = 30;
/// Days that are looked at, at most.
const MOST_DAYS: i64 = 366;
/// Phrasings of a gap that are shown.
const SHOWN: usize = 5;

/// What is looked at. Empty means not given.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct GapsQuery {
    /// Questions of calls that began at or after this instant, a year ago at most; 30 days ago unless given.
    #[param(value_type = Option<DateTime<Utc>>)]
    since: String,
    /// Questions at most, the newest; 200 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: String,
}

/// What callers asked and nobody wrote down.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Gaps {
    /// From when on.
    since: DateTime<Utc>,
    /// Questions without an answer that were looked at.
    questions: usize,
    /// There are older ones since then, beyond the limit.
    more: bool,
    /// The most asked first.
    gaps: Vec<Gap>,
    /// The documents that a phrasing can be adopted for, in the pack's order.
    documents: Vec<PackDocument>,
    /// Whether the key that was shown may adopt.
    may_adopt: bool,
}

/// Questions that mean the same.
#[derive(Debug, Serialize, ToSchema)]
struct Gap {
    /// How often it was asked.
    count: usize,
    /// When it was asked last.
    last_asked_at: DateTime<Utc>,
    /// In callers' words, each phrasing once; the newest five.
    phrasings: Vec<Phrasing>,
    /// The document that comes nearest, if any does.
    nearest: Option<PackDocument>,
}

/// A question in a caller's words.
#[derive(Debug, Serialize, ToSchema)]
struct Phrasing {
    /// Redacted.
    words: String,
    /// The call in which it was asked so last.
    session_id: Uuid,
    /// It cannot be adopted as it is, and why.
    unfit: Option<String>,
}

/// What callers asked and nobody wrote down
///
/// Every look is in the audit log before anything is read. One look at a time on each worker: the next one is answered 503
/// until it is over.
#[utoipa::path(
    get,
    path = "/gaps",
    tag = "gaps",
    operation_id = "list_gaps",
    params(GapsQuery),
    responses(
        (status = 200, description = "Like questions together.", body = Gaps),
        Malformed,
        (status = 500, description = "Something went wrong here; the log has the details.", body = Problem),
        (status = 503, description = "The database is away, or somebody else looks right now.", body = Problem,
         headers(("Retry-After" = u64, description = "Seconds to wait.")))
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    query: Result<Query<GapsQuery>, QueryRejection>,
) -> Result<Json<Gaps>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let (since, limit) = (query.since(Utc::now())?, query.limit()?);
    let busy = |_| ApiError::Unavailable("somebody else looks at what callers asked right now");
    // Held until the questions are grouped, also when nobody waits for it any more.
    let turn = Arc::clone(&state.groupings).try_acquire_owned();
    let turn = turn.map_err(busy)?;
    let knowledge = state.worker.knowledge.clone();
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/gaps",
        address: Some(address),
    };
    // One more than looked at tells whether there are more.
    let mut questions = reader
        .unanswered(&state.database, &knowledge.pack, since, limit + 1)
        .await?;
    let looked_at = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = questions.len() > looked_at;
    questions.truncate(looked_at);
    let may_adopt = holder == KeyHolder::Administrator;
    let grouping = tokio::task::spawn_blocking(move || {
        let _until_it_is_done = turn;
        Gaps {
            since,
            questions: questions.len(),
            more,
            gaps: grouped(&knowledge, &questions),
            documents: knowledge.documents.to_vec(),
            may_adopt,
        }
    });
    grouping.await.map(Json).map_err(|error| {
        tracing::error!(%error, "questions could not be grouped");
        ApiError::Internal
    })
}

fn grouped(knowledge: &KnowledgeView, questions: &[UnansweredQuestion]) -> Vec<Gap> {
    let words: Vec<&str> = questions.iter().map(AsRef::as_ref).collect();
    let like = (knowledge.group)(&words);
    like.into_iter()
        .filter_map(|like| Gap::new(like, questions))
        .collect()
}

impl Gap {
    /// The questions come newest first; `None`: it has none.
    fn new(like: LikeQuestions, questions: &[UnansweredQuestion]) -> Option<Self> {
        let asked = || like.asked.iter().filter_map(|place| questions.get(*place));
        let mut phrasings: Vec<Phrasing> = Vec::new();
        for question in asked() {
            let is_known = |known: &Phrasing| known.words.eq_ignore_ascii_case(&question.words);
            if phrasings.len() < SHOWN && !phrasings.iter().any(is_known) {
                phrasings.push(question.into());
            }
        }
        Some(Self {
            count: asked().count(),
            last_asked_at: asked().map(|question| question.asked_at).max()?,
            phrasings,
            nearest: like.nearest,
        })
    }
}

impl From<&UnansweredQuestion> for Phrasing {
    fn from(question: &UnansweredQuestion) -> Self {
        Self {
            unfit: phrasing(&question.words).err().map(|why| why.to_string()),
            words: question.words.clone(),
            session_id: question.session.0,
        }
    }
}

impl GapsQuery {
    fn since(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiError> {
        let since = match self.since.trim() {
            "" => Some(now - TimeDelta::days(DAYS)),
            given => given.parse().ok(),
        };
        let longest = TimeDelta::days(MOST_DAYS);
        since.filter(|since| now - since <= longest).ok_or_else(|| {
            let accepted = "since: give an instant of the last year, such as 2026-01-31T00:00:00Z";
            ApiError::BadRequest(accepted.to_owned())
        })
    }

    fn limit(&self) -> Result<i64, ApiError> {
        let limit = match self.limit.trim() {
            "" => Some(QUESTIONS),
            given => given.parse().ok(),
        };
        let is_accepted = |limit: &i64| (1..=MOST_QUESTIONS).contains(limit);
        limit.filter(is_accepted).ok_or_else(|| {
            ApiError::BadRequest(format!("limit: give a number from 1 to {MOST_QUESTIONS}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    #[test]
    fn what_is_not_given_is_a_month_and_what_is_malformed_is_named_with_what_is_accepted() {
        let query = |since: &str, limit: &str| GapsQuery {
            since: since.to_owned(),
            limit: limit.to_owned(),
        };
        let unless_given = query("", " ");
        let month = now() - TimeDelta::days(DAYS);
        assert_eq!(unless_given.since(now()).ok(), Some(month));
        assert_eq!(unless_given.limit().ok(), Some(QUESTIONS));
        for since in ["yesterday", "2026-01-31", "1970-01-01T00:00:00Z"] {
            let error = query(since, "").since(now()).expect_err(since).to_string();
            assert!(error.starts_with("since: give an instant"), "{error}");
        }
        for limit in ["0", "501", "-1", "many"] {
            let error = query("", limit).limit().expect_err(limit).to_string();
            assert!(error.contains("from 1 to 500"), "{error}");
        }
    }

    #[test]
    fn a_gap_counts_every_question_and_shows_each_phrasing_once_the_newest_first() {
        let question = |n: i64, words: &str| UnansweredQuestion {
            session: database::SessionId(Uuid::from_u128(1)),
            asked_at: now() - TimeDelta::seconds(n),
            words: words.to_owned(),
        };
        let phrasings = ["A dog?", "a dog?", "Dog 12?", "b", "c", "d", "e"];
        let questions: Vec<_> = (0..).zip(phrasings).map(|(n, w)| question(n, w)).collect();
        let like = LikeQuestions {
            asked: (0..phrasings.len()).collect(),
            nearest: None,
        };
        let gap = Gap::new(like, &questions).expect("it has questions");
        assert_eq!((gap.count, gap.last_asked_at), (7, now()));
        let words: Vec<_> = gap.phrasings.iter().map(|p| p.words.as_str()).collect();
        assert_eq!(words, ["A dog?", "Dog 12?", "b", "c", "d"]);
        let unfit: Vec<_> = gap.phrasings.iter().map(|p| p.unfit.is_some()).collect();
        assert_eq!(unfit, [false, true, false, false, false]);
    }
}
