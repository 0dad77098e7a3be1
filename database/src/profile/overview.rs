//! A person in one view: how often they called, what about, how they felt, what they hesitate at, what was done for them and
//! what is still open.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ProfileRepository;
use crate::{DatabaseError, FactRepository, OpenPromise, ProfileId, SessionId, StoredFact};

/// Ids of one kind that are shown at most, those with the highest counts.
const MOST_COUNTED: i64 = 20;
/// Calls whose sentiment is shown at most, the last.
const MOST_CALLS: i64 = 20;

/// What is held of a person, counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonOverview {
    /// The live profile.
    pub profile: ProfileId,
    /// Their calls.
    pub calls: i64,
    /// When the first began.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last began.
    pub last_at: Option<DateTime<Utc>>,
    /// What they spoke of, by topic of the pack: in how many turns.
    pub views: Vec<Counted>,
    /// What they could use, by id of the pack.
    pub interests: Vec<Counted>,
    /// Why they hesitated, by id.
    pub objections: Vec<Counted>,
    /// How the last calls sounded, oldest first.
    pub sentiment: Vec<CallSentiment>,
    /// What was done for them, by tool.
    pub deeds: Vec<Counted>,
    /// What was promised and is not done, the newest first.
    pub open: Vec<OpenPromise>,
    /// The task that the last call broke off in and that can be gone on with.
    pub left_task: Option<String>,
    /// What was learned of them, oldest first: the newest 200, of which the newest of a key counts.
    pub facts: Vec<StoredFact>,
}

row! {
    /// How often something was.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Counted {
        /// What, by id.
        pub id: String,
        /// How often.
        pub count: i64,
    }
}

row! {
    /// How a call sounded.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct CallSentiment {
        /// Which.
        pub session: SessionId = "session_id",
        /// When it began.
        pub started_at: DateTime<Utc>,
        /// The mean of its turns, hundredths from -100 to 100.
        pub mean: i32,
    }
}

/// The calls of the person that the profile belongs to.
const CALLS: &str = "WITH calls AS (SELECT session_id, started_at FROM sessions_of($1))";

/// Of each turn the reading made last.
const NEWEST: &str = "(SELECT DISTINCT ON (i.session_id, i.seq) i.*, calls.started_at FROM turn_insights i JOIN calls USING (session_id)
                        ORDER BY i.session_id, i.seq, i.made_at DESC, i.version DESC, i.source) n";

impl ProfileRepository {
    /// The person that this profile belongs to, in one view; `None` if there is no such profile.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn overview(&self, id: ProfileId) -> Result<Option<PersonOverview>, DatabaseError> {
        let live = "SELECT live_profile($1) AS id";
        let live: Option<ProfileId> = self.db.value(live, &[&id]).await?;
        let Some(profile) = live else {
            return Ok(None);
        };
        let calls = format!(
            "{CALLS} SELECT count(*) AS calls, min(started_at) AS first_at, max(started_at) AS last_at FROM calls"
        );
        let calls = self.db.one(&calls, &[&id]).await?;
        let sentiment = format!(
            "{CALLS} SELECT * FROM (SELECT n.session_id, n.started_at, round(avg(n.sentiment))::int AS mean FROM {NEWEST}
              GROUP BY 1, 2 ORDER BY 2 DESC, 1 DESC LIMIT {MOST_CALLS}) s ORDER BY started_at, session_id"
        );
        let deeds = format!(
            "{CALLS} SELECT c.tool AS id, count(*) AS count FROM tool_calls c JOIN calls USING (session_id)
               JOIN tool_call_outcomes o USING (session_id, idempotency_key, tenant_id)
              WHERE c.deed AND o.outcome = 'success' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_COUNTED}"
        );
        let open = format!(
            "{CALLS} SELECT c.kind, c.reference, c.due_at FROM callbacks c JOIN calls USING (session_id)
              WHERE c.done_at IS NULL ORDER BY c.requested_at DESC LIMIT {MOST_COUNTED}"
        );
        let left = format!(
            "{CALLS} SELECT l.task FROM left_tasks l JOIN calls USING (session_id)
              WHERE l.task IS NOT NULL AND l.expires_at > now() ORDER BY l.kept_at DESC LIMIT 1"
        );
        let sentiment = self.db.query(&sentiment, &[&id]).await?;
        let deeds = self.db.query(&deeds, &[&id]).await?;
        let open = self.db.query(&open, &[&id]).await?;
        let left: Vec<String> = self.db.column(&left, &[&id]).await?;
        Ok(Some(PersonOverview {
            profile,
            calls: calls.get("calls"),
            first_at: calls.get("first_at"),
            last_at: calls.get("last_at"),
            views: self.counted(id, "topics").await?,
            interests: self.counted(id, "opportunities").await?,
            objections: self.counted(id, "objections").await?,
            sentiment: sentiment.iter().map(CallSentiment::from).collect(),
            deeds: deeds.iter().map(Counted::from).collect(),
            open: open.iter().map(OpenPromise::from).collect(),
            left_task: left.into_iter().next(),
            facts: FactRepository::new(&self.db).of_person(id).await?,
        }))
    }

    /// The ids of a column of what turns say, with the number of turns that hold each.
    async fn counted(&self, id: ProfileId, column: &str) -> Result<Vec<Counted>, DatabaseError> {
        let sql = format!(
            "{CALLS} SELECT what AS id, count(*) AS count FROM {NEWEST}, unnest(n.{column}) what
              GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_COUNTED}"
        );
        let rows = self.db.query(&sql, &[&id]).await?;
        Ok(rows.iter().map(Counted::from).collect())
    }
}
