//! What follows from where the conversation is: one list of possible next steps, each with its time.
//!
//! [`Turns::deadline`] and the actions come from the same list, so a deadline that passes always does
//! something, and nothing is done that no deadline announced.

use super::barge_in::{Words, weigh};
use super::endpointing::{OpenTurn, joined};
use super::silence::{Hold, Prompt};
use super::state::{Agent, Call, Level, OpenReply, Turns};
use super::{TurnAction, UserTurn};
use std::time::Duration;

/// Due already, whatever the time.
const AT_ONCE: Duration = Duration::ZERO;

/// More steps than this at one time would be a circle; the longest real chain is four
/// (a transcript is lost, speech resumes, its turn is forgotten, a prompt is due).
const MAX_STEPS: usize = 16;

/// Unanswered questions kept for the next reply, in bytes; a longer pile is dropped.
const MAX_UNANSWERED: usize = 2_000;

/// Whoever begins to speak so soon after a reply has not heard it: they were not finished.
const NOT_HEARD: Duration = Duration::from_millis(300);
/// The same for whoever types: they were typing.
const NOT_HEARD_TYPING: Duration = Duration::from_millis(500);

/// On a line on which the agent's voice came back, sounds are spoken over for so long. An agent that fell silent at each
/// would not come to an end; one that never did would not hear who speaks over it.
const ECHO: Duration = Duration::from_millis(2_500);

/// How long a caller who asked for a moment is left in peace.
const MOMENT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The greeting never came: begin without it.
    Open,
    /// The VAD is stuck on noise: close the utterance.
    CloseUtterance,
    /// A transcript is overdue: go on without it.
    LoseTranscript,
    Duck,
    Pause,
    Resume,
    /// The caller has the floor: drop the reply.
    Cancel,
    /// The turn is probably over: draft its reply.
    Draft,
    /// What is drafted answers other words than those of the turn.
    DropDraft,
    /// The turn is over: answer it.
    Commit,
    /// Speech without words: say that nothing was understood.
    SayNotUnderstood,
    /// What was heard is not a turn.
    Forget,
    /// The reply is stuck.
    GiveUpReply,
    /// An announcement did not become audible.
    GiveUpAnnouncement,
    Prompt(Prompt),
}

impl Turns {
    /// Carries out every step that is due.
    pub(super) fn take_steps(&mut self, now: Duration, actions: &mut Vec<TurnAction>) {
        for _ in 0..MAX_STEPS {
            match self.next_step() {
                Some((at, step)) if at <= now => self.take(step, now, actions),
                _ => return,
            }
        }
    }

    /// The earliest step, if nothing happens before it.
    pub(super) fn next_step(&self) -> Option<(Duration, Step)> {
        if self
            .drafted
            .as_ref()
            .is_some_and(|drafted| *drafted != self.question())
        {
            return Some((AT_ONCE, Step::DropDraft));
        }
        let watchdog = match self.call {
            Call::Over => return None,
            Call::Opening => Some((self.config.opening_timeout, Step::Open)),
            Call::Open => self.caller_watchdog(),
        };
        let course = match self.agent {
            Agent::Silent => self.on_a_free_floor(),
            Agent::Thinking { since } => earliest(self.before_speech(), self.reply_watchdog(since)),
            Agent::Announcing { since } => {
                let lost = since + self.config.speech_timeout;
                earliest(self.before_speech(), Some((lost, Step::GiveUpAnnouncement)))
            }
            Agent::Speaking {
                since,
                interruptible,
                level,
            } => {
                let stuck = since + self.config.speaking_timeout;
                match level {
                    Level::Held => self.during_a_pause(),
                    _ => earliest(
                        self.during_speech(interruptible, level),
                        Some((stuck, Step::GiveUpReply)),
                    ),
                }
            }
        };
        earliest(course, watchdog)
    }

    fn caller_watchdog(&self) -> Option<(Duration, Step)> {
        match self.caller.speaking {
            Some(since) => Some((
                since + self.config.caller_speech_timeout,
                Step::CloseUtterance,
            )),
            None if self.caller.owed > 0 => {
                let lost = self.caller.reported_at + self.config.transcript_timeout;
                Some((lost, Step::LoseTranscript))
            }
            None => None,
        }
    }

    fn reply_watchdog(&self, since: Duration) -> Option<(Duration, Step)> {
        let ended = self.reply.as_ref().is_some_and(|reply| reply.ended);
        let patience = if ended {
            self.config.speech_timeout
        } else {
            self.config.thinking_timeout
        };
        Some((since + patience, Step::GiveUpReply))
    }

