//! The score of a lead: two halves of ten points each, and beside them what time and doubt take off.

use std::collections::BTreeMap;

use call::text_enum;
use chrono::{DateTime, Duration, Utc};

use super::{Facts, facts::Need};

/// Of these rules; grows when they make something else of the same events, and then every score is made anew.
pub const FORMULA: i32 = 1;
/// Points from which on a lead is hot, and from which on it is warm.
const HOT: f64 = 15.0;
const WARM: f64 = 10.0;
/// In version 2 what was earned is worth half after so many days.
const HALF_LIFE_DAYS: f64 = 14.0;
/// What each objection takes off in version 2, and all of them at most.
const OBJECTION: f64 = 0.5;
const MOST_OBJECTIONS: f64 = 2.0;
/// What a profile that lacks nothing adds in version 2.
const COMPLETE: f64 = 2.0;
/// Nothing is sold for so long after what switches it off.
const OFF_DAYS: i64 = 7;

text_enum! {
    /// How near somebody is.
    pub enum Temperature {
        /// 15 points or more.
        Hot = "hot",
        /// 10 points or more.
        Warm = "warm",
        /// Fewer.
        Cold = "cold",
    }
}

impl Temperature {
    fn of(total: f64) -> Self {
        match total {
            HOT.. => Self::Hot,
            WARM.. => Self::Warm,
            _ => Self::Cold,
        }
    }
}

/// One part of a score, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Such as `sessions`.
    pub name: &'static str,
    /// What it gives.
    pub points: f64,
    /// Why, for people.
    pub reason: String,
}

/// A sum of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Together.
    pub total: f64,
    /// Each of them.
    pub parts: Vec<Part>,
}

/// Whether anything may be sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selling {
    /// Yes.
    On,
    /// No: they spoke of this.
    Off {
        /// The topic.
        topic: String,
        /// Until when.
        until: DateTime<Utc>,
    },
}

/// The score of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadScore {
    /// Version 1: how active they are, 0 to 10.
    pub engagement: Points,
    /// Version 1: how much they want something, 0 to 10.
    pub intent: Points,
    /// Version 1: both together, 0 to 20.
    pub total: f64,
    /// By version 1.
    pub temperature: Temperature,
    /// Version 2: time, what is known of them and what makes them hesitate count too, 0 to 20.
    pub second: Points,
    /// By version 2.
    pub second_temperature: Temperature,
    /// That they want it and soon is known: a hot lead without is not called one.
    pub is_qualified: bool,
    /// Whether anything may be sold. It changes no number.
    pub selling: Selling,
}

impl Facts {
    /// How often they hesitated, for whatever reason.
    #[must_use]
    pub fn hesitated(&self) -> u32 {
        total(&self.objections)
    }
}

impl LeadScore {
    /// As it is shown: a hot lead of whom it is not known that they want it soon is "warm (unqualified)".
    #[must_use]
    pub fn shown(&self) -> &'static str {
        match (self.temperature, self.is_qualified) {
            (Temperature::Hot, true) => "hot",
            (Temperature::Hot, false) => "warm (unqualified)",
            (Temperature::Warm, _) => "warm",
            (Temperature::Cold, _) => "cold",
        }
    }
}

/// The score at `now`. Facts from the future count as of now.
#[must_use]
pub fn score(facts: &Facts, now: DateTime<Utc>) -> LeadScore {
    let engagement = engagement(facts);
    let intent = intent(facts);
    let total = engagement.total + intent.total;
    let second = second(facts, total, now);
    LeadScore {
        temperature: Temperature::of(total),
        second_temperature: Temperature::of(second.total),
        is_qualified: facts.has(Need::Need) && facts.has(Need::Timing),
        selling: selling(facts, now),
        engagement,
        intent,
        total,
        second,
    }
}

fn engagement(facts: &Facts) -> Points {
    let views = total(&facts.views);
    let interests = facts.interests.len();
    let mean = facts.mean_sentiment();
    sum(vec![
        part(
            "sessions",
            (f64::from(facts.sessions) / 2.0).min(3.0),
            format!("{} calls and chats", facts.sessions),
        ),
        part(
            "views",
            (f64::from(views) / 5.0).min(3.0),
            format!("products were spoken of {views} times"),
        ),
        part(
            "interests",
            (interests as f64).min(2.0),
            format!("interested in {interests}"),
        ),
        part(
            "sentiment",
            (mean + 1.0).clamp(0.0, 2.0),
            format!(
                "mean sentiment {mean:.2} over {} turns",
                facts.sentiments.len()
            ),
        ),
    ])
}

fn intent(facts: &Facts) -> Points {
    let wanted = facts.wanted();
    let flag = |count: u32, points: f64| if count > 0 { points } else { 0.0 };
    sum(vec![
        part(
            "interests",
            (1.5 * wanted as f64).min(3.0),
            format!("wants {wanted}"),
        ),
        part(
            "appointments",
            flag(facts.appointments, 3.0),
            format!("{} appointments", facts.appointments),
        ),
        part(
            "callbacks",
            flag(facts.callbacks, 2.0),
            format!("{} callbacks", facts.callbacks),
        ),
        part(
            "sessions",
            (f64::from(facts.sessions) / 3.0).min(2.0),
            format!("{} calls and chats", facts.sessions),
        ),
    ])
}

fn second(facts: &Facts, earned: f64, now: DateTime<Utc>) -> Points {
    let age = facts.last_at.map_or(Duration::zero(), |at| now - at);
    // Whole seconds; what is to come is not younger than now.
    let days = (age.num_seconds().max(0) as f64) / 86_400.0;
    let (known, wanted) = facts.fields;
    let complete = if wanted == 0 {
        0.0
    } else {
        COMPLETE * f64::from(known.min(wanted)) / f64::from(wanted)
    };
    let objections = total(&facts.objections);
    let parts = vec![
        part(
            "recency",
            earned * 0.5_f64.powf(days / HALF_LIFE_DAYS),
            format!("{earned:.1} points, {days:.1} days ago"),
        ),
        part(
            "completeness",
            complete,
            format!("{known} of {wanted} fields known"),
        ),
        part(
            "objections",
            -(OBJECTION * f64::from(objections)).min(MOST_OBJECTIONS),
            format!("{objections} objections"),
        ),
    ];
    let mut points = sum(parts);
    points.total = points.total.clamp(0.0, 20.0);
    points
}

fn selling(facts: &Facts, now: DateTime<Utc>) -> Selling {
    let off = facts
        .off
        .as_ref()
        .map(|(topic, at)| (topic, (*at).min(now) + Duration::days(OFF_DAYS)));
    match off {
        Some((topic, until)) if until > now => Selling::Off {
            topic: topic.clone(),
            until,
        },
        _ => Selling::On,
    }
}

/// All of them together.
fn total(counts: &BTreeMap<String, u32>) -> u32 {
    counts.values().copied().fold(0, u32::saturating_add)
}

fn part(name: &'static str, points: f64, reason: String) -> Part {
    Part {
        name,
        points,
        reason,
    }
}

fn sum(parts: Vec<Part>) -> Points {
    Points {
        total: parts.iter().map(|part| part.points).sum(),
        parts,
    }
}
