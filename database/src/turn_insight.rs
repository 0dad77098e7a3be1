//! `turn_insights`: what a turn of a caller says of them. Names of our own and of the pack, and no word of theirs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DatabaseError, SessionId, pool::Params};

repository!(
    /// All SQL about what turns say.
    TurnInsightRepository
);

row! {
    /// What one turn says, as one way of reading it found.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct TurnInsight {
        /// In which call; its row may be stored later.
        pub session_id: SessionId,
        /// The turn.
        pub seq: i32,
        /// `rules`, or `model`.
        pub source: String,
        /// Of the rules, or of what the model was told.
        pub version: i32,
        /// One of eight.
        pub emotion: String,
        /// `critical`, `high`, `medium` or `low`.
        pub urgency: String,
        /// One of eight.
        pub intent_category: String,
        /// Hundredths, -100 to 100.
        pub sentiment: i16,
        /// 0 to 10.
        pub frustration: i16,
        /// What brought it there, the most recent first.
        pub causes: Vec<String>,
        /// Hundredths, 0 to 100.
        pub confidence: i16,
        /// Of the pack.
        pub topics: Vec<String>,
        /// What is hard for the caller.
        pub pain_points: Vec<String>,
        /// What they could use.
        pub opportunities: Vec<String>,
        /// Why they hesitate.
        pub objections: Vec<String>,
        /// What would be best, best first.
        pub actions: Vec<String>,
        /// How they wish to be answered.
        pub style: Option<String>,
        /// How much they know.
        pub level: Option<String>,
        /// When it was read.
        pub made_at: DateTime<Utc>,
    }
}

impl TurnInsight {
    /// A word for how sure it is: High from 75 hundredths on, Medium from 45, Low.
    #[must_use]
    pub fn confidence_word(&self) -> &'static str {
        match self.confidence {
            75.. => "High",
            45..75 => "Medium",
            _ => "Low",
        }
    }
}

/// What is there already stays as it is.
const INSERT: &str = "
    INSERT INTO turn_insights (session_id, seq, source, version, emotion, urgency, intent_category, sentiment, frustration, causes,
                               confidence, topics, pain_points, opportunities, objections, actions, style, level, made_at)
    SELECT r.session_id, r.seq, r.source, r.version, r.emotion, r.urgency, r.intent_category, r.sentiment, r.frustration, r.causes,
           r.confidence, r.topics, r.pain_points, r.opportunities, r.objections, r.actions, r.style, r.level, r.made_at
      FROM jsonb_to_recordset($1) AS r(session_id uuid, seq int, source text, version int, emotion text, urgency text, intent_category text,
           sentiment smallint, frustration smallint, causes text[], confidence smallint, topics text[], pain_points text[],
           opportunities text[], objections text[], actions text[], style text, level text, made_at timestamptz)
     ORDER BY r.session_id, r.seq
    ON CONFLICT DO NOTHING RETURNING 1";

/// Of each turn the one made last.
const NEWEST: &str = "
    SELECT DISTINCT ON (seq) * FROM turn_insights WHERE session_id = $1
     ORDER BY seq, made_at DESC, version DESC, source";

impl TurnInsightRepository {
    /// Stores what turns say, in one statement; how many were new. What belongs to an erased call is turned away.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if one of them can never be stored. Repeating is safe.
    pub async fn insert(&self, insights: &[TurnInsight]) -> Result<usize, DatabaseError> {
        if insights.is_empty() {
            return Ok(0);
        }
        let rows: Vec<Value> = insights.iter().map(as_json).collect();
        let rows = Value::from(rows);
        let params: Params<'_> = &[&rows];
        self.db.count(INSERT, params).await
    }

    /// What the turns of a call say, in their order; of several readings of a turn the one made last.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<TurnInsight>, DatabaseError> {
        let rows = self.db.query(NEWEST, &[&session]).await?;
        Ok(rows.iter().map(TurnInsight::from).collect())
    }
}

fn as_json(insight: &TurnInsight) -> Value {
    serde_json::to_value(insight).expect("its keys are texts")
}
