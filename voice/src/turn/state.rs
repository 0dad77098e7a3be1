//! The conversation as it stands, and how each event changes it.
//!
//! Events only move facts; what follows from the facts is in `steps.rs`, so that an action depends on
//! where the conversation is and never on the order in which two events happened to arrive.

use super::config::TurnConfig;
use super::endpointing::OpenTurn;
use super::pauses::Pauses;
use super::silence::Silence;
use super::{AgentState, TurnAction, TurnEvent};
use std::time::Duration;

/// One call's turn-taking.
#[derive(Debug)]
pub struct Turns {
    pub(super) config: TurnConfig,
    pub(super) agent: Agent,
    pub(super) reply: Option<OpenReply>,
    pub(super) caller: Caller,
    pub(super) turn: OpenTurn,
    pub(super) pauses: Pauses,
    /// Questions whose reply was cancelled before any of it was heard.
    pub(super) unanswered: String,
    pub(super) silence: Silence,
    /// The question whose reply is drafted.
    pub(super) drafted: Option<String>,
    /// "I did not catch that" in a row.
    pub(super) did_not_catch: u32,
    pub(super) call: Call,
    /// When the agent was first audible, for the echo canceller's warm-up.
    pub(super) first_speech: Option<Duration>,
    /// The agent's own voice came back: sounds while it speaks are more likely that than the caller.
    pub(super) echoes: bool,
    pub(super) digits_expected: bool,
    pub(super) answer_expected: bool,
    pub(super) shown: AgentState,
}

/// What the agent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    /// Nothing: the floor is free.
    Silent,
    /// A reply was asked for (or has more to say) and is not audible.
    Thinking { since: Duration },
    /// A fixed sentence was asked for and is not audible yet.
    Announcing { since: Duration },
    /// Audible, or held in the middle of it.
    Speaking {
        since: Duration,
        interruptible: bool,
        level: Level,
    },
}

/// How loud the agent speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Full,
    /// More quietly: the caller makes a sound.
    Ducked,
    /// Not at all: its tongue is held.
    Held,
}

/// A reply from its request until its last sound.
#[derive(Debug)]
pub(super) struct OpenReply {
    pub(super) question: String,
    /// When its first sound was audible.
    pub(super) spoke_at: Option<Duration>,
    /// Its last sentence is known.
    pub(super) ended: bool,
}

/// What the VAD and the recogniser have said of the caller.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// Speaking since.
    pub(super) speaking: Option<Duration>,
    /// Utterances whose transcript has not come.
    pub(super) owed: u32,
    /// When the last of them was reported.
    pub(super) reported_at: Duration,
}

/// Where the call is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The greeting is still to come.
    Opening,
    Open,
    /// `HangUp` was given.
    Over,
}

impl Turns {
    /// A call that has just begun; `now` counts from here.
    #[must_use]
    pub fn new(config: TurnConfig) -> Self {
        Self {
            config,
            agent: Agent::Silent,
            reply: None,
            caller: Caller::default(),
            turn: OpenTurn::default(),
            pauses: Pauses::default(),
            unanswered: String::new(),
            drafted: None,
            silence: Silence::new(),
            did_not_catch: 0,
            call: Call::Opening,
            first_speech: None,
            echoes: false,
            digits_expected: false,
            answer_expected: false,
            shown: AgentState::Initializing,
        }
    }

