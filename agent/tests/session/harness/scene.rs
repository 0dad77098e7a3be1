//! A call told as a screenplay: who says what from when to when. Times are seconds since it began.

use std::{sync::Arc, time::Duration};

use agent::{
    line::{Caller, RpcMethod, Signal, SignalKind},
    session::SessionConfig,
    worker::StopReason,
};
use authentication::{ScriptedAuthenticator, Started, Verified};
use call::{Channel, LineQuality};
use record::ScriptedCalls;
use serde_json::json;
use tokio::time::Instant;
use voice::{
    listen::{ListenConfig, TURN_SEEN},
    test_support::{Recognition, ScriptedEndOfTurn, ScriptedLine, ScriptedStt, ScriptedVoice},
    turn::TurnConfig,
};

use super::{
    carrier::Carrier,
    colleague::{Colleague, PicksUp, ScriptedDialer},
    stage::Act,
    words,
};

/// The caller's participant identity.
const CALLER: &str = "caller";
/// Somebody else in the room.
pub(crate) const OTHER: &str = "other";
/// The caller's first track.
const MICROPHONE: &str = "TR_1";
/// From one key to the next.
const KEY: f64 = 0.2;

/// A scene before it is played.
pub(crate) struct Scene {
    pub(super) acts: Vec<(Duration, Act)>,
    pub(super) caller: Caller,
    pub(super) stt: ScriptedStt,
    /// What judges whether a turn sounds finished; `None`: nobody.
    pub(crate) end_of_turn: Option<ScriptedEndOfTurn>,
    /// What the agent's synthesis does.
    pub(crate) voice: ScriptedVoice,
    /// What authentication leads to; `None`: there is none.
    pub(crate) authenticator: Option<ScriptedAuthenticator>,
    /// What earlier calls of the caller left; `None`: it is not looked at.
    pub(crate) earlier: Option<ScriptedCalls>,
    /// Who transfers calls; `None`: nobody.
    pub(crate) carrier: Option<Carrier>,
    /// Who is called before a call is put through; `None`: nobody.
    pub(crate) colleague: Option<Colleague>,
    /// How long the recognition of what is said takes from here on.
    pub(crate) recognition_takes: Duration,
    /// Limits of the call.
    pub(crate) config: SessionConfig,
    /// The agent's voice comes back into the caller's microphone so much later, as loud as the caller.
    pub(crate) echoes_after: Option<Duration>,
    /// Neither disk nor database takes the record.
    pub(crate) nothing_is_kept: bool,
    /// The call is recorded.
    pub(crate) recorded: bool,
    /// How well the caller is heard.
    pub(crate) quality: Option<LineQuality>,
    /// Something in the script never answers, and its task outlives the call.
    pub(crate) something_hangs: bool,
}

