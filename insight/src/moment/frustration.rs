//! How patient a caller still is: it wears thin by what goes wrong, and mends when things go well.

use call::text_enum;

use super::urgency::Loudness;
use crate::{
    sentiment::{Emotion, Shown},
    turn::Reply,
};

text_enum! {
    /// What wore on a caller's patience, or mended it.
    pub enum Cause {
        /// What they said of it.
        Words = "words",
        /// Capitals or marks in what they typed.
        Loud = "loud",
        /// They had to ask the same again.
        RepeatedQuestion = "repeated_question",
        /// They were not understood.
        NotUnderstood = "not_understood",
        /// There was no answer.
        NoAnswer = "no_answer",
        /// They cut the agent short.
        Interruption = "interruption",
        /// They have called about it before.
        CalledBefore = "called_before",
        /// They were answered, or said something kind.
        Calmed = "calmed",
    }
}

/// How much of it, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frustration {
    /// 0 to 10.
    pub level: u8,
    /// What brought it there, the most recent first; none at 0.
    pub causes: Vec<Cause>,
}

/// The same as it is carried from turn to turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patience {
    /// Tenths of a level, 0 to 100.
    worn: i32,
    causes: Vec<Cause>,
}

const MOST: i32 = 100;
/// Tenths of a level for each of these.
const NOT_UNDERSTOOD: i32 = 14;
const NO_ANSWER: i32 = 14;
const INTERRUPTION: i32 = 5;
const REPEATED: i32 = 20;
const CALLED_BEFORE: i32 = 15;
const LOUD: i32 = 12;
/// What strong words may add at once.
const MOST_OF_WORDS: i32 = 45;
/// A turn whose words show nothing, seen by the model alone.
const SEEN: i32 = 10;
/// An answer mends this much, a kind word that.
const ANSWERED: i32 = 12;
const KIND: i32 = 35;
/// Every turn leaves this share, in tenths, of what was there.
const LEFT: i32 = 9;

/// What a turn of the caller shows.
pub(super) struct Shows<'a> {
    pub(super) emotion: Emotion,
    /// Of a hundred, how sure it is.
    pub(super) sure: u8,
    pub(super) shown: &'a Shown,
    pub(super) loudness: Loudness,
    pub(super) is_repeated: bool,
    pub(super) called_before: bool,
}

impl Patience {
    pub(super) fn after_caller(&mut self, shows: &Shows<'_>) -> Frustration {
        self.worn = self.worn * LEFT / 10;
        let strength = |emotion: Emotion| shows.shown.strengths[emotion as usize].max(0);
        let strong = strength(Emotion::Angry) + strength(Emotion::Frustrated);
        let is_upset = matches!(shows.emotion, Emotion::Angry | Emotion::Frustrated);
        if strong > 0 {
            self.wear(Cause::Words, (strong * 3 / 2).min(MOST_OF_WORDS));
        } else if is_upset && shows.sure >= 50 {
            self.wear(Cause::Words, SEEN);
        }
        if shows.is_repeated {
            self.wear(Cause::RepeatedQuestion, REPEATED);
        }
        if shows.called_before {
            self.wear(Cause::CalledBefore, CALLED_BEFORE);
        }
        // Somebody may be loud for joy.
        if shows.loudness.is_loud() && shows.shown.score <= 0 {
            self.wear(Cause::Loud, LOUD);
        }
        if strong == 0 && shows.shown.score > 0 {
            self.mend(KIND);
        }
        self.now()
    }

    pub(super) fn after_agent(&mut self, reply: Option<Reply>, is_interrupted: bool) {
        if is_interrupted {
            self.wear(Cause::Interruption, INTERRUPTION);
        }
        match reply {
            Some(Reply::Unclear) => self.wear(Cause::NotUnderstood, NOT_UNDERSTOOD),
            Some(Reply::NotKnown | Reply::OutOfScope) => self.wear(Cause::NoAnswer, NO_ANSWER),
            Some(Reply::Answer) if !is_interrupted => self.mend(ANSWERED),
            Some(Reply::Answer | Reply::Talk) | None => {}
        }
    }

    /// What went wrong in the talk itself and was not mended.
    pub(super) fn has(&self, cause: Cause) -> bool {
        self.worn > 0 && self.causes.contains(&cause)
    }

    fn now(&self) -> Frustration {
        // At most 100 tenths.
        let level = u8::try_from((self.worn + 5) / 10).unwrap_or(0);
        Frustration {
            level,
            causes: if level == 0 {
                Vec::new()
            } else {
                self.causes.clone()
            },
        }
    }

    fn wear(&mut self, cause: Cause, tenths: i32) {
        self.worn = (self.worn + tenths).min(MOST);
        self.causes
            .retain(|of| !matches!(of, Cause::Calmed) && *of != cause);
        self.causes.insert(0, cause);
    }

    fn mend(&mut self, tenths: i32) {
        let was = self.worn;
        self.worn = (self.worn - tenths).max(0);
        if self.worn == 0 {
            self.causes.clear();
        } else if was > 0 && self.causes.first() != Some(&Cause::Calmed) {
            self.causes.insert(0, Cause::Calmed);
        }
    }
}