    /// Takes one event at `now` (since the session began, never going back) and says what to do.
    pub fn on(&mut self, event: TurnEvent, now: Duration) -> Vec<TurnAction> {
        let mut actions = Vec::new();
        if self.call == Call::Over {
            return actions;
        }
        let is_talk = !matches!(
            event,
            TurnEvent::Tick | TurnEvent::Hold { .. } | TurnEvent::Release(_)
        );
        if self.call == Call::Opening && is_talk {
            self.open(now);
        }
        match event {
            TurnEvent::CallerStartedSpeaking => self.on_caller_started(now),
            TurnEvent::CallerStoppedSpeaking => self.on_caller_stopped(now),
            TurnEvent::EndOfTurn { probability } => self.on_end_of_turn(probability),
            TurnEvent::Transcript { text } => self.on_transcript(&text, now),
            TurnEvent::TranscriptFailed => self.on_transcript_failed(),
            TurnEvent::OwnVoice => self.on_own_voice(),
            TurnEvent::CallerTyped { text } => self.on_typed(&text, now),
            TurnEvent::AgentStartedSpeaking {
                interruptible,
                reply,
            } => {
                self.on_agent_started(interruptible, reply, now);
            }
            TurnEvent::AgentStoppedSpeaking => self.on_agent_stopped(now, &mut actions),
            TurnEvent::ReplyEnded => self.on_reply_ended(now),
            TurnEvent::Hold { what, until } => self.silence.hold(what, until, now),
            TurnEvent::Release(what) => self.silence.release(what, now),
            TurnEvent::Tick => {}
        }
        self.take_steps(now, &mut actions);
        let state = self.state();
        if state != self.shown {
            self.shown = state;
            actions.push(TurnAction::SetState(state));
        }
        actions
    }

