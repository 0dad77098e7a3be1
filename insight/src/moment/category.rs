//! What a caller wants: the category that most phrases speak for.

use super::{
    IntentCategory,
    trade::{Said, Trade},
    urgency::is_question,
};
use crate::sentiment::Emotion;

/// Of equally likely categories the one that asks for more comes first: who wants to leave also asks something.
const ORDER: [IntentCategory; 8] = [
    IntentCategory::Cancellation,
    IntentCategory::Complaint,
    IntentCategory::Comparison,
    IntentCategory::ProblemSolving,
    IntentCategory::PurchaseIntent,
    IntentCategory::SupportRequest,
    IntentCategory::Exploration,
    IntentCategory::InformationSeeking,
];
/// What speaks for a question where no phrase does.
const QUESTION: f32 = 0.2;
/// What phrases of asking count for: whoever wants something done or mended asks for it, too.
const ASKING: f32 = 0.4;
/// What speaks for a complaint in an angry turn.
const ANGER: f32 = 1.2;

/// The category, and how sure it is, hundredths.
pub(super) fn read(
    text: &str,
    (said, trade): (&Said, &Trade),
    emotion: Emotion,
) -> (IntentCategory, u8) {
    let mut weights = [0.0_f32; ORDER.len()];
    for (category, weight) in trade.intents(said) {
        let weight = match category {
            IntentCategory::InformationSeeking => weight * ASKING,
            _ => weight,
        };
        let place = &mut weights[place(category)];
        *place = place.max(weight);
    }
    let asks = is_question(text);
    if asks {
        weights[place(IntentCategory::InformationSeeking)] += QUESTION;
    }
    if emotion == Emotion::Angry {
        weights[place(IntentCategory::Complaint)] += ANGER;
    }
    // Earlier in the order wins among equals.
    let mut best = ORDER.len() - 1;
    for at in (0..ORDER.len()).rev() {
        if weights[at] >= weights[best] && weights[at] > 0.0 {
            best = at;
        }
    }
    let all: f32 = weights.iter().sum();
    if all == 0.0 {
        // Nothing speaks for any: whoever calls wants to know something, probably.
        return (IntentCategory::InformationSeeking, 30);
    }
    let sure = 100.0 * weights[best] / all;
    // A share: 0 to 100.
    (ORDER[best], sure.round() as u8)
}

fn place(category: IntentCategory) -> usize {
    let place = ORDER.iter().position(|of| *of == category);
    place.expect("all are in the order")
}
