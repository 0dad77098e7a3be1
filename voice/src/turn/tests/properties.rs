//! What holds for any order of events, sensible or not.

use crate::turn::{AgentState, Hold, TurnAction, TurnConfig, TurnEvent, Turns, UserTurn};
use proptest::prelude::*;
use std::time::Duration;

fn any_event() -> impl Strategy<Value = TurnEvent> {
    let words = prop_oneof![
        Just(""),
        Just(" "),
        Just("okay"),
        Just("block my card"),
        Just("I want to"),
        Just("zero seven seven")
    ];
    prop_oneof![
        3 => Just(TurnEvent::CallerStartedSpeaking),
        3 => Just(TurnEvent::CallerStoppedSpeaking),
        3 => words.clone().prop_map(|text| TurnEvent::Transcript { text: text.to_owned() }),
        2 => prop_oneof![Just(0.0), Just(0.6), Just(1.0)].prop_map(|probability| TurnEvent::EndOfTurn { probability }),
        1 => Just(TurnEvent::TranscriptFailed),
        1 => words.prop_map(|text| TurnEvent::CallerTyped { text: text.to_owned() }),
        3 => any::<(bool, bool)>().prop_map(|(interruptible, reply)| TurnEvent::AgentStartedSpeaking { interruptible, reply }),
        3 => Just(TurnEvent::AgentStoppedSpeaking),
        2 => Just(TurnEvent::ReplyEnded),
        1 => Just(TurnEvent::OwnVoice),
        1 => (0..100_000_u64).prop_map(|until| TurnEvent::Hold { what: Hold::Code, until: Duration::from_millis(until) }),
        1 => Just(TurnEvent::Release(Hold::Code)),
        1 => Just(TurnEvent::Tick),
    ]
}

/// Events with the milliseconds before each, and whether a tick is sent at every deadline on the way.
fn any_call() -> impl Strategy<Value = (Vec<(u64, TurnEvent)>, bool)> {
    let step = (
        prop_oneof![0..50_u64, 50..1_500_u64, 1_500..20_000_u64],
        any_event(),
    );
    (prop::collection::vec(step, 0..60), any::<bool>())
}

/// A machine under watch: every action is held against the promises.
struct Watched {
    turns: Turns,
    shown: AgentState,
    ducked: bool,
    paused: bool,
    reply_open: bool,
    draft: Option<UserTurn>,
    over: bool,
}

impl Watched {
    fn new(config: TurnConfig) -> Self {
        let shown = AgentState::Initializing;
        Self {
            turns: Turns::new(config),
            shown,
            ducked: false,
            paused: false,
            reply_open: false,
            draft: None,
            over: false,
        }
    }

    fn on(&mut self, event: TurnEvent, now: Duration) {
        assert!(
            !self.over || self.turns.deadline().is_none(),
            "a call that is over wants nothing"
        );
        if event == TurnEvent::ReplyEnded {
            self.reply_open = false;
        }
        for action in self.turns.on(event, now) {
            assert!(
                !self.over || matches!(action, TurnAction::SetState(AgentState::Idle)),
                "{action:?} after the end"
            );
            self.hold(action, now);
        }
        let deadline = self.turns.deadline();
        assert!(
            deadline.is_none_or(|at| at > now),
            "{deadline:?} was due at {now:?} and nothing was done"
        );
    }

