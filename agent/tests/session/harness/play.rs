//! Plays a scene to its end.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use agent::{
    line::{Line, Outputs, follow},
    metrics::Metrics,
    session::{Services, Session},
    worker::CallStop,
};
use authentication::Authenticator;
use dialogue::{Replier, ReplyConfig};
use futures_util::FutureExt as _;
use record::{EarlierCalls, LiveSessions, Recorder};
use recording::{Recordings, Told};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;
use voice::{
    listen::{EndOfTurn, Stt},
    speak::{Provider, Tts, TtsConfig},
};

use super::{
    carrier::ScriptedTransfers, colleague::ScriptedDialer, loopback::Loopback,
    microphones::Microphones, page::show, played::Played, recording::Recording, scene::Scene,
    sink::ScriptedSink, stage::Stage, words,
};

/// Where phone calls are transferred.
const DESK: &str = "+15550199";
/// What a worker waits for the tasks of a call that is over.
const TASK_PATIENCE: Duration = Duration::from_secs(5);

impl Scene {
    /// Plays the scene to its end.
    pub(crate) async fn play(mut self) -> Played {
        let (recorder, queue) = Recorder::new(Arc::default());
        let (outputs, shown) = Outputs::new();
        let (tasks, crew) = (TaskTracker::new(), TaskTracker::new());
        let echo = self.echoes_after;
        let echo = echo.map(|delay| Loopback::new(self.stt.clone(), delay, &crew));
        let sink = ScriptedSink::new(self.voice.clone(), self.stt.clone(), echo.clone());
        let begun = Instant::now();
        let colleague = self.called(begun);
        let heard = sink.log();
        let (signals, signal_queue) = mpsc::channel(64);
        let (rpc, rpc_queue) = mpsc::channel(16);
        let (stop, stopped) = watch::channel(None);
        let transfers = ScriptedTransfers::new(self.carrier);
        let (recordings, told) = Told::begin();
        let services = self.services(recorder, recordings, transfers.clone(), colleague.as_ref());
        let line = Line {
            inputs: follow(self.caller.clone(), false, signal_queue, rpc_queue, &tasks),
            caller: self.caller,
            room: "room".to_owned(),
            outputs,
            sink,
            quality: watch::channel(self.quality).1,
        };
        self.acts.sort_by_key(|(when, _)| *when);
        let stage = Stage {
            begun,
            signals,
            rpc,
            stop,
            microphones: Microphones::new(echo, crew.clone()),
            recording: Recording::start(queue, self.nothing_is_kept),
            answers: <_>::default(),
            tasks: crew.clone(),
        };
        let (recording, answers) = (stage.recording.clone(), stage.answers.clone());
        let page = crew.spawn(show(begun, shown));
        let acting = crew.spawn(stage.perform(self.acts));
        let keeping = crew.spawn(recording.clone().keep());
        let session = Session::open(services, line, CallStop::new(stopped), tasks.clone());
        let ended = AssertUnwindSafe(session.run()).catch_unwind().await.ok();
        let lasted = begun.elapsed();
        tasks.close();
        let idle = timeout(TASK_PATIENCE, tasks.wait()).await.is_ok();
        acting.abort();
        keeping.abort();
        assert!(
            idle || self.something_hangs,
            "a task of the call outlives it"
        );
        let (bridged, agents) = heard
            .finish(begun)
            .into_iter()
            .partition(|heard| heard.is_live);
        let played = Played {
            kept: recording.finish(),
            tones: heard.tones(begun),
            heard: agents,
            bridged,
            consulted: colleague.map(|them| them.finish()).unwrap_or_default(),
            shown: page.await.expect("the page shows to the end"),
            answers: answers.take(),
            sound: told.sound(),
            transfers: transfers.asked(),
            lasted,
            ended,
        };
        played.check();
        played
    }

    fn services(
        &self,
        recorder: Recorder,
        recordings: Recordings,
        transfers: ScriptedTransfers,
        colleague: Option<&ScriptedDialer>,
    ) -> Arc<Services> {
        let knowledge = words::knowledge();
        let lines = Arc::new(knowledge.pack().settings.lines.clone());
        let has_desk = self.carrier.is_some() || colleague.is_some();
        let desk = has_desk.then(|| DESK.to_owned());
        let transfer_to = desk.as_deref().map(|desk| desk.parse().expect("a number"));
        let replies = ReplyConfig {
            llm: None,
            transfer_to: desk,
            consults: colleague.is_some(),
            ..ReplyConfig::default()
        };
        Arc::new(Services {
            stt: Stt::Scripted(self.stt.clone()),
            end_of_turn: self.end_of_turn.clone().map(EndOfTurn::Scripted),
            tts: Tts::open(&TtsConfig::new(Provider::Scripted(self.voice.clone())))
                .expect("nothing is loaded"),
            replier: Replier::new(knowledge, replies, None, None),
            recorder,
            recordings: self.recorded.then_some(recordings),
            authenticator: self.authenticator.clone().map(Authenticator::Scripted),
            earlier: self.earlier.clone().map(EarlierCalls::from),
            transfers: Arc::new(transfers),
            consultations: colleague.map(ScriptedDialer::consultations),
            transfer_to,
            messages: None,
            lines,
            trade: words::trade(),
            facts: words::facts(),
            live: LiveSessions::default(),
            config: self.config.clone(),
            metrics: Arc::new(Metrics::default()),
        })
    }
}
