//! What a turn says, as a row.

use call::SessionId;
use chrono::{DateTime, Utc};
use database::TurnInsight;
use insight::moment::{Moment, NextAction, VERSION};

/// The row of a turn that was read by the rules.
#[must_use]
pub fn turn_insight(
    session: SessionId,
    seq: i32,
    moment: &Moment,
    made_at: DateTime<Utc>,
) -> TurnInsight {
    let frustration = &moment.frustration;
    let causes = frustration.causes.iter().map(|cause| cause.as_str());
    let actions = moment
        .next_best_actions
        .iter()
        .copied()
        .map(NextAction::as_str);
    TurnInsight {
        session_id: session,
        seq,
        source: "rules".to_owned(),
        version: VERSION,
        emotion: moment.emotion.as_str().to_owned(),
        urgency: moment.urgency.as_str().to_owned(),
        intent_category: moment.intent.as_str().to_owned(),
        sentiment: moment.sentiment.into(),
        frustration: frustration.level.into(),
        causes: causes.map(str::to_owned).collect(),
        confidence: moment.confidence.into(),
        topics: moment.topics.clone(),
        pain_points: moment.pain_points.clone(),
        opportunities: moment.opportunities.clone(),
        objections: moment.objections.clone(),
        actions: actions.map(str::to_owned).collect(),
        style: moment.style.map(|style| style.as_str().to_owned()),
        level: moment.level.map(|level| level.as_str().to_owned()),
        made_at,
    }
}