/// Seconds.
pub(crate) fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Scene {
    /// A browser calls, publishes a microphone and hears the agent from 0.1 s on. The greeting is
    /// over at 3.2 s.
    pub(crate) fn browser() -> Self {
        let mut scene = Self::silent_browser();
        scene.publishes(0.05);
        scene.hears_us(0.1);
        scene
    }

    /// A telephone call that is answered. The greeting is over at 3.1 s.
    pub(crate) fn phone() -> Self {
        let mut scene = Self::ringing_phone();
        scene.caller.can_hear = true;
        scene
    }

    /// A browser that neither publishes a microphone nor hears the agent.
    pub(crate) fn silent_browser() -> Self {
        Self::of(Caller {
            identity: CALLER.to_owned(),
            channel: Channel::Web,
            device: Some("device".to_owned()),
            phone_hint: None,
            address: Some("address".to_owned()),
            can_hear: false,
        })
    }

    /// A telephone call that is not answered yet.
    pub(crate) fn ringing_phone() -> Self {
        let mut scene = Self::of(Caller {
            identity: CALLER.to_owned(),
            channel: Channel::Phone,
            device: None,
            phone_hint: Some("+15550100".to_owned()),
            address: None,
            can_hear: false,
        });
        scene.publishes(0.05);
        scene
    }

    fn of(caller: Caller) -> Self {
        let listen = ListenConfig {
            scripted: true,
            turn_memory: TURN_SEEN,
            ..ListenConfig::default()
        };
        let turn = TurnConfig {
            goodbye_after: at(15.0),
            listening: Arc::new(words::knowledge().pack().listening.clone()),
            ..TurnConfig::default()
        };
        Self {
            acts: Vec::new(),
            caller,
            stt: ScriptedStt::default(),
            end_of_turn: None,
            voice: ScriptedVoice::new(at(0.1)),
            authenticator: None,
            earlier: None,
            carrier: None,
            colleague: None,
            recognition_takes: at(0.15),
            config: SessionConfig {
                listen,
                turn,
                greet_after: at(3.0),
                last_words: at(5.0),
                language_model: None,
                worker_id: "worker".to_owned(),
            },
            echoes_after: None,
            nothing_is_kept: false,
            recorded: false,
            quality: None,
            something_hangs: false,
        }
    }

    /// A colleague is called before a call is put through.
    pub(crate) fn calls(&mut self, picks_up: PicksUp) -> &mut Colleague {
        let colleague = Colleague::new(picks_up, self.stt.clone());
        self.colleague.insert(colleague)
    }

    /// The caller's page subscribes to the agent's voice.
    pub(crate) fn hears_us(&mut self, when: f64) {
        self.signal(when, CALLER, SignalKind::AgentHeard);
    }

    /// The phone call is answered.
    pub(crate) fn is_answered(&mut self, when: f64) {
        self.signal(when, CALLER, SignalKind::Answered);
    }

    /// The caller publishes a microphone.
    pub(crate) fn publishes(&mut self, when: f64) {
        self.publishes_as(when, CALLER, MICROPHONE);
    }

    /// The caller publishes another track.
    pub(crate) fn publishes_again(&mut self, when: f64, track: &'static str) {
        self.publishes_as(when, CALLER, track);
    }

    /// Somebody publishes a track.
    pub(crate) fn publishes_as(&mut self, when: f64, who: &str, track: &'static str) {
        self.act(when, Act::Publish(who.to_owned(), track));
    }

    /// The caller's first track ends.
    pub(crate) fn unpublishes(&mut self, when: f64) {
        self.unpublishes_as(when, CALLER, MICROPHONE);
    }

    /// A track of somebody ends.
    pub(crate) fn unpublishes_as(&mut self, when: f64, who: &str, track: &'static str) {
        self.act(when, Act::Unpublish(who.to_owned(), track));
    }

    /// The caller says this, from when to when.
    pub(crate) fn says(&mut self, from: f64, to: f64, text: &str) {
        self.says_into(MICROPHONE, from, to, text);
    }

    /// The caller says this, and it sounds as if the turn were over with this probability. The answer takes 80 ms.
    pub(crate) fn says_sounding(&mut self, from: f64, to: f64, text: &str, probability: f32) {
        let level = self.sound(MICROPHONE, from, to, text, Recognition::Words);
        let judge = self
            .end_of_turn
            .get_or_insert_with(|| ScriptedEndOfTurn::new(at(0.08)));
        judge.judges(level, probability);
    }

    /// Somebody says this into a track. A sound that follows without a pause replaces it.
    pub(crate) fn says_into(&mut self, track: &'static str, from: f64, to: f64, text: &str) {
        self.sound(track, from, to, text, Recognition::Words);
    }

    /// The caller says this, and its recognition goes wrong.
    pub(crate) fn says_in_vain(&mut self, from: f64, to: f64, text: &str, what: Recognition) {
        self.something_hangs |= what == Recognition::Never;
        self.sound(MICROPHONE, from, to, text, what);
    }

    /// Somebody else who may be the caller speaks, as the room has it.
    pub(crate) fn is_heard_speaking(&mut self, when: f64, who: &str) {
        let caller = Caller {
            identity: who.to_owned(),
            ..self.caller.clone()
        };
        self.signal(when, who, SignalKind::Speaks(Box::new(caller)));
    }

    /// The caller makes a sound without words.
    pub(crate) fn coughs(&mut self, from: f64, to: f64) {
        self.says(from, to, "");
    }

    /// The caller types.
    pub(crate) fn types(&mut self, when: f64, text: &str) {
        self.types_as(when, CALLER, text);
    }

    /// Somebody types.
    pub(crate) fn types_as(&mut self, when: f64, who: &str, text: &str) {
        self.signal(when, who, SignalKind::Typed(text.to_owned()));
    }

    /// The caller presses keys, one every fifth of a second.
    pub(crate) fn dials(&mut self, when: f64, keys: &str) {
        self.dials_as(when, CALLER, keys);
    }

    /// Somebody presses keys.
    pub(crate) fn dials_as(&mut self, when: f64, who: &str, keys: &str) {
        for (place, key) in keys.chars().enumerate() {
            let when = when + place as f64 * KEY;
            self.signal(when, who, SignalKind::Digit(key));
        }
    }

    /// The caller's page asks.
    pub(crate) fn asks(&mut self, when: f64, method: RpcMethod, payload: &str) {
        self.act(when, Act::Rpc(method, payload.to_owned()));
    }

    /// The caller's page sends a user name and a number, to be sent a code.
    pub(crate) fn claims(&mut self, when: f64) {
        let form = json!({ "username": "sarah", "phone_number": "+15550100" });
        self.asks(when, RpcMethod::Authenticate, &form.to_string());
    }

    /// The caller's page sends a code.
    pub(crate) fn enters(&mut self, when: f64, code: &str) {
        let form = json!({ "code": code });
        self.asks(when, RpcMethod::Verify, &form.to_string());
    }

    /// The caller's connection breaks.
    pub(crate) fn breaks(&mut self, when: f64) {
        self.signal(when, CALLER, SignalKind::Left { may_return: true });
    }

    /// The caller is back.
    pub(crate) fn returns(&mut self, when: f64) {
        self.joins_as(when, CALLER);
    }

    /// Somebody joins.
    pub(crate) fn joins_as(&mut self, when: f64, who: &str) {
        self.signal(when, who, SignalKind::Joined);
    }

    /// The caller hangs up.
    pub(crate) fn leaves(&mut self, when: f64) {
        self.leaves_as(when, CALLER);
    }

    /// Somebody leaves.
    pub(crate) fn leaves_as(&mut self, when: f64, who: &str) {
        self.signal(when, who, SignalKind::Left { may_return: false });
    }

    /// The room ends.
    pub(crate) fn room_ends(&mut self, when: f64) {
        self.signal(when, "", SignalKind::Ended);
    }

    /// The worker stops, or the server ends the job.
    pub(crate) fn is_stopped(&mut self, when: f64, reason: StopReason) {
        self.act(when, Act::Stop(reason));
    }

    /// The session panics.
    pub(crate) fn session_panics(&mut self, when: f64) {
        self.act(when, Act::Break(CALLER.to_owned()));
    }

    /// The record knows whether the caller was here before. Without it the database is away.
    pub(crate) fn is_recognised(&mut self, when: f64, seen_before: bool) {
        self.act(when, Act::Recognised(seen_before));
    }

    /// Codes are sent, half a second a step; this one is right, and its caller is Sarah.
    pub(crate) fn authenticates_with(&mut self, code: &str) -> &mut ScriptedAuthenticator {
        self.authenticator.insert(ScriptedAuthenticator {
            takes: at(0.5),
            started: Started::CodeSent,
            code: code.to_owned(),
            verified: Verified::Authenticated {
                name: "Sarah".to_owned(),
                customer: "sarah".to_owned(),
            },
        })
    }

    /// Who calls the colleague, in a scene that began then.
    pub(super) fn called(&mut self, begun: Instant) -> Option<ScriptedDialer> {
        let colleague = self.colleague.take();
        colleague.map(|them| them.called(self.voice.clone(), begun))
    }

    fn sound(
        &mut self,
        track: &'static str,
        from: f64,
        to: f64,
        text: &str,
        what: Recognition,
    ) -> i16 {
        let level = self.stt.add(ScriptedLine {
            text: text.to_owned(),
            takes: self.recognition_takes,
            recognition: what,
        });
        self.act(from, Act::Sound(track, level, at(to) - at(from)));
        level
    }

    fn signal(&mut self, when: f64, from: &str, kind: SignalKind) {
        let from = from.to_owned();
        self.act(when, Act::Signal(Signal { from, kind }));
    }

    fn act(&mut self, when: f64, act: Act) {
        self.acts.push((at(when), act));
    }
}
