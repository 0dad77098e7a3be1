//! What identity is supposed to be, without a database: who points at whom, and where each
//! session is at home. Counters are counted.

use uuid::Uuid;

/// Customers on one device within 30 days, from which on it recognises nobody.
const CUSTOMERS_OF_A_SHARED_DEVICE: usize = 5;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) profiles: Vec<Profile>,
    pub(crate) sessions: Vec<Session>,
    /// Merges and unmerges asked for, refused ones too.
    pub(crate) attempts: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) id: Uuid,
    /// A customer; else a device or a call.
    pub(crate) customer: bool,
    /// A customer's, until it is erased.
    pub(crate) name: Option<String>,
    /// As `anonymous_id`, while it is the device's.
    pub(crate) device: Option<String>,
    /// The profile it was merged into, which may have been merged on.
    pub(crate) into: Option<usize>,
    pub(crate) erased: bool,
    /// Identifiers that began with it.
    pub(crate) identifiers: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    /// The profile that was live when it began.
    pub(crate) home: usize,
    pub(crate) messages: usize,
    /// Events that count for a lead.
    pub(crate) events: usize,
    pub(crate) summarised: bool,
    pub(crate) authenticated: bool,
}

impl Model {
    pub(crate) fn live(&self, mut profile: usize) -> usize {
        while let Some(next) = self.profiles[profile].into {
            profile = next;
        }
        profile
    }

    /// The live profile of a device, if it has one that may be recognised.
    pub(crate) fn of_device(&self, device: &str) -> Option<usize> {
        (0..self.profiles.len()).find(|p| {
            let profile = &self.profiles[*p];
            profile.into.is_none() && profile.device.as_deref() == Some(device)
        })
    }

    /// True if others than `besides` made this device one that says nothing about its caller.
    pub(crate) fn is_shared(&self, device: &str, besides: Option<usize>) -> bool {
        let mut customers: Vec<usize> = (0..self.profiles.len())
            .filter(|p| {
                self.profiles[*p].into.is_some()
                    && self.profiles[*p].device.as_deref() == Some(device)
            })
            .map(|p| self.live(p))
            .filter(|root| self.profiles[*root].customer && Some(*root) != besides)
            .collect();
        customers.sort_unstable();
        customers.dedup();
        customers.len() >= CUSTOMERS_OF_A_SHARED_DEVICE
    }

    pub(crate) fn merge(&mut self, a: usize, b: usize, force: bool) -> &'static str {
        self.attempts += 1;
        let (source, target) = (self.live(a), self.live(b));
        if source == target {
            return "already_merged";
        }
        if self.profiles[source].erased || self.profiles[target].erased {
            return "refused_erased";
        }
        if !force && self.profiles[source].customer {
            return "refused_source_authenticated";
        }
        if let (false, Some(device)) = (force, &self.profiles[source].device)
            && self.is_shared(device, Some(target))
        {
            return "refused_shared_device";
        }
        self.profiles[source].into = Some(target);
        "merged"
    }

    pub(crate) fn unmerge(&mut self, source: usize) -> &'static str {
        self.attempts += 1;
        if self.profiles[source].erased {
            return "refused_erased";
        }
        if self.profiles[source].into.is_none() {
            return "not_merged";
        }
        // The device has another profile by now, which keeps the id.
        if let Some(device) = self.profiles[source].device.clone()
            && self.of_device(&device).is_some()
        {
            self.profiles[source].device = None;
        }
        self.profiles[source].into = None;
        "unmerged"
    }

    pub(crate) fn authenticate(&mut self, session: usize, customer: usize) -> &'static str {
        let outcome = self.merge(self.sessions[session].home, customer, false);
        if matches!(outcome, "merged" | "already_merged") {
            self.sessions[session].authenticated = true;
        }
        outcome
    }

    /// The whole tree: who they were is forgotten, what is counted stays.
    pub(crate) fn erase(&mut self, profile: usize) -> &'static str {
        let root = self.live(profile);
        if self.profiles[root].erased {
            return "already_erased";
        }
        for p in 0..self.profiles.len() {
            if self.live(p) == root {
                let gone = &mut self.profiles[p];
                (gone.erased, gone.name, gone.device) = (true, None, None);
                gone.identifiers.clear();
            }
        }
        for s in 0..self.sessions.len() {
            if self.is_erased(s) {
                self.sessions[s].summarised = true;
                self.sessions[s].events = 0;
            }
        }
        "erased"
    }

    pub(crate) fn is_erased(&self, session: usize) -> bool {
        self.profiles[self.live(self.sessions[session].home)].erased
    }

    /// What every reader sees, in the form of `steps::OBSERVED`.
    pub(crate) fn observed(&self) -> Vec<String> {
        let owner = |session: &Session| self.profiles[self.live(session.home)].id;
        let mut lines = Vec::new();
        for (p, profile) in self.profiles.iter().enumerate() {
            let mine: Vec<&Session> = self
                .sessions
                .iter()
                .filter(|s| self.live(s.home) == p)
                .collect();
            let into = profile.into.map_or_else(
                || "-".to_owned(),
                |_| self.profiles[self.live(p)].id.to_string(),
            );
            let messages: usize = mine.iter().map(|s| s.messages).sum();
            let events: usize = mine.iter().map(|s| s.events).sum();
            if events > 0 {
                lines.push(format!("{events} events of {}", profile.id));
            }
            lines.push(format!(
                "profile {} into {into} counts {} {messages}",
                profile.id,
                mine.len()
            ));
            for value in &profile.identifiers {
                lines.push(format!(
                    "identifier {value} from {} of {}",
                    profile.id,
                    self.profiles[self.live(p)].id
                ));
            }
        }
        for s in &self.sessions {
            let level = if s.authenticated { 2 } else { 0 };
            lines.push(format!(
                "session {} of {} messages {} level {level}",
                s.id,
                owner(s),
                s.messages
            ));
            if s.summarised {
                lines.push(format!("summary {} of {}", s.id, owner(s)));
            }
        }
        lines.push(format!("attempts {}", self.attempts));
        lines.sort();
        lines
    }
}
