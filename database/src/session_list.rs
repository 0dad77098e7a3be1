//! The supervisor's list of calls.

use call::AuthLevel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Channel, DatabaseError, ProfileId, Resolution, Sentiment, SessionId, SessionRepository,
    SessionStatus,
};

/// Which calls to list; every field that is set narrows the list.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Started at or after.
    pub from: Option<DateTime<Utc>>,
    /// Started before.
    pub until: Option<DateTime<Utc>>,
    /// One of the summary's topics.
    pub topic: Option<String>,
    /// The summary's.
    pub sentiment: Option<Sentiment>,
    /// The summary's.
    pub resolution: Option<Resolution>,
    /// Whether the caller was authenticated.
    pub authenticated: Option<bool>,
    /// All calls of this live profile.
    pub profile: Option<ProfileId>,
    /// Continue after this one: [`SessionListItem::cursor`] of the last item seen.
    pub after: Option<SessionCursor>,
}

/// A place in the list. Stays right while calls are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCursor {
    /// Start of the last call seen.
    pub started_at: DateTime<Utc>,
    /// Its id, which decides between calls of the same instant.
    pub id: SessionId,
}

row! {
    /// One call of the list.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct SessionListItem {
        /// The session.
        pub id: SessionId = "session_id",
        /// Its live profile.
        pub profile_id: ProfileId,
        /// The customer's name, if the profile is one's.
        pub username: Option<String>,
        /// How the caller came.
        pub channel: Channel,
        /// Where it stands.
        pub status: SessionStatus,
        /// 2 and more: authenticated.
        pub auth_level: AuthLevel,
        /// When it began.
        pub started_at: DateTime<Utc>,
        /// When it ended.
        pub ended_at: Option<DateTime<Utc>>,
        /// Messages stored.
        pub message_count: i32,
        /// The summary's text; this and the next three are absent until there is one.
        pub summary: Option<String>,
        /// The summary's.
        pub sentiment: Option<Sentiment>,
        /// The summary's.
        pub resolution: Option<Resolution> = "resolution_status",
        /// The summary's.
        pub topics: Vec<String>,
    }
}

impl SessionListItem {
    /// The place of this item, to continue after it.
    #[must_use]
    pub fn cursor(&self) -> SessionCursor {
        SessionCursor {
            started_at: self.started_at,
            id: self.id,
        }
    }
}

impl SessionRepository {
    /// Calls that match, newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(
        &self,
        filter: &SessionFilter,
        limit: i64,
    ) -> Result<Vec<SessionListItem>, DatabaseError> {
        let (after_at, after_id) = filter.after.map(|c| (c.started_at, c.id)).unzip();
        self.db
            .list(
                "SELECT s.session_id, s.profile_id, u.username, s.channel, s.status, s.auth_level, s.started_at, s.ended_at,
                        s.message_count, c.summary, c.sentiment, c.resolution_status, coalesce(c.topics, '{}') AS topics
                   FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id
                   LEFT JOIN conversation_summaries c USING (session_id)
                  WHERE s.tenant_id = current_tenant()
                    AND ($1::timestamptz IS NULL OR s.started_at >= $1) AND ($2::timestamptz IS NULL OR s.started_at < $2)
                    AND ($3::text IS NULL OR $3 = ANY (c.topics)) AND ($4::sentiment3 IS NULL OR c.sentiment = $4)
                    AND ($5::resolution IS NULL OR c.resolution_status = $5)
                    AND ($6::boolean IS NULL OR (s.auth_level >= 2) = $6) AND ($7::uuid IS NULL OR s.session_id IN (SELECT o.session_id FROM sessions_of($7) o))
                    AND ($8::timestamptz IS NULL OR (s.started_at, s.session_id) < ($8, $9::uuid))
                  ORDER BY s.started_at DESC, s.session_id DESC LIMIT $10",
                &[
                    &filter.from,
                    &filter.until,
                    &filter.topic,
                    &filter.sentiment,
                    &filter.resolution,
                    &filter.authenticated,
                    &filter.profile,
                    &after_at,
                    &after_id,
                    &limit,
                ],
            )
            .await
    }
}
