//! What is known of a person who may take something, from everything that happened.

use std::collections::{BTreeMap, BTreeSet};

use call::{SessionId, text_enum};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{LeadKind, event::Happened};

/// Views of one thing that make interest high by themselves.
const VIEWS_OF_HIGH: u32 = 3;
/// Turns whose sentiment counts: the last.
pub const TURNS: usize = 10;
/// What the company wishes to know of a person, by the names that a profile has for it.
pub const FIELDS: [&str; 4] = ["name", "phone", "email", "contact_channel"];

/// How much somebody wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interest {
    /// It was named.
    Low = 1,
    /// They could use it.
    Medium = 2,
    /// They asked for it, or came back to it again and again.
    High = 3,
}

text_enum! {
    /// What must be known of somebody who is to be called a qualified lead.
    pub enum Need {
        /// What they can spend.
        Budget = "budget",
        /// That it is for them to decide.
        Authority = "authority",
        /// That they want it.
        Need = "need",
        /// That it is soon.
        Timing = "timing",
    }
}

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// In which call.
    pub session: SessionId,
    /// What.
    pub what: Happened,
    /// When.
    pub at: DateTime<Utc>,
}

/// All events of one kind about one thing: as much of them as a score needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What.
    pub kind: LeadKind,
    /// About what; empty where an event has nothing.
    pub item: String,
    /// How often. A callback counts only in a call that spoke of nothing after which nothing is sold: who lost a card is called
    /// back about the card.
    pub count: u32,
    /// The most of their values.
    pub most: i16,
    /// When last.
    pub last_at: DateTime<Utc>,
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Calls and chats.
    pub sessions: u32,
    /// How often each thing was spoken of.
    pub views: BTreeMap<String, u32>,
    /// How much each thing is wanted.
    pub interests: BTreeMap<String, Interest>,
    /// Hundredths of the last turns, the last first; at most ten.
    pub sentiments: Vec<i16>,
    /// Days agreed on.
    pub appointments: u32,
    /// Times they are called back.
    pub callbacks: u32,
    /// Things sent.
    pub documents: u32,
    /// How often each reason to hesitate was given.
    pub objections: BTreeMap<String, u32>,
    /// What is known of whether they can and will.
    pub qualification: BTreeSet<String>,
    /// Fields of the profile that the company wishes to know, and how many of them it does: known, wanted.
    pub fields: (u32, u32),
    /// When something happened last.
    pub last_at: Option<DateTime<Utc>>,
    /// What they spoke of last after which nothing is sold, and when.
    pub off: Option<(String, DateTime<Utc>)>,
}

impl Facts {
    /// From the calls of a person and everything that happened in them, in any order. What is there twice counts once.
    #[must_use]
    pub fn of(sessions: &BTreeSet<SessionId>, happenings: &[Happening]) -> Self {
        let mut once: BTreeMap<(SessionId, &str), &Happening> = BTreeMap::new();
        for happening in happenings {
            once.entry((happening.session, &happening.what.cause))
                .or_insert(happening);
        }
        let all: Vec<&Happening> = once.into_values().collect();
        let mut turns: Vec<&Happening> = all
            .iter()
            .copied()
            .filter(|one| one.what.kind == LeadKind::Sentiment)
            .collect();
        turns.sort_by_key(|one| std::cmp::Reverse((one.at, one.session, &one.what.cause)));
        let last = turns.iter().take(TURNS).map(|one| one.what.value);
        let sessions = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        Self::of_tallies(sessions, &tallies(&all), last.collect())
    }

    /// The same from what was counted elsewhere. `sentiments`: hundredths of the last ten turns, the last first.
    #[must_use]
    pub fn of_tallies(sessions: u32, tallies: &[Tally], sentiments: Vec<i16>) -> Self {
        let mut facts = Self {
            sessions,
            sentiments,
            ..Self::default()
        };
        for tally in tallies {
            facts.add(tally);
        }
        for (item, views) in &facts.views {
            if *views >= VIEWS_OF_HIGH {
                facts.interests.insert(item.clone(), Interest::High);
            }
        }
        facts
    }

    /// With what the profile has of [`FIELDS`]; other names count for nothing.
    #[must_use]
    pub fn with_fields(mut self, known: &[String]) -> Self {
        let has = FIELDS
            .iter()
            .filter(|field| known.iter().any(|known| known == *field));
        let count = |fields: usize| u32::try_from(fields).unwrap_or(u32::MAX);
        self.fields = (count(has.count()), count(FIELDS.len()));
        self
    }

    fn add(&mut self, tally: &Tally) {
        let item = tally.item.clone();
        match tally.kind {
            LeadKind::ProductSeen => {
                self.views.insert(item, tally.count);
            }
            LeadKind::Interest => {
                let interest = match tally.most {
                    ..=1 => Interest::Low,
                    2 => Interest::Medium,
                    _ => Interest::High,
                };
                self.interests.insert(item, interest);
            }
            LeadKind::Objection => {
                self.objections.insert(item, tally.count);
            }
            // Of a deed the item is the task's name: a company may have several that come to the same.
            LeadKind::Callback => self.callbacks = self.callbacks.saturating_add(tally.count),
            LeadKind::Appointment => {
                self.appointments = self.appointments.saturating_add(tally.count);
            }
            LeadKind::DocumentSent => self.documents = self.documents.saturating_add(tally.count),
            LeadKind::Sentiment => {}
            LeadKind::Qualification => {
                self.qualification.insert(item);
            }
            LeadKind::SellingOff => {
                let (topic, at) = (item, tally.last_at);
                let later = |off: &(String, DateTime<Utc>)| (off.1, &off.0) < (at, &topic);
                if self.off.as_ref().is_none_or(later) {
                    self.off = Some((topic, at));
                }
            }
        }
        self.last_at = self.last_at.max(Some(tally.last_at));
    }

    /// Things that they want: that they were not merely named.
    #[must_use]
    pub fn wanted(&self) -> usize {
        let wanted = self.interests.values();
        wanted
            .filter(|interest| **interest >= Interest::Medium)
            .count()
    }

    /// From -1 to 1; 0 where nothing was said.
    #[must_use]
    pub fn mean_sentiment(&self) -> f64 {
        if self.sentiments.is_empty() {
            return 0.0;
        }
        let sum: f64 = self.sentiments.iter().map(|one| f64::from(*one)).sum();
        sum / 100.0 / (self.sentiments.len() as f64)
    }

    /// Whether this much is known of them.
    #[must_use]
    pub fn has(&self, need: Need) -> bool {
        self.qualification.contains(need.as_str())
    }
}

/// What each kind of event about each thing comes to.
fn tallies(happenings: &[&Happening]) -> Vec<Tally> {
    let off: BTreeSet<SessionId> = happenings
        .iter()
        .filter(|one| one.what.kind == LeadKind::SellingOff)
        .map(|one| one.session)
        .collect();
    let mut counted: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    for one in happenings {
        let item = one.what.item.as_deref().unwrap_or_default();
        let counts = one.what.kind != LeadKind::Callback || !off.contains(&one.session);
        let tally = counted
            .entry((one.what.kind.as_str(), item))
            .or_insert_with(|| Tally {
                kind: one.what.kind,
                item: item.to_owned(),
                count: 0,
                most: one.what.value,
                last_at: one.at,
            });
        tally.count = tally.count.saturating_add(u32::from(counts));
        tally.most = tally.most.max(one.what.value);
        tally.last_at = tally.last_at.max(one.at);
    }
    counted.into_values().collect()
}