    fn hold(&mut self, action: TurnAction, now: Duration) {
        match action {
            TurnAction::SetState(state) => {
                assert_ne!(state, self.shown, "the same state was shown twice");
                self.shown = state;
            }
            TurnAction::DuckSpeech => {
                assert!(!self.ducked && !self.paused, "ducked twice");
                self.ducked = true;
            }
            TurnAction::PauseSpeech => {
                assert!(self.ducked && !self.paused, "paused without a warning");
                self.paused = true;
            }
            TurnAction::ResumeSpeech => {
                assert!(self.ducked, "resumed without a pause");
                (self.ducked, self.paused) = (false, false);
            }
            TurnAction::CancelReply => {
                (self.ducked, self.paused) = (false, false);
                self.reply_open = false;
            }
            TurnAction::Draft(turn) => {
                assert!(!self.reply_open, "a draft while a reply is open");
                assert!(self.draft.is_none(), "a second draft beside the first");
                self.draft = Some(turn);
            }
            TurnAction::DropDraft => {
                assert!(self.draft.take().is_some(), "nothing was drafted");
            }
            TurnAction::Reply(turn) => {
                if let Some(draft) = self.draft.take() {
                    assert_eq!(
                        draft.question(),
                        turn.question(),
                        "what is drafted answers other words"
                    );
                }
                assert!(!turn.text.trim().is_empty(), "a reply to nothing");
                assert!(!self.reply_open, "a second reply while the first is open");
                assert!(
                    turn.stopped_at + turn.endpointing == now,
                    "a turn ends where its delay says"
                );
                self.reply_open = true;
            }
            TurnAction::HangUp => self.over = true,
            TurnAction::DidNotCatch
            | TurnAction::TechnicalProblem
            | TurnAction::AreYouThere
            | TurnAction::SayGoodbye => {
                assert!(!self.reply_open, "an announcement into an open reply")
            }
        }
    }
}

fn run(
    config: TurnConfig,
    (events, ticking): (Vec<(u64, TurnEvent)>, bool),
) -> (Watched, Duration) {
    let mut watched = Watched::new(config);
    let mut now = Duration::ZERO;
    for (gap_ms, event) in events {
        let next = now + Duration::from_millis(gap_ms);
        while let Some(at) = watched.turns.deadline().filter(|at| ticking && *at <= next) {
            watched.on(TurnEvent::Tick, at);
        }
        now = next;
        watched.on(event, now);
    }
    (watched, now)
}

proptest! {
    #[test]
    fn a_call_without_silence_limits_always_comes_to_rest_listening(call in any_call()) {
        let config = TurnConfig { are_you_there_after: None, ..TurnConfig::default() };
        let (mut watched, mut now) = run(config, call);
        for _ in 0..20 {
            let Some(at) = watched.turns.deadline() else { break };
            now = now.max(at);
            watched.on(TurnEvent::Tick, now);
        }
        prop_assert_eq!(watched.turns.deadline(), None, "nothing is left to wait for");
        prop_assert_eq!(watched.shown, AgentState::Listening);
        prop_assert!(!watched.ducked && !watched.paused, "speech was left paused");
        prop_assert!(!watched.reply_open, "a reply was left open");
    }

    #[test]
    fn a_deserted_call_is_always_hung_up(call in any_call()) {
        let (mut watched, mut now) = run(TurnConfig::default(), call);
        for _ in 0..40 {
            let Some(at) = watched.turns.deadline() else { break };
            now = now.max(at);
            watched.on(TurnEvent::Tick, now);
        }
        prop_assert!(watched.over, "the call was never ended");
        prop_assert_eq!(watched.shown, AgentState::Idle);
        let late = TurnEvent::CallerTyped { text: "hello".to_owned() };
        prop_assert_eq!(watched.turns.on(late, now), Vec::new(), "nothing follows the end");
    }

    #[test]
    fn an_uninterruptible_speech_is_never_paused_or_cut(gaps in prop::collection::vec((0..2_000_u64, any_event()), 0..30)) {
        let mut turns = Turns::new(TurnConfig::default());
        turns.on(TurnEvent::AgentStartedSpeaking { interruptible: false, reply: true }, Duration::ZERO);
        let mut now = Duration::ZERO;
        for (gap_ms, event) in gaps {
            if matches!(event, TurnEvent::AgentStartedSpeaking { .. } | TurnEvent::AgentStoppedSpeaking) {
                continue;
            }
            now += Duration::from_millis(gap_ms);
            for action in turns.on(event, now) {
                prop_assert!(!matches!(action, TurnAction::DuckSpeech | TurnAction::PauseSpeech | TurnAction::CancelReply), "{:?}", action);
            }
        }
    }

    #[test]
    fn early_and_needless_ticks_change_nothing(call in any_call()) {
        let (mut watched, now) = run(TurnConfig::default(), call);
        let before = format!("{:?}", watched.turns);
        prop_assert_eq!(watched.turns.on(TurnEvent::Tick, now), Vec::new());
        prop_assert_eq!(format!("{:?}", watched.turns), before);
    }
}
