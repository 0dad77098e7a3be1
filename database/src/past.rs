//! What a person's earlier calls came to, for the call that they are in now: counts, the last one, what is still open.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{DatabaseError, MessageRepository, Resolution, Role, SessionId};

/// Promises that are named at most.
const MOST_OPEN: i64 = 5;
/// Messages of the last call that are looked at, the last.
const MOST_MESSAGES: usize = 60;

/// Routes of turns that ask nothing of the trade.
const TALK: [&str; 12] = [
    "small_talk",
    "human_requested",
    "authenticate",
    "repeat",
    "source",
    "more",
    "goodbye",
    "affirm",
    "deny",
    "out_of_scope",
    "unclear",
    "memory",
];

repository!(
    /// Reads what a person's calls came to.
    PastRepository
);

row! {
    /// A call that is over.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct PastCall {
        /// Which.
        pub session: SessionId = "session_id",
        /// When it began.
        pub started_at: DateTime<Utc>,
        /// What it was about, by id; none before it was summed up.
        pub topics: Vec<String>,
        /// What came of it; none before it was summed up.
        pub resolution: Option<Resolution> = "resolution_status",
    }
}

row! {
    /// Something that was promised and is not done.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct OpenPromise {
        /// `callback`, or a ticket of the pack's.
        pub kind: String,
        /// What the caller was told to ask again with.
        pub reference: Option<String>,
        /// Until when.
        pub due_at: Option<DateTime<Utc>>,
    }
}

/// What earlier calls of a person came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Past {
    /// How many there were.
    pub calls: i64,
    /// The last; none before which its person had everything forgotten.
    pub last: Option<PastCall>,
    /// What was promised and is not done, the newest first; five at most.
    pub open: Vec<OpenPromise>,
}

/// Calls of this call's person in which they had proved who they are: whoever else held the same device is not them.
const PROVEN: &str = "
    WITH proven AS (SELECT s.session_id, s.started_at FROM agent_sessions me, sessions_of(me.profile_id) s
                     WHERE me.session_id = $1 AND s.auth_level > 0 AND s.session_id <> $1)";

impl PastRepository {
    /// What this call's person has behind them, as far as they had proved who they are.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn of(&self, session: SessionId) -> Result<Past, DatabaseError> {
        let count = format!("{PROVEN} SELECT count(*) FROM proven");
        let last = format!(
            "{PROVEN} SELECT p.session_id, p.started_at, coalesce(c.topics, '{{}}') AS topics, c.resolution_status
               FROM proven p LEFT JOIN summary_rows c USING (session_id)
              WHERE NOT EXISTS (SELECT FROM facts f JOIN proven USING (session_id)
                                 WHERE f.key = '*' AND f.what = 'forgotten' AND f.learned_at >= p.started_at)
              ORDER BY p.started_at DESC, p.session_id DESC LIMIT 1"
        );
        let open = format!(
            "{PROVEN} SELECT c.kind, c.reference, c.due_at FROM callbacks c JOIN proven USING (session_id)
              WHERE c.done_at IS NULL ORDER BY c.requested_at DESC LIMIT {MOST_OPEN}"
        );
        let last = self.db.optional(&last, &[&session]).await?;
        let open = self.db.query(&open, &[&session]).await?;
        Ok(Past {
            calls: self.db.value(&count, &[&session]).await?,
            last: last.as_ref().map(PastCall::from),
            open: open.iter().map(OpenPromise::from).collect(),
        })
    }

    /// What a call's caller asked last: the last of their turns that was answered as a question of the trade, in their words as
    /// they were kept. `None`: there is none among the last 60 messages, or its key is not here.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn asked_last(&self, session: SessionId) -> Result<Option<String>, DatabaseError> {
        let messages = MessageRepository::new(&self.db)
            .last(session, MOST_MESSAGES)
            .await?;
        let asked = messages.windows(2).rev().find_map(|pair| {
            let is_question = pair[0].role == Role::User && pair[1].role == Role::Assistant;
            let route = pair[1].meta.get("route").and_then(Value::as_str);
            let is_matter = route.is_some_and(|route| !TALK.contains(&route));
            let question = pair[0].content.clone();
            question.filter(|_| is_question && is_matter)
        });
        Ok(asked)
    }
}
