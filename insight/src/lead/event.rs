//! What of a call counts for a lead.

use call::text_enum;

use super::facts::Interest;
use crate::moment::{IntentCategory, Moment, Trade, Urgency};

/// The kind of a promise to call somebody back, among the kinds of promises.
const CALL_BACK: &str = "callback";
/// Rows of one answer that count: more are no more told than listed.
const ROWS: usize = 5;

text_enum! {
    /// What happened.
    pub enum LeadKind {
        /// Something that the company sells was spoken of; the item is its topic.
        ProductSeen = "product_seen",
        /// The caller showed that they may want it; the value is how much, 1 to 3.
        Interest = "interest",
        /// The caller hesitates; the item is why.
        Objection = "objection",
        /// They are called back.
        Callback = "callback",
        /// A day was agreed on.
        Appointment = "appointment",
        /// Something was sent to them.
        DocumentSent = "document_sent",
        /// How a turn of theirs sounds; the value is hundredths from -100 to 100.
        Sentiment = "sentiment",
        /// What is known of whether they can and will; the item is one of budget, authority, need, timing.
        Qualification = "qualification",
        /// They spoke of something after which nothing is sold for a while; the item is the topic.
        SellingOff = "selling_off",
    }
}

/// Something that happened in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// What brought it about, unique within the call: whatever is told twice has the same cause.
    pub cause: String,
    /// What.
    pub kind: LeadKind,
    /// About what, by id; none for a sentiment, a callback and an appointment.
    pub item: Option<String>,
    /// How much.
    pub value: i16,
}

/// What a turn of the caller counts for. Nothing that is said in distress, in anger or of harm speaks for wanting anything.
#[must_use]
pub fn of_caller(seq: i32, moment: &Moment, trade: &Trade) -> Vec<Happened> {
    let happened = |kind: LeadKind, item: Option<&str>, value: i16| Happened {
        cause: match item {
            Some(item) => format!("turn:{seq}:{}:{item}", kind.as_str()),
            None => format!("turn:{seq}:{}", kind.as_str()),
        },
        kind,
        item: item.map(str::to_owned),
        value,
    };
    let mut found = vec![happened(LeadKind::Sentiment, None, moment.sentiment.into())];
    let off = moment
        .topics
        .iter()
        .filter(|topic| trade.is_selling_off(topic));
    found.extend(off.map(|topic| happened(LeadKind::SellingOff, Some(topic), 1)));
    for objection in &moment.objections {
        found.push(happened(LeadKind::Objection, Some(objection), 1));
    }
    let is_trouble = matches!(
        moment.intent,
        IntentCategory::Complaint | IntentCategory::ProblemSolving | IntentCategory::Cancellation
    );
    if is_trouble || moment.urgency == Urgency::Critical {
        return found;
    }
    let wants = moment.intent == IntentCategory::PurchaseIntent;
    let mut seen: Vec<&str> = Vec::new();
    for item in moment.topics.iter().chain(&moment.opportunities) {
        if !trade.is_product(item) || seen.contains(&item.as_str()) {
            continue;
        }
        seen.push(item);
        found.push(happened(LeadKind::ProductSeen, Some(item), 1));
        let interest = match (wants, moment.opportunities.contains(item)) {
            (true, _) => Interest::High,
            (false, true) => Interest::Medium,
            (false, false) => continue,
        };
        found.push(happened(LeadKind::Interest, Some(item), interest as i16));
    }
    if wants && !seen.is_empty() {
        found.push(happened(LeadKind::Qualification, Some("need"), 1));
        if moment.urgency == Urgency::High {
            found.push(happened(LeadKind::Qualification, Some("timing"), 1));
        }
    }
    found
}

/// A turn of the agent, as far as it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentTurn<'a> {
    /// Its position in the session.
    pub seq: i32,
    /// What it says was done, by the pack's word for it.
    pub deed: Option<&'a str>,
    /// What it is about: a topic, or a table of the catalogue.
    pub intent: Option<&'a str>,
    /// What it rests on; a row of a table is called `table/row`.
    pub sources: Vec<&'a str>,
}

/// What a turn of the agent counts for: a deed that was done; rows of what the company sells that were told.
#[must_use]
pub fn of_agent(turn: &AgentTurn<'_>, trade: &Trade) -> Vec<Happened> {
    let seq = turn.seq;
    let deed = turn.deed.and_then(|deed| Some((deed, trade.deed(deed)?)));
    let mut found: Vec<Happened> = Vec::new();
    found.extend(deed.map(|(deed, kind)| Happened {
        cause: format!("turn:{seq}:{}", kind.as_str()),
        kind,
        item: Some(deed.to_owned()),
        value: 1,
    }));
    let Some(table) = turn.intent.filter(|table| trade.is_product(table)) else {
        return found;
    };
    let is_row = |source: &&&str| {
        let rest = source.strip_prefix(table);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    for row in turn.sources.iter().filter(is_row).take(ROWS) {
        let kind = LeadKind::ProductSeen;
        let cause = format!("turn:{seq}:{}:{row}", kind.as_str());
        if found.iter().all(|one| one.cause != cause) {
            found.push(Happened {
                cause,
                kind,
                item: Some((*row).to_owned()),
                value: 1,
            });
        }
    }
    found
}

/// What a promise counts for: one to call back does, a ticket does not. `id` is the promise's own.
#[must_use]
pub fn of_promise(id: impl std::fmt::Display, kind: &str) -> Option<Happened> {
    (kind == CALL_BACK).then(|| Happened {
        cause: format!("promise:{id}"),
        kind: LeadKind::Callback,
        item: None,
        value: 1,
    })
}
