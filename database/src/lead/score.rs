//! `lead_scores`: whose score is to be made anew and of what, what it came to, and the lists of leads.

use call::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::json;
use crate::{DatabaseError, ProfileId, ProfileKind, SessionId};

repository!(
    /// All SQL about the scores of leads.
    LeadScoreRepository
);

text_enum! {
    /// Which leads to list.
    pub enum LeadList {
        /// Hot by version 1.
        Hot = "hot",
        /// They want something, and it leads nowhere.
        Stuck = "stuck",
        /// Six or more of the ten points of intent.
        Intent = "intent",
        /// All there are.
        All = "all",
    }
}

impl LeadList {
    fn view(self) -> &'static str {
        match self {
            Self::Hot => "hot_leads",
            Self::Stuck => "stuck_leads",
            Self::Intent => "high_intent_leads",
            Self::All => "leads",
        }
    }
}

/// A place in the list. Scores change: one that rises past it meanwhile is not seen again, one that falls may be twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadCursor {
    /// Of the last lead seen.
    pub total_score: f64,
    /// Its profile, which decides between equals.
    pub profile: ProfileId,
}

/// All events of one kind about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LeadKindCount {
    /// Such as `product_seen`.
    pub kind: String,
    /// About what; empty: about nothing.
    pub item: String,
    /// How often; callbacks only of calls that spoke of nothing after which nothing is sold.
    pub count: u32,
    /// The most of their values.
    pub most: i16,
    /// When last.
    pub last_at: DateTime<Utc>,
}

/// A profile whose score is to be made anew, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLead {
    /// Whose.
    pub profile: ProfileId,
    /// The score counts while this mark stands.
    pub mark: Uuid,
    /// It is nobody's own any more: merged, erased. It gets none.
    pub is_gone: bool,
    /// Calls and chats.
    pub sessions: u32,
    /// Events that were counted.
    pub events: i32,
    /// What they come to.
    pub counts: Vec<LeadKindCount>,
    /// Hundredths of the last ten turns, the last first.
    pub sentiments: Vec<i16>,
    /// What the profile has of a person, by name: `name`, `phone`, `email`, and keys of its metadata.
    pub known: Vec<String>,
}

row! {
    /// What a score came to last.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct LeadScoreRow {
        /// Whose.
        pub profile_id: ProfileId,
        /// Of which rules.
        pub formula: i32,
        /// Events that were counted.
        pub events: i32,
        /// 0 to 10.
        pub engagement_score: f64,
        /// 0 to 10.
        pub intent_to_buy_score: f64,
        /// Both together.
        pub total_score: f64,
        /// `hot`, `warm` or `cold`.
        pub lead_temperature: String,
        /// That they want it and soon is known.
        pub is_qualified: bool,
        /// Version 2, as of `scored_at`.
        pub second_score: f64,
        /// By version 2.
        pub second_temperature: String,
        /// Nothing is sold after they spoke of this.
        pub selling_off_topic: Option<String>,
        /// Until then.
        pub selling_off_until: Option<DateTime<Utc>>,
        /// Things that they want.
        pub wanted: i32,
        /// Times they hesitated.
        pub objections: i32,
        /// Days agreed on.
        pub appointments: i32,
        /// Times they are called back.
        pub callbacks: i32,
        /// Things sent.
        pub documents: i32,
        /// When something happened last.
        pub last_event_at: Option<DateTime<Utc>>,
        /// What the score was made of.
        pub facts: Value,
        /// When.
        pub scored_at: DateTime<Utc>,
    }
}

/// A call of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadCall {
    /// The call.
    pub session_id: SessionId,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// One lead of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadLine {
    /// The live profile.
    pub profile: ProfileId,
    /// A device's or number's, or a customer's.
    pub kind: ProfileKind,
    /// The customer's name.
    pub username: Option<String>,
    /// Version 1, as it was stored: the order of the list.
    pub total_score: f64,
    /// What the score was made of.
    pub facts: Value,
    /// When.
    pub scored_at: DateTime<Utc>,
    /// Their last calls, newest first.
    pub calls: Vec<LeadCall>,
}

impl LeadLine {
    /// The place of this lead, to continue after it.
    #[must_use]
    pub fn cursor(&self) -> LeadCursor {
        LeadCursor {
            total_score: self.total_score,
            profile: self.profile,
        }
    }
}

