//! The opening of a call: what a session is made of, and the greeting.

use std::{sync::Arc, time::Duration};

use authentication::Keypad;
use call::Channel;
use futures_util::stream::FuturesOrdered;
use insight::redact::Redactor;
use record::SessionStart;
use recording::Tape;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;
use voice::{
    echo::Sent,
    listen::Listener,
    speak::{FrameSink, Voice},
    turn::{TurnConfig, Turns},
};

use super::{
    AgentVoice, Phase, REPORT_QUEUE, Services, Session, VOICE_QUEUE, authenticate,
    echo::OwnVoice,
    ledger::{Ledger, SpeechKind},
    pause::Pause,
    ports, speech, taped,
};
use crate::{line::Line, worker::CallStop};

/// Whether the device was here before is nice to know, and not worth a pause.
const RECOGNITION_PATIENCE: Duration = Duration::from_millis(200);

impl Session {
    /// Opens the session and its record.
    pub fn open(
        services: Arc<Services>,
        line: Line<impl FrameSink>,
        stop: CallStop,
        tasks: TaskTracker,
    ) -> Self {
        let clock = Instant::now();
        let id = call::SessionId::new();
        let summary_token = record::SummaryToken::random();
        let (recognised, seen_before) = oneshot::channel();
        services.recorder.session_started(SessionStart {
            session: id,
            room: line.room.clone(),
            participant: line.caller.identity.clone(),
            device: line.caller.device.clone(),
            phone_hint: line.caller.phone_hint.clone(),
            channel: line.caller.channel,
            worker_id: services.config.worker_id.clone(),
            started_at: chrono::Utc::now(),
            summary_token: summary_token.clone(),
            recognised: Some(recognised),
        });
        let (dialogue, consults) =
            ports::dialogue(&services, &line.caller, (id, &line.room), tasks.clone());
        let sent = Sent::new(clock);
        let (voice_sender, voice_events) = mpsc::channel(VOICE_QUEUE);
        let (reporter, reports) = mpsc::channel(REPORT_QUEUE);
        let tape = services.recordings.as_ref();
        let tape = tape.map_or_else(Tape::off, |recordings| recordings.begin(id));
        let sink = taped::TapedSink::new(line.sink, tape.clone(), clock);
        Self {
            _live: services.live.hold(id),
            own: OwnVoice::new(sent.clone()),
            listener: Listener::new(&services.config.listen),
            turns: Turns::new(turn_config(&services.config.turn, line.caller.channel)),
            voice: Voice::start(sink, sent, voice_sender, &tasks),
            taped: taped::Taped::new(tape),
            ledger: Ledger::new(
                services.recorder.clone(),
                id,
                services.trade.clone(),
                services.facts.clone(),
            ),
            redactor: Redactor::default(),
            transcripts: FuturesOrdered::new(),
            pause: Pause::default(),
            to_person: false,
            microphone: None,
            inputs: line.inputs,
            quality: line.quality,
            outputs: line.outputs,
            phase: Phase::Opening {
                can_hear: line.caller.can_hear,
                seen_before: Some(seen_before),
            },
            consults,
            agent: AgentVoice::default(),
            caller: line.caller,
            reply: None,
            drafted: None,
            dialogue,
            not_caught: 0,
            keypad: Keypad::default(),
            authentication: authenticate::Authentication::default(),
            away_until: None,
            services,
            id,
            clock,
            voice_events,
            reports,
            reporter,
            tasks,
            summary_token,
            stop,
        }
    }

    /// When the greeting is due: at once when the caller can hear, after a while for a browser
    /// that never reported it; a phone call is spoken to when it is active, and not before.
    pub(super) fn greeting_due(&self) -> Option<Duration> {
        let Phase::Opening { can_hear, .. } = self.phase else {
            return None;
        };
        match (can_hear, self.caller.channel) {
            (true, _) => Some(Duration::ZERO),
            (false, Channel::Web) => Some(self.services.config.greet_after),
            (false, Channel::Phone) => None,
        }
    }

    pub(super) async fn on_can_hear(&mut self) {
        if let Phase::Opening { can_hear, .. } = &mut self.phase {
            *can_hear = true;
            self.greet().await;
        }
    }

    /// The disclosure comes before anything else: what is to be said now is said after it. `false`
    /// while nobody may be spoken to, and after the worker's goodbye was ordered.
    pub(super) async fn may_speak(&mut self) -> bool {
        if self.phase.is_drained() {
            return false;
        }
        if self.phase.is_opening() {
            if self.greeting_due().is_none() {
                return false;
            }
            self.greet().await;
        }
        true
    }

    /// Greets once: the disclosure, whole, then the greeting.
    pub(super) async fn greet(&mut self) {
        let Phase::Opening { seen_before, .. } = &mut self.phase else {
            return;
        };
        let seen_before = seen_before.take();
        self.phase = Phase::Talking;
        self.turns.excuse_silence(self.now());
        let lines = self.services.lines.clone();
        // Announcement and recording notice must be heard whole; the greeting may be cut short.
        let id = self.ledger.speech(SpeechKind::Greeting, None);
        self.say(id, std::slice::from_ref(&lines.disclosure), false)
            .await;
        let id = self.ledger.speech(SpeechKind::Greeting, None);
        self.voice.begin(id, true).await;
        let (voice, tts) = (self.voice.clone(), self.services.tts.clone());
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