    /// When to send the next tick: the earliest time at which silence would mean something.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.next_step().map(|(at, _)| at)
    }

    /// The agent has asked for digits: people pause between groups, so wait longer.
    /// Holds until the caller's next turn.
    pub fn expect_digits(&mut self, expected: bool) {
        self.digits_expected = expected;
    }

    /// The agent has asked something: "okay" is an answer to it, not just a listener's noise.
    /// Holds until the caller's next turn.
    pub fn expect_answer(&mut self, expected: bool) {
        self.answer_expected = expected;
    }

    /// The silence until `now` was not the caller's: they could not be heard, or nobody was to
    /// answer. All patience is back.
    pub fn excuse_silence(&mut self, now: Duration) {
        self.silence.excused(now);
    }

    /// What came of the caller's last turn is known: whether the reply is of use to anybody.
    pub fn judge_reply(&mut self, is_useful: bool, now: Duration) {
        self.silence.judged(is_useful, now);
    }

    /// From now on nothing is told of the caller, and what they said and nobody took up is nobody's any more. Whoever needs
    /// it takes [`Self::pending_text`] first.
    pub fn let_go(&mut self) {
        self.caller.speaking = None;
        self.caller.owed = 0;
        self.next_turn();
    }

    /// What the caller has said and no turn has taken up yet.
    #[must_use]
    pub fn pending_text(&self) -> &str {
        &self.turn.text
    }

    pub(super) fn open(&mut self, now: Duration) {
        self.call = Call::Open;
        self.silence.broken(now);
    }

    pub(super) fn agent_speaks(&self) -> bool {
        matches!(self.agent, Agent::Speaking { .. })
    }

    /// Whether it is of use to know how the turn sounds in the pause that begins: not where digits are dictated, whose
    /// sound says nothing.
    #[must_use]
    pub fn asks_for_end_of_turn(&self) -> bool {
        self.turn_is_open() && !self.turn.takes_digits(&self.config, self.digits_expected)
    }

    /// Whether the caller has begun a turn that nobody has taken up yet.
    #[must_use]
    pub fn turn_is_open(&self) -> bool {
        self.turn.begun_at.is_some()
    }

    fn on_caller_started(&mut self, now: Duration) {
        self.learn_pause(now);
        self.caller.speaking.get_or_insert(now);
        self.turn.begin(self.agent_speaks(), now);
    }

    fn on_caller_stopped(&mut self, now: Duration) {
        let stopped_at = now.saturating_sub(self.config.vad_hangover);
        // A stop without a start follows speech that the watchdog has closed, or that began while nothing was told of it.
        let Some(since) = self.caller.speaking.take() else {
            if !self.turn_is_open() {
                self.turn.stopped_at = stopped_at;
            }
            return;
        };
        let stopped_at = stopped_at.max(since);
        self.turn.end(since, stopped_at, self.agent_speaks());
        self.caller.owed = self.caller.owed.saturating_add(1);
        self.caller.reported_at = now;
    }

    /// The caller goes on: it was a pause, in an open turn or in one that was taken for finished and is not answered aloud.
    fn learn_pause(&mut self, now: Duration) {
        if self.caller.speaking.is_some() {
            return;
        }
        let pause = now.saturating_sub(self.turn.stopped_at);
        if self.turn_is_open() {
            self.pauses.within_a_turn(pause);
        } else if matches!(self.agent, Agent::Thinking { .. }) {
            self.pauses.cut_off(pause);
        }
    }

    fn on_end_of_turn(&mut self, probability: f32) {
        // An answer about a pause that is over says nothing about the next one.
        if self.caller.speaking.is_none() {
            self.turn.sounds(probability);
        }
    }

    fn on_transcript(&mut self, text: &str, now: Duration) {
        self.caller.owed = self.caller.owed.saturating_sub(1);
        if !text.trim().is_empty() {
            self.turn.add(text, now);
        }
    }

    fn on_own_voice(&mut self) {
        self.caller.owed = self.caller.owed.saturating_sub(1);
        self.echoes = true;
        // Nothing of it is the caller's: neither a beginning nor a reason for "I did not catch that".
        if self.turn.text.is_empty() && !self.turn.typed {
            self.next_turn();
        }
    }

    fn on_transcript_failed(&mut self) {
        self.caller.owed = self.caller.owed.saturating_sub(1);
        self.turn.failed = self.turn.begun_at.is_some();
    }

    fn on_typed(&mut self, text: &str, now: Duration) {
        if text.trim().is_empty() {
            return;
        }
        self.turn.add(text, now);
        self.turn.typed = true;
        self.turn.stopped_at = now;
    }

    fn on_agent_started(&mut self, interruptible: bool, is_reply: bool, now: Duration) {
        let level = match self.agent {
            Agent::Speaking { level, .. } => level,
            _ => Level::Full,
        };
        self.agent = Agent::Speaking {
            since: now,
            interruptible,
            level,
        };
        self.first_speech.get_or_insert(now);
        // A greeting or announcement that comes first answers nothing.
        if is_reply {
            self.unanswered.clear();
            if let Some(reply) = &mut self.reply {
                reply.spoke_at.get_or_insert(now);
            }
        }
    }

    fn on_agent_stopped(&mut self, now: Duration, actions: &mut Vec<TurnAction>) {
        // Otherwise it is the echo of a cancellation that this machine asked for.
        let Agent::Speaking { level, .. } = self.agent else {
            return;
        };
        if level != Level::Full {
            // It ended while the pause was on its way: a voice left paused would never speak again.
            actions.push(TurnAction::ResumeSpeech);
        }
        self.silence.broken(now);
        self.agent = match self.reply.take_if(|reply| reply.ended) {
            None if self.reply.is_some() => Agent::Thinking { since: now },
            _ => Agent::Silent,
        };
    }

    fn on_reply_ended(&mut self, now: Duration) {
        let Some(reply) = &mut self.reply else { return };
        reply.ended = true;
        if matches!(self.agent, Agent::Thinking { .. }) {
            if reply.spoke_at.is_some() {
                self.reply = None;
                self.agent = Agent::Silent;
            } else {
                // Its sentences are still being synthesised.
                self.agent = Agent::Thinking { since: now };
            }
        }
    }

    fn state(&self) -> AgentState {
        match (self.call, self.agent) {
            (Call::Opening, _) => AgentState::Initializing,
            (Call::Over, _) => AgentState::Idle,
            (Call::Open, Agent::Thinking { .. }) => AgentState::Thinking,
            (Call::Open, Agent::Speaking { level, .. }) if level != Level::Held => {
                AgentState::Speaking
            }
            (Call::Open, _) => AgentState::Listening,
        }
    }
}
