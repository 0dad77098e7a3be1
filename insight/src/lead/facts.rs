//! What is known of a person who may take something, from everything that happened.

use std::collections::{BTreeMap, BTreeSet};

use call::{SessionId, text_enum};
use chrono::{DateTime, Utc};

use super::{LeadKind, event::Happened};

/// Views of one thing that make interest high by themselves.
const VIEWS_OF_HIGH: u32 = 3;
/// Turns whose sentiment counts: the last.
const TURNS: usize = 10;

/// How much somebody wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Fields of the profile that the company wishes to know, and how many of them it does.
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
        let mut in_order: Vec<&Happening> = once.into_values().collect();
        in_order.sort_by(|a, b| {
            let place = |of: &Happening| (of.at, of.session, of.what.cause.clone());
            place(a).cmp(&place(b))
        });
        let mut facts = Self {
            sessions: u32::try_from(sessions.len()).unwrap_or(u32::MAX),
            ..Self::default()
        };
        for happening in in_order {
            facts.add(happening);
        }
        facts.sentiments.reverse();
        facts.sentiments.truncate(TURNS);
        for (item, views) in &facts.views {
            if *views >= VIEWS_OF_HIGH {
                facts.interests.insert(item.clone(), Interest::High);
            }
        }
        facts
    }

    fn add(&mut self, happening: &Happening) {
        let what = &happening.what;
        let item = what.item.clone().unwrap_or_default();
        match what.kind {
            LeadKind::ProductSeen => *self.views.entry(item).or_default() += 1,
            LeadKind::Interest => {
                let interest = match what.value {
                    ..=1 => Interest::Low,
                    2 => Interest::Medium,
                    _ => Interest::High,
                };
                let known = self.interests.entry(item).or_insert(interest);
                *known = (*known).max(interest);
            }
            LeadKind::Objection => *self.objections.entry(item).or_default() += 1,
            LeadKind::Callback => self.callbacks += 1,
            LeadKind::Appointment => self.appointments += 1,
            LeadKind::DocumentSent => self.documents += 1,
            LeadKind::Sentiment => self.sentiments.push(what.value),
            LeadKind::Qualification => {
                self.qualification.insert(item);
            }
            LeadKind::SellingOff => self.off = Some((item, happening.at)),
        }
        self.last_at = self.last_at.max(Some(happening.at));
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
