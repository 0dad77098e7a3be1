//! The course of a warm transfer: events and `now` in, actions out.
//!
//! ```text
//! Ringing --answered--> Briefing --told--> Deciding --yes--> Bridged --either hangs up--> Over
//!    |                     |                  |  \_ neither: asked once more
//!    +--- nobody, busy ----+------ no --------+--------------------------------------> Over
//! ```
//! Whatever ends it, the colleague's line is let go first, once.

use std::time::Duration;

use dialogue::NotTaken;

use crate::consultation::Unreached;

/// A briefing takes some ten seconds; a voice that takes longer has failed.
const BRIEFING: Duration = Duration::from_secs(45);

/// How long is waited for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) struct Patience {
    /// It rings so long.
    pub(in crate::session) ring: Duration,
    /// From one word to the waiting caller to the next.
    pub(in crate::session) waiting: Duration,
    /// The colleague thinks so long about each question.
    pub(in crate::session) decide: Duration,
}

impl Patience {
    /// No course takes longer until the call is taken or not: rung, told, asked, and asked once more.
    pub(in crate::session) fn longest(self) -> Duration {
        self.ring + 2 * (BRIEFING + self.decide)
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum CourseEvent {
    /// The colleague hears us.
    Answered,
    /// They cannot be reached.
    Unreached(Unreached),
    /// What was said to them was heard to its end.
    Told,
    /// They said, once they were asked, that they take the call, or that they do not; `None`: neither.
    Said(Option<bool>),
    /// They pressed a key.
    Key(char),
    /// They hung up, or their line broke.
    ColleagueLeft,
    /// The caller is gone.
    CallerLeft,
    /// The caller would rather be called back.
    CallbackWanted,
    /// The worker stops.
    Stopped,
    /// The deadline passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum CourseAction {
    /// Tell the caller that somebody is being called.
    TellWaiting,
    /// Tell the colleague what it is about, and ask whether they take the call.
    Brief,
    /// Ask them once more.
    AskAgain,
    /// Each hears the other from now on.
    Bridge,
    /// Let the colleague go: nothing rings, nobody listens there any more.
    Release,
    /// It is over.
    End(Ended),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Ended {
    /// The call was not taken.
    NotTaken(NotTaken),
    /// The caller is to be called back.
    CallbackWanted,
    /// The caller or the service ended the call before it was taken.
    Abandoned,
    /// It was taken, and ended by this side after so long.
    Talked(By, Duration),
}

/// Who ended a call that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum By {
    Caller,
    Colleague,
    Service,
}

impl By {
    /// As the record has it.
    pub(in crate::session) const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Colleague => "colleague",
            Self::Service => "service",
        }
    }
}

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It rings at the colleague's.
    Ringing {
        until: Duration,
    },
    /// They are told what it is about.
    Briefing {
        until: Duration,
    },
    /// They were asked.
    Deciding {
        until: Duration,
        again: bool,
    },
    /// Caller and colleague talk.
    Bridged {
        since: Duration,
    },
    Over,
}

/// A warm transfer from its first ring to its end.
#[derive(Debug)]
pub(in crate::session) struct Course {
    patience: Patience,
    stage: Stage,
    /// When the caller was last told something.
    told: Duration,
}

impl Course {
    /// It begins to ring.
    pub(in crate::session) fn new(patience: Patience, now: Duration) -> Self {
        let until = now + patience.ring;
        Self {
            patience,
            stage: Stage::Ringing { until },
            told: now,
        }
    }

    /// Caller and colleague talk with each other.
    pub(in crate::session) fn is_bridged(&self) -> bool {
        matches!(self.stage, Stage::Bridged { .. })
    }