    /// Nobody of ours speaks: close the turn, or mind the silence.
    fn on_a_free_floor(&self) -> Option<(Duration, Step)> {
        if self.turn.typed {
            return Some((AT_ONCE, Step::Commit));
        }
        if !self.caller_is_done() {
            return None;
        }
        if self.turn.begun_at.is_none() {
            let (at, prompt) = self
                .silence
                .due(&self.config)
                .filter(|_| self.call == Call::Open)?;
            return Some((at, Step::Prompt(prompt)));
        }
        let closes_at = self.closes_at();
        Some(match self.words() {
            Words::None if !self.turn.was_not_understood(&self.config) => (AT_ONCE, Step::Forget),
            Words::None if self.did_not_catch >= self.config.max_did_not_catch => {
                (AT_ONCE, Step::Forget)
            }
            Words::None => (closes_at, Step::SayNotUnderstood),
            Words::Backchannel if self.turn.over_agent => (AT_ONCE, Step::Forget),
            Words::Backchannel | Words::Substance => match self.drafts_at() {
                Some(at) if at < closes_at => (at, Step::Draft),
                _ => (closes_at, Step::Commit),
            },
        })
    }

    /// What is to be answered, were the turn over.
    fn question(&self) -> String {
        joined(&self.unanswered, &self.turn.text)
    }

    fn closes_at(&self) -> Duration {
        let delay = self
            .turn
            .delay(&self.config, &self.pauses, self.digits_expected);
        self.turn.stopped_at + delay
    }

    /// Words that ask for more of them are not worth a draft.
    fn may_draft(&self) -> bool {
        self.config.preemptive
            && self.call == Call::Open
            && self.drafted.is_none()
            && !self.turn.is_unfinished(&self.config, self.digits_expected)
    }

    /// When a reply may be drafted: as soon as the words are known; where the turn sounds unfinished, when silence has
    /// lasted so long that it may be over all the same.
    fn drafts_at(&self) -> Option<Duration> {
        let at = if self.turn.sounds_unfinished(&self.config) {
            self.turn.stopped_at + self.config.endpointing_delay
        } else {
            AT_ONCE
        };
        self.may_draft().then_some(at)
    }

    /// Something of ours is on its way: more words from the caller make it stale.
    fn before_speech(&self) -> Option<(Duration, Step)> {
        match self.words() {
            Words::Substance => Some((AT_ONCE, Step::Cancel)),
            _ if self.turn.typed => Some((AT_ONCE, Step::Cancel)),
            _ if self.caller_is_done() && self.turn.begun_at.is_some() => {
                Some((AT_ONCE, Step::Forget))
            }
            _ => None,
        }
    }

    /// We are audible: speak more quietly for a sound, pause for speech that goes on, yield to words, ignore the rest.
    fn during_speech(&self, interruptible: bool, level: Level) -> Option<(Duration, Step)> {
        let warm_at = self.first_speech.unwrap_or_default() + self.config.aec_warmup;
        let has_words = self.turn.typed || self.words() == Words::Substance;
        if has_words {
            let may_be_echo = !self.turn.typed && self.turn.begun_at.is_some_and(|at| at < warm_at);
            if interruptible && !may_be_echo {
                return Some((AT_ONCE, Step::Cancel));
            }
        }
        let patience = if self.echoes { ECHO } else { AT_ONCE };
        let since = self
            .caller
            .speaking
            .map(|since| since.max(warm_at) + patience);
        match (level, since) {
            (Level::Full, Some(since)) if interruptible && !has_words => Some((since, Step::Duck)),
            // Words that may not interrupt are kept; they are answered when we have finished.
            (Level::Full, None) if self.caller.owed == 0 && self.turn.begun_at.is_some() => {
                (!has_words).then_some((AT_ONCE, Step::Forget))
            }
            (Level::Full, _) => None,
            (_, Some(since)) => Some((since + self.config.barge_in_after, Step::Pause)),
            (_, None) => self.resumes_at(),
        }
    }

    /// We hold our tongue: words decide, and their absence.
    fn during_a_pause(&self) -> Option<(Duration, Step)> {
        if self.turn.typed || self.words() == Words::Substance {
            return Some((AT_ONCE, Step::Cancel));
        }
        match self.caller.speaking {
            Some(_) => None,
            None => self.resumes_at(),
        }
    }

    /// The caller fell silent and nothing of substance is known: at once when nothing more will be, else after a while.
    fn resumes_at(&self) -> Option<(Duration, Step)> {
        let late = self.caller.reported_at + self.config.false_interruption_timeout;
        let at = if self.caller.owed == 0 { AT_ONCE } else { late };
        Some((at, Step::Resume))
    }

    fn caller_is_done(&self) -> bool {
        self.caller.speaking.is_none() && self.caller.owed == 0
    }

    fn words(&self) -> Words {
        weigh(
            &self.turn.text,
            self.answer_expected || self.silence.awaits_answer(),
            &self.config.listening,
        )
    }

