//! The opening of a call: what a session is made of, and the greeting.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use call::Channel;
use futures_util::stream::FuturesOrdered;
use insight::redact::Redactor;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use super::{
    REPORT_QUEUE, Services, Session, VOICE_QUEUE, authenticate,
    ledger::{Ledger, SpeechKind},
    speech,
};
use crate::{
    identify::Keypad,
    listen::Listener,
    record::SessionStart,
    reply::Awaiting,
    room::{Caller, Input, Outputs, RoomSink},
    speak::Voice,
    turn::{TurnConfig, Turns},
    worker::CallStop,
};

/// Whether the device was here before is nice to know, and not worth a pause.
const RECOGNITION_PATIENCE: Duration = Duration::from_millis(200);

/// The room's side of a session.
pub struct RoomSide {
    /// Who calls.
    pub caller: Caller,
    /// Name of the room.
    pub room: String,
    /// What happens in it.
    pub inputs: mpsc::Receiver<Input>,
    /// What the session tells it.
    pub outputs: Outputs,
    /// Where speech goes.
    pub sink: RoomSink,
}

impl Session {
    /// Opens the session and its record.
    #[expect(clippy::disallowed_methods, reason = "the session owns its clock")]
    pub fn open(
        services: Arc<Services>,
        room: RoomSide,
        stop: CallStop,
        tasks: TaskTracker,
    ) -> Self {
        let clock = Instant::now();
        let started_at = chrono::Utc::now();
        let id = database::SessionId::new();
        let summary_token = database::SummaryToken::random();
        let (recognised, seen_before) = oneshot::channel();
        services.recorder.session_started(SessionStart {
            session: id,
            room: room.room.clone(),
            participant: room.caller.identity.clone(),
            device: room.caller.device.clone(),
            phone_hint: room.caller.phone_hint.clone(),
            channel: room.caller.channel,
            worker_id: services.config.worker_id.clone(),
            started_at,
            summary_token: summary_token.clone(),
            recognised: Some(recognised),
        });
        let (voice_sender, voice_events) = mpsc::channel(VOICE_QUEUE);
        let (reporter, reports) = mpsc::channel(REPORT_QUEUE);
        Self {
            _live: services.live.hold(id),
            listener: Listener::new(&services.config.listen),
            turns: Turns::new(turn_config(&services.config.turn, room.caller.channel)),
            voice: Voice::start(room.sink, voice_sender, &tasks),
            ledger: Ledger::new(services.recorder.clone(), id),
            redactor: Redactor::default(),
            transcripts: FuturesOrdered::new(),
            microphone: None,
            inputs: room.inputs,
            outputs: room.outputs,
            greeted: false,
            can_hear: room.caller.can_hear,
            caller: room.caller,
            reply: None,
            agent_speaking: false,
            cut: false,
            awaiting: Awaiting::None,
            not_caught: 0,
            keypad: Keypad::default(),
            authentication: authenticate::State::default(),
            authenticating: false,
            parting: None,
            farewell_by: None,
            callback_requested: false,
            transferring: false,
            transferred: false,
            hurried: false,
            caller_gone: false,
            seen_before: Some(seen_before),
            services,
            id,
            clock,
            voice_events,
            reports,
            reporter,
            tasks,
            summary_token,
            room: room.room,
            stop: Some(stop),
        }
    }

    /// When the greeting is due: at once when the caller can hear, after a while for a browser
    /// that never told; a phone call is spoken to when it is active, and not before.
    pub(super) fn greeting_due(&self) -> Option<Duration> {
        match (self.greeted, self.can_hear, self.caller.channel) {
            (true, ..) => None,
            (false, true, _) => Some(Duration::ZERO),
            (false, false, Channel::Web) => Some(self.services.config.greet_after),
            (false, false, Channel::Phone) => None,
        }
    }

    /// Greets once: the disclosure, whole, then the greeting.
    pub(super) async fn greet(&mut self) {
        if std::mem::replace(&mut self.greeted, true) {
            return;
        }
        let lines = self.services.lines.clone();
        // Announcement and recording notice must be heard whole; the greeting may be cut short.
        let id = self.ledger.speech(SpeechKind::Greeting, None);
        self.say(id, std::slice::from_ref(&lines.disclosure), false)
            .await;
        let id = self.ledger.speech(SpeechKind::Greeting, None);
        self.voice.begin(id, true).await;
        let (voice, tts, seen_before) = (
            self.voice.clone(),
            self.services.tts.clone(),
            self.seen_before.take(),
        );
        self.tasks.spawn(async move {
            let greeting = if recognised(seen_before).await {
                &lines.welcome_back
            } else {
                &lines.greeting
            };
            speech::utter(&voice, &tts, id, greeting).await;
            voice.end(id).await;
        });
    }
}

/// Whether the device or number was here before, if that is known by now.
async fn recognised(seen_before: Option<oneshot::Receiver<bool>>) -> bool {
    let Some(answer) = seen_before else {
        return false;
    };
    timeout(RECOGNITION_PATIENCE, answer)
        .await
        .ok()
        .and_then(Result::ok)
        .unwrap_or(false)
}

/// A phone cancels its own echo: there is nothing to warm up.
fn turn_config(config: &TurnConfig, channel: Channel) -> TurnConfig {
    let aec_warmup = if channel == Channel::Phone {
        Duration::ZERO
    } else {
        config.aec_warmup
    };
    TurnConfig {
        aec_warmup,
        ..config.clone()
    }
}
