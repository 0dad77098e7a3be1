//! What one turn of the caller says of them, while the call runs: how they feel, how urgent it is, what they want, how
//! patient they still are, and what would be best now. Rules over words and a small linear model: tens of microseconds.
//!
//! ```text
//! the turn's words ---+
//! the pack's words ---+--> Course --> Moment --> turn_insights, the supervisor's page, what is offered
//! the turns before ---+
//! ```
//!
//! A [`Course`] remembers what a call was like so far. Given the same turns it says the same, so what was read while a
//! call ran can be read again from its record.

mod category;
mod course;
mod cues;
mod emotion;
mod frustration;
mod measure;
mod next;
mod repeated;
#[cfg(test)]
mod tests;
mod trade;
mod urgency;

use call::text_enum;

use crate::sentiment::Emotion;

pub use course::{Course, of_call};
pub use emotion::{EMOTION_BUCKETS, EmotionWeights, emotion_features};
pub use frustration::{Cause, Frustration};
pub use measure::{Confusion, Field};
pub(crate) use trade::LanguageMoments;
pub use trade::Trade;

/// Of these rules; grows when they say something else of the same words.
pub const VERSION: i32 = 1;

/// What a turn says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// How the caller feels.
    pub emotion: Emotion,
    /// How soon something must happen.
    pub urgency: Urgency,
    /// What to do now, in a pack's line, where it is critical and the pack has one.
    pub now: Option<String>,
    /// What they want.
    pub intent: IntentCategory,
    /// Hundredths from -100, as bad as can be, to 100.
    pub sentiment: i8,
    /// How patient they still are.
    pub frustration: Frustration,
    /// How sure the emotion and the intent are, hundredths from 0 to 100: what the less sure of the two is.
    pub confidence: u8,
    /// Topics of the pack, by id.
    pub topics: Vec<String>,
    /// What is hard for them: ids of the pack's, and `repeated_question` or `no_answer` of the talk itself.
    pub pain_points: Vec<String>,
    /// What they could use, by ids of the pack.
    pub opportunities: Vec<String>,
    /// Why they hesitate, by ids of the language's and of the pack's.
    pub objections: Vec<String>,
    /// What would be best, best first; at most three.
    pub next_best_actions: Vec<NextAction>,
    /// How they wish to be answered.
    pub style: Option<Style>,
    /// How much they know of the matter.
    pub level: Option<Level>,
}

text_enum! {
    /// How soon something must happen.
    pub enum Urgency {
        /// Harm is being done, or may be.
        Critical = "critical",
        /// Today.
        High = "high",
        /// Something does not work.
        Medium = "medium",
        /// It is asked.
        Low = "low",
    }
}

impl Urgency {
    /// All, most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];
}

text_enum! {
    /// What a caller wants.
    pub enum IntentCategory {
        /// To know something.
        InformationSeeking = "information_seeking",
        /// Something that does not work is to work.
        ProblemSolving = "problem_solving",
        /// To have something that the company offers.
        PurchaseIntent = "purchase_intent",
        /// Something is to be done for them.
        SupportRequest = "support_request",
        /// To say that something was bad.
        Complaint = "complaint",
        /// To know which of several.
        Comparison = "comparison",
        /// To look around.
        Exploration = "exploration",
        /// To be rid of something.
        Cancellation = "cancellation",
    }
}

impl IntentCategory {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::InformationSeeking,
        Self::ProblemSolving,
        Self::PurchaseIntent,
        Self::SupportRequest,
        Self::Complaint,
        Self::Comparison,
        Self::Exploration,
        Self::Cancellation,
    ];
}

text_enum! {
    /// What would be best after a turn.
    pub enum NextAction {
        /// What to do at once, before all else.
        SayWhatToDoNow = "say_what_to_do_now",
        /// A person.
        OfferPerson = "offer_person",
        /// To own that it went badly.
        Apologise = "apologise",
        /// To say it again in plainer words.
        ExplainPlainly = "explain_plainly",
        /// To see to what does not work.
        SolveProblem = "solve_problem",
        /// To do what was asked for.
        FulfilRequest = "fulfil_request",
        /// To ask why they leave.
        AskReason = "ask_reason",
        /// To set things side by side.
        CompareOptions = "compare_options",
        /// To name a day with somebody who knows it all.
        OfferAppointment = "offer_appointment",
        /// To say that there is something for what they spoke of.
        MentionOpportunity = "mention_opportunity",
        /// To take up what makes them hesitate.
        AnswerObjection = "answer_objection",
        /// To show what there is.
        ShowOverview = "show_overview",
        /// To answer.
        Answer = "answer",
    }
}

text_enum! {
    /// How a caller wishes to be answered.
    pub enum Style {
        /// In few words.
        Concise = "concise",
        /// At length.
        Detailed = "detailed",
        /// As in a letter.
        Formal = "formal",
        /// As among friends.
        Casual = "casual",
    }
}

text_enum! {
    /// How much a caller knows of the matter.
    pub enum Level {
        /// Little: plain words, one step at a time.
        Beginner = "beginner",
        /// The terms of the trade.
        Expert = "expert",
    }
}