    fn take(&mut self, step: Step, now: Duration, actions: &mut Vec<TurnAction>) {
        match step {
            Step::Open => self.open(now),
            Step::CloseUtterance => {
                self.caller.speaking = None;
                self.turn.stopped_at = now;
            }
            Step::LoseTranscript => {
                self.caller.owed = 0;
                self.turn.failed = self.turn.begun_at.is_some();
            }
            Step::Duck => {
                self.set_level(Level::Ducked);
                actions.push(TurnAction::DuckSpeech);
            }
            Step::Pause => {
                self.set_level(Level::Held);
                actions.push(TurnAction::PauseSpeech);
            }
            Step::Resume => {
                self.set_level(Level::Full);
                actions.push(TurnAction::ResumeSpeech);
            }
            Step::Cancel => {
                actions.push(TurnAction::CancelReply);
                // Who came through was heard: what came back before need not come back again.
                self.echoes = false;
                self.cancel(now);
            }
            Step::Draft => {
                self.drafted = Some(self.question());
                // A turn that is over already, as its transcript came late, is answered at once.
                if self.closes_at() > now {
                    actions.push(TurnAction::Draft(self.turn_at(now)));
                }
            }
            Step::DropDraft => {
                self.drafted = None;
                actions.push(TurnAction::DropDraft);
            }
            Step::Commit => actions.push(TurnAction::Reply(self.commit(now))),
            Step::SayNotUnderstood => {
                self.did_not_catch += 1;
                self.next_turn();
                self.announce(TurnAction::DidNotCatch, now, actions);
            }
            Step::Forget => self.next_turn(),
            Step::GiveUpReply => {
                let heard_nothing = self
                    .reply
                    .as_ref()
                    .is_some_and(|reply| reply.spoke_at.is_none());
                actions.push(TurnAction::CancelReply);
                self.cancel(now);
                if heard_nothing {
                    self.announce(TurnAction::TechnicalProblem, now, actions);
                }
            }
            Step::GiveUpAnnouncement => {
                self.agent = Agent::Silent;
                self.silence.broken(now);
            }
            Step::Prompt(prompt) => self.prompt(prompt, now, actions),
        }
    }

    /// The turn, were it over.
    fn turn_at(&self, now: Duration) -> UserTurn {
        UserTurn {
            text: self.turn.text.clone(),
            typed: self.turn.typed,
            began_at: self
                .turn
                .begun_at
                .filter(|begun| !self.turn.typed && *begun <= self.turn.stopped_at),
            stopped_at: self.turn.stopped_at,
            endpointing: now.saturating_sub(self.turn.stopped_at),
            unanswered: self.unanswered.clone(),
        }
    }

    fn commit(&mut self, now: Duration) -> UserTurn {
        let turn = self.turn_at(now);
        self.unanswered.clear();
        self.drafted = None;
        self.pauses.turn_ended();
        self.reply = Some(OpenReply {
            question: turn.question(),
            spoke_at: None,
            ended: false,
        });
        self.agent = Agent::Thinking { since: now };
        self.did_not_catch = 0;
        self.digits_expected = false;
        self.answer_expected = false;
        self.silence.taken(now);
        if self.config.listening.is_pause(&turn.text) {
            self.silence.hold(Hold::Moment, now + MOMENT, now);
        }
        self.next_turn();
        turn
    }

    fn cancel(&mut self, now: Duration) {
        if let Some(reply) = self.reply.take().filter(|reply| self.is_unheard(reply)) {
            self.unanswered = reply.question;
            if self.unanswered.len() > MAX_UNANSWERED {
                self.unanswered.clear();
            }
        }
        self.agent = Agent::Silent;
        self.silence.broken(now);
    }

    /// The caller was not finished when this reply began.
    fn is_unheard(&self, reply: &OpenReply) -> bool {
        let soon = if self.turn.typed {
            NOT_HEARD_TYPING
        } else {
            NOT_HEARD
        };
        let begun_at = self.turn.begun_at.unwrap_or(Duration::MAX);
        reply
            .spoke_at
            .is_none_or(|spoke_at| begun_at < spoke_at + soon)
    }

    pub(super) fn next_turn(&mut self) {
        let stopped_at = self.turn.stopped_at;
        self.turn = OpenTurn {
            stopped_at,
            ..OpenTurn::default()
        };
        // A typed message closes the turn while the caller may be speaking: that speech opens the next.
        if !self.caller_is_done() {
            let since = self.caller.speaking.unwrap_or(self.caller.reported_at);
            self.turn.begin(self.agent_speaks(), since);
        }
    }

    fn announce(&mut self, what: TurnAction, now: Duration, actions: &mut Vec<TurnAction>) {
        self.agent = Agent::Announcing { since: now };
        actions.push(what);
    }

    fn prompt(&mut self, prompt: Prompt, now: Duration, actions: &mut Vec<TurnAction>) {
        self.silence.carried_out(prompt, now);
        match prompt {
            Prompt::AreYouThere => self.announce(TurnAction::AreYouThere, now, actions),
            Prompt::Goodbye => self.announce(TurnAction::SayGoodbye, now, actions),
            Prompt::HangUp => {
                self.call = Call::Over;
                actions.push(TurnAction::HangUp);
            }
        }
    }

    fn set_level(&mut self, to: Level) {
        if let Agent::Speaking { level, .. } = &mut self.agent {
            *level = to;
        }
    }
}

/// The earlier of two; the first when they are due together.
fn earliest(a: Option<(Duration, Step)>, b: Option<(Duration, Step)>) -> Option<(Duration, Step)> {
    [a, b].into_iter().flatten().min_by_key(|(at, _)| *at)
}