/// What is due, with what it is made of: read after the marks, so that what is read is at least what they stand for.
const DUE: &str = "
    WITH due AS MATERIALIZED (SELECT d.profile_id, d.mark FROM lead_dues d WHERE d.tenant_id = current_tenant() ORDER BY d.profile_id LIMIT $1)
    SELECT d.profile_id, d.mark, u.id IS NULL AS is_gone, coalesce(u.total_sessions, 0) AS sessions, f.events, f.counts, f.sentiments,
           array_remove(ARRAY[CASE WHEN u.name_ct IS NOT NULL THEN 'name' END, CASE WHEN u.phone_ct IS NOT NULL THEN 'phone' END,
                              CASE WHEN u.email_ct IS NOT NULL THEN 'email' END], NULL)
             || ARRAY(SELECT jsonb_object_keys(coalesce(u.profile_metadata, '{}'))) AS known
      FROM due d LEFT JOIN user_profiles u ON u.id = d.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL
     CROSS JOIN LATERAL (
       WITH mine AS MATERIALIZED (
         SELECT e.session_id, e.cause, e.kind, coalesce(e.item, '') AS item, e.value, e.happened_at,
                bool_or(e.kind = 'selling_off') OVER (PARTITION BY e.session_id) AS is_off
           FROM sessions_of(u.id) s JOIN lead_events e ON e.session_id = s.session_id)
       SELECT (SELECT count(*)::int FROM mine) AS events,
              (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.kind, t.item), '[]') FROM (
                 SELECT m.kind, m.item, count(*) FILTER (WHERE m.kind <> 'callback' OR NOT m.is_off) AS count, max(m.value) AS most,
                        max(m.happened_at) AS last_at FROM mine m GROUP BY 1, 2) t) AS counts,
              ARRAY(SELECT m.value FROM mine m WHERE m.kind = 'sentiment'
                     ORDER BY m.happened_at DESC, m.session_id DESC, m.cause COLLATE \"C\" DESC LIMIT 10) AS sentiments) f
     ORDER BY d.profile_id";

/// A page of one of the lists, with the last five calls of each.
const LIST: &str = "
    SELECT l.profile_id, l.profile_type, l.username, l.total_score, l.facts, l.scored_at,
           (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.started_at DESC, c.session_id DESC), '[]') FROM (
              SELECT s.session_id, s.started_at FROM sessions_of(l.profile_id) s ORDER BY s.started_at DESC, s.session_id DESC LIMIT 5) c) AS calls
      FROM {view} l
     WHERE l.tenant_id = current_tenant()
       AND ($1::float8 IS NULL OR (l.total_score, l.profile_id) < ($1, $2::uuid))
     ORDER BY l.total_score DESC, l.profile_id DESC LIMIT $3";

impl LeadScoreRepository {
    /// Some of those whose score is to be made anew, with what it is made of.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn due(&self, at_most: i64) -> Result<Vec<DueLead>, DatabaseError> {
        let rows = self.db.query(DUE, &[&at_most]).await?;
        let read = |row: &tokio_postgres::Row| {
            let sessions: i32 = row.get("sessions");
            Ok(DueLead {
                profile: row.get("profile_id"),
                mark: row.get("mark"),
                is_gone: row.get("is_gone"),
                sessions: u32::try_from(sessions).unwrap_or_default(),
                events: row.get("events"),
                counts: json(row.get("counts"), "the counts of a lead")?,
                sentiments: row.get("sentiments"),
                known: row.get("known"),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Stores scores, each for the mark that it was made for; `None`: the profile gets none. Of one that was marked anew
    /// meanwhile nothing is stored, and it stays due. Whose score was stored.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn store(
        &self,
        made: &[(DueLead, Option<LeadScoreRow>)],
    ) -> Result<Vec<ProfileId>, DatabaseError> {
        if made.is_empty() {
            return Ok(Vec::new());
        }
        let rows = made.iter().map(|(due, row)| {
            let mut line = row.as_ref().map_or_else(
                || serde_json::json!({"profile_id": due.profile}),
                |row| serde_json::json!(row),
            );
            line["mark"] = due.mark.to_string().into();
            line
        });
        let rows: Value = rows.collect();
        self.db
            .column("SELECT * FROM store_lead_scores($1)", &[&rows])
            .await
    }

    /// What a profile's score came to last; `None`: it has none of its own.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get(&self, profile: ProfileId) -> Result<Option<LeadScoreRow>, DatabaseError> {
        let sql = "SELECT * FROM lead_scores WHERE profile_id = $1";
        let row = self.db.optional(sql, &[&profile]).await?;
        Ok(row.as_ref().map(LeadScoreRow::from))
    }

    /// Marks scores that were made before then, or by other rules, as due: version 2 falls with time. How many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn mark_old(
        &self,
        before: DateTime<Utc>,
        formula: i32,
        at_most: i64,
    ) -> Result<usize, DatabaseError> {
        // The oldest first, or those behind the first would never be made anew; marked in the one order.
        let sql = "SELECT mark_leads(ARRAY[o.profile_id]) FROM (
                     SELECT l.profile_id FROM lead_scores l WHERE l.tenant_id = current_tenant() AND (l.scored_at < $1 OR l.formula < $2)
                      ORDER BY l.scored_at LIMIT $3) o ORDER BY o.profile_id";
        self.db.count(sql, &[&before, &formula, &at_most]).await
    }

    /// A page of leads, the highest score first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(
        &self,
        list: LeadList,
        after: Option<LeadCursor>,
        limit: i64,
    ) -> Result<Vec<LeadLine>, DatabaseError> {
        let sql = LIST.replace("{view}", list.view());
        let (total, profile) = after.map(|a| (a.total_score, a.profile)).unzip();
        let rows = self.db.query(&sql, &[&total, &profile, &limit]).await?;
        let read = |row: &tokio_postgres::Row| {
            Ok(LeadLine {
                profile: row.get("profile_id"),
                kind: row.get("profile_type"),
                username: row.get("username"),
                total_score: row.get("total_score"),
                facts: row.get("facts"),
                scored_at: row.get("scored_at"),
                calls: json(row.get("calls"), "the calls of a lead")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
