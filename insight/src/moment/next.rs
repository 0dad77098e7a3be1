//! What would be best now.

use super::{IntentCategory, Level, Moment, NextAction, Urgency};
use crate::sentiment::Emotion;

/// More would be a list to choose from, not advice.
const MOST: usize = 3;

/// Best first. Nothing is sold to somebody who is upset or in trouble.
pub(super) fn actions(moment: &Moment, offer_person_at: u8) -> Vec<NextAction> {
    let is_upset = matches!(moment.emotion, Emotion::Angry | Emotion::Frustrated);
    let is_bad =
        is_upset || moment.urgency == Urgency::Critical || moment.emotion == Emotion::Worried;
    let wants_person = moment.frustration.level >= offer_person_at;
    let is_lost = moment.emotion == Emotion::Confused || moment.level == Some(Level::Beginner);
    let sells = !is_bad && moment.intent != IntentCategory::Complaint;
    let of_intent = match moment.intent {
        IntentCategory::ProblemSolving => NextAction::SolveProblem,
        IntentCategory::SupportRequest => NextAction::FulfilRequest,
        IntentCategory::Cancellation => NextAction::AskReason,
        IntentCategory::Comparison => NextAction::CompareOptions,
        IntentCategory::PurchaseIntent => NextAction::OfferAppointment,
        IntentCategory::Exploration => NextAction::ShowOverview,
        IntentCategory::Complaint | IntentCategory::InformationSeeking => NextAction::Answer,
    };
    let all = [
        (
            moment.urgency == Urgency::Critical,
            NextAction::SayWhatToDoNow,
        ),
        (wants_person, NextAction::OfferPerson),
        (
            is_upset && (wants_person || moment.intent == IntentCategory::Complaint),
            NextAction::Apologise,
        ),
        (is_lost, NextAction::ExplainPlainly),
        (
            !moment.objections.is_empty() && sells,
            NextAction::AnswerObjection,
        ),
        (true, of_intent),
        (
            !moment.opportunities.is_empty() && sells,
            NextAction::MentionOpportunity,
        ),
    ];
    let fitting = all.into_iter().filter(|(fits, _)| *fits);
    fitting.map(|(_, action)| action).take(MOST).collect()
}
