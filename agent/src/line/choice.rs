//! Which of those in a room is the caller. Said here and nowhere else.
//!
//! A phone before everybody, as it has called; then whoever has a live microphone; then whoever is there, as one may type.
//! Of two alike the one who came first. Somebody without a microphone may be an observer: for a while a better one is waited
//! for. A caller who for a while has not made a sound, typed or pressed a key is given up for somebody else who speaks.

use std::time::Duration;

use call::Channel;

use super::Caller;

/// How long a better caller is waited for when only somebody without a microphone is there. A page publishes its microphone
/// within a second of joining.
pub const OBSERVED: Duration = Duration::from_secs(2);

/// How long a caller is waited for who has done nothing yet, before somebody else who speaks is taken for the caller. It is
/// as long as the greeting is and a thought after it: who listens is not silent.
const LISTENS: Duration = Duration::from_secs(10);

/// Somebody who may be the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub caller: Caller,
    /// They publish a microphone that is not muted.
    pub has_live_microphone: bool,
    /// When they joined: the order counts alone.
    pub joined_at: i64,
}

/// How likely somebody is to be the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Perhaps they only watch.
    Silent,
    Microphone,
    Phone,
}

impl Candidate {
    const fn standing(&self) -> Standing {
        match (self.caller.channel, self.has_live_microphone) {
            (Channel::Phone, _) => Standing::Phone,
            (Channel::Web, true) => Standing::Microphone,
            (Channel::Web, false) => Standing::Silent,
        }
    }
}

/// The caller among those who are there, of whom one has been there for so long; `None`: nobody, or a better one may come.
#[must_use]
pub fn choose(present: Vec<Candidate>, waited: Duration) -> Option<Caller> {
    let best = present
        .into_iter()
        .max_by_key(|candidate| (candidate.standing(), std::cmp::Reverse(candidate.joined_at)))?;
    let is_sure = best.standing() > Standing::Silent || waited >= OBSERVED;
    is_sure.then_some(best.caller)
}

/// Whether a caller who has done nothing for so long is given up for somebody else who speaks.
#[must_use]
pub(super) fn is_given_up(caller: &Caller, silent_for: Duration, speaks: &Caller) -> bool {
    // Whoever rang is on the line, and may be listening for long.
    caller.channel == Channel::Web && caller.identity != speaks.identity && silent_for >= LISTENS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(identity: &str, channel: Channel, microphone: bool, joined_at: i64) -> Candidate {
        Candidate {
            caller: Caller {
                identity: identity.to_owned(),
                channel,
                device: None,
                phone_hint: None,
                address: None,
                can_hear: false,
            },
            has_live_microphone: microphone,
            joined_at,
        }
    }

    #[track_caller]
    fn check(present: &[Candidate], waited: Duration, expected: Option<&str>) {
        let chosen = choose(present.to_vec(), waited).map(|caller| caller.identity);
        assert_eq!(chosen.as_deref(), expected, "after {waited:?}");
    }

    #[test]
    fn an_observer_who_is_there_first_is_not_the_caller() {
        let observer = candidate("observer", Channel::Web, false, 1);
        let caller = candidate("caller", Channel::Web, true, 2);
        let phone = candidate("phone", Channel::Phone, false, 3);
        check(&[], OBSERVED, None);
        check(std::slice::from_ref(&observer), Duration::ZERO, None);
        check(
            &[observer.clone(), caller.clone()],
            Duration::ZERO,
            Some("caller"),
        );
        check(
            &[caller.clone(), observer.clone()],
            Duration::ZERO,
            Some("caller"),
        );
        check(
            &[observer.clone(), caller, phone],
            Duration::ZERO,
            Some("phone"),
        );
        // Whoever only types is a caller too.
        check(&[observer], OBSERVED, Some("observer"));
    }

    #[test]
    fn of_two_alike_the_first_is_the_caller() {
        let first = candidate("b", Channel::Web, true, 1);
        let second = candidate("a", Channel::Web, true, 2);
        check(&[second, first], Duration::ZERO, Some("b"));
    }

    #[test]
    fn a_page_is_given_up_after_a_while_and_a_phone_never() {
        let web = |name: &str| candidate(name, Channel::Web, true, 1).caller;
        let phone = candidate("phone", Channel::Phone, true, 1).caller;
        assert!(is_given_up(&web("one"), LISTENS, &web("other")));
        let listening = LISTENS - Duration::from_millis(1);
        assert!(!is_given_up(&web("one"), listening, &web("other")));
        assert!(!is_given_up(&web("one"), LISTENS, &web("one")));
        assert!(!is_given_up(&phone, LISTENS, &web("other")));
    }
}