    /// When to send the next tick.
    pub(in crate::session) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Ringing { until }
            | Stage::Briefing { until }
            | Stage::Deciding { until, .. } => Some(until.min(self.told + self.patience.waiting)),
            Stage::Bridged { .. } | Stage::Over => None,
        }
    }

    pub(in crate::session) fn on(
        &mut self,
        event: CourseEvent,
        now: Duration,
    ) -> Vec<CourseAction> {
        let mut actions = Vec::new();
        match (self.stage, event) {
            (Stage::Over, _) => {}
            (Stage::Bridged { since }, event) => self.on_bridged(since, event, now, &mut actions),
            (_, CourseEvent::CallerLeft | CourseEvent::Stopped) => {
                self.end(Ended::Abandoned, &mut actions);
            }
            (_, CourseEvent::CallbackWanted) => self.end(Ended::CallbackWanted, &mut actions),
            (_, CourseEvent::Unreached(why)) => self.not_taken(why.into(), &mut actions),
            (_, CourseEvent::Tick) => self.on_tick(now, &mut actions),
            (Stage::Ringing { .. }, CourseEvent::Answered) => {
                let until = now + BRIEFING;
                self.stage = Stage::Briefing { until };
                actions.push(CourseAction::Brief);
            }
            // Whoever does not answer is unreached: what calls them has broken.
            (Stage::Ringing { .. }, CourseEvent::ColleagueLeft) => {
                self.not_taken(NotTaken::Failed, &mut actions);
            }
            (Stage::Briefing { .. } | Stage::Deciding { .. }, event) => {
                self.on_colleague(event, now, &mut actions);
            }
            // Nobody is there yet who could have said or pressed anything.
            (Stage::Ringing { .. }, _) => {}
        }
        actions
    }

    /// The colleague has answered, and has not taken the call yet.
    fn on_colleague(&mut self, event: CourseEvent, now: Duration, actions: &mut Vec<CourseAction>) {
        match (self.stage, event) {
            (_, CourseEvent::Key('1')) => self.bridge(now, actions),
            (_, CourseEvent::Key('2') | CourseEvent::ColleagueLeft) => {
                self.not_taken(NotTaken::Declined, actions);
            }
            (_, CourseEvent::Said(Some(true))) => self.bridge(now, actions),
            (Stage::Briefing { .. }, CourseEvent::Told) => self.ask(false, now),
            (_, CourseEvent::Said(Some(false))) => {
                self.not_taken(NotTaken::Declined, actions);
            }
            (Stage::Deciding { again, .. }, CourseEvent::Said(None)) if !again => {
                self.ask_again(now, actions);
            }
            // What was asked again was heard: from now on they think about it.
            (Stage::Deciding { again, .. }, CourseEvent::Told) => self.ask(again, now),
            _ => {}
        }
    }

    fn on_bridged(
        &mut self,
        since: Duration,
        event: CourseEvent,
        now: Duration,
        actions: &mut Vec<CourseAction>,
    ) {
        let by = match event {
            CourseEvent::ColleagueLeft | CourseEvent::Unreached(_) => By::Colleague,
            CourseEvent::CallerLeft => By::Caller,
            CourseEvent::Stopped => By::Service,
            _ => return,
        };
        self.end(Ended::Talked(by, now.saturating_sub(since)), actions);
    }

    fn on_tick(&mut self, now: Duration, actions: &mut Vec<CourseAction>) {
        match self.stage {
            Stage::Ringing { until } if until <= now => {
                return self.not_taken(NotTaken::NoAnswer, actions);
            }
            Stage::Briefing { until } if until <= now => {
                return self.not_taken(NotTaken::Failed, actions);
            }
            Stage::Deciding { until, again } if until <= now => {
                if again {
                    return self.not_taken(NotTaken::Declined, actions);
                }
                self.ask_again(now, actions);
            }
            _ => {}
        }
        if self.told + self.patience.waiting <= now {
            self.told = now;
            actions.push(CourseAction::TellWaiting);
        }
    }

    /// They were asked, and have time to think.
    fn ask(&mut self, again: bool, now: Duration) {
        let until = now + self.patience.decide;
        self.stage = Stage::Deciding { until, again };
    }

    fn ask_again(&mut self, now: Duration, actions: &mut Vec<CourseAction>) {
        // Said, and then thought about.
        let until = now + BRIEFING;
        self.stage = Stage::Deciding { until, again: true };
        actions.push(CourseAction::AskAgain);
    }

    fn bridge(&mut self, now: Duration, actions: &mut Vec<CourseAction>) {
        self.stage = Stage::Bridged { since: now };
        actions.push(CourseAction::Bridge);
    }

    fn not_taken(&mut self, why: NotTaken, actions: &mut Vec<CourseAction>) {
        self.end(Ended::NotTaken(why), actions);
    }

    fn end(&mut self, ended: Ended, actions: &mut Vec<CourseAction>) {
        self.stage = Stage::Over;
        actions.extend([CourseAction::Release, CourseAction::End(ended)]);
    }
}

impl From<Unreached> for NotTaken {
    fn from(why: Unreached) -> Self {
        match why {
            Unreached::NoAnswer => Self::NoAnswer,
            Unreached::Busy => Self::Busy,
            Unreached::Declined => Self::Declined,
            Unreached::Failed => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
