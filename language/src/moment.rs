//! What a trade adds to how a caller's turn is read while the call runs.

use serde::Deserialize;

/// From this much frustration on a person is offered, where a pack names no other measure.
const OFFER_PERSON_AT: u8 = 7;

/// `moments.toml` of a pack. Phrases are in the notation of [`crate::phrase`]. The default is that of no trade in
/// particular.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MomentWords {
    /// From how much frustration on, 1 to 10, a person is offered.
    pub offer_person_at: u8,
    /// Topics of the pack after which nothing is sold to somebody for a week.
    pub selling_off: Vec<String>,
    /// Topics of the pack, and tables of its catalogue, that are about something the company sells.
    pub products: Vec<String>,
    /// Tasks of the pack that end in an appointment.
    pub appointments: Vec<String>,
    /// Tasks of the pack by which a document is sent.
    pub documents_sent: Vec<String>,
    /// What makes a turn urgent in this trade.
    pub urgency: Vec<UrgencyWords>,
    /// What a turn wants, in words of this trade.
    pub intent: Vec<IntentWords>,
    /// What is hard for callers here.
    pub pain_point: Vec<NamedWords>,
    /// What a caller says who could use more of what the company has.
    pub opportunity: Vec<NamedWords>,
    /// Why a caller hesitates to take something.
    pub objection: Vec<NamedWords>,
}

impl Default for MomentWords {
    fn default() -> Self {
        Self {
            offer_person_at: OFFER_PERSON_AT,
            selling_off: Vec::new(),
            products: Vec::new(),
            appointments: Vec::new(),
            documents_sent: Vec::new(),
            urgency: Vec::new(),
            intent: Vec::new(),
            pain_point: Vec::new(),
            opportunity: Vec::new(),
            objection: Vec::new(),
        }
    }
}

/// What callers say when it is this urgent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrgencyWords {
    /// `critical`, `high` or `medium`.
    pub level: String,
    /// What they say.
    pub phrases: Vec<String>,
    /// What rules it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What to do now, said before an answer that does not say it; once in a call.
    #[serde(default)]
    pub now: Option<String>,
}

/// What callers say who want this.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentWords {
    /// One of the eight categories, such as `complaint`.
    pub category: String,
    /// What they say.
    pub phrases: Vec<String>,
    /// What rules it out.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// What callers say of something that has a name in records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWords {
    /// Its name, such as `waiting_time`; never a word of a caller's.
    pub id: String,
    /// What they say.
    pub phrases: Vec<String>,
    /// What rules it out.
    #[serde(default)]
    pub unless: Vec<String>,
}
