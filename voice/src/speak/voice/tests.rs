//! The task on paused time, with a sink that plays 10 ms each 10 ms and holds up to 80.

use std::sync::Mutex;

use super::*;
use tokio::time::{Instant, sleep, sleep_until};

const HELD_MS: u64 = 80;
const A: SpeechId = SpeechId(7);

/// What the caller's ear gets: (when it sounds, loudest sample) of each frame.
type Ear = Arc<Mutex<Vec<(Instant, i16)>>>;

struct FakeSink {
    ear: Ear,
    /// When the frame taken last has been played.
    busy_until: Instant,
}

impl FrameSink for FakeSink {
    fn capture(&mut self, samples: &[i16]) -> impl Future<Output = ()> + Send {
        let begins = self.busy_until.max(Instant::now());
        self.busy_until = begins + Duration::from_millis(10);
        let loudest = samples.iter().copied().max().unwrap_or(0);
        self.ear.lock().unwrap().push((begins, loudest));
        let room = self.busy_until - Duration::from_millis(HELD_MS);
        sleep_until(room)
    }

    fn clear(&mut self) {
        let now = Instant::now();
        self.ear.lock().unwrap().retain(|(when, _)| *when <= now);
        self.busy_until = now;
    }

    fn queued(&self) -> Duration {
        self.busy_until.saturating_duration_since(Instant::now())
    }
}

struct Scene {
    voice: Voice,
    events: mpsc::Receiver<VoiceEvent>,
    ear: Ear,
    tasks: TaskTracker,
    began: Instant,
}

fn scene(event_queue: usize) -> Scene {
    let (sender, events) = mpsc::channel(event_queue);
    let (ear, tasks) = (Ear::default(), TaskTracker::new());
    let sink = FakeSink {
        ear: ear.clone(),
        busy_until: Instant::now(),
    };
    Scene {
        voice: Voice::start(sink, Sent::new(Instant::now()), sender, &tasks),
        events,
        ear,
        tasks,
        began: Instant::now(),
    }
}

impl Scene {
    async fn say(&self, id: SpeechId, text: &str, length_ms: usize) {
        self.voice.begin(id, true).await;
        self.voice
            .sentence(
                id,
                text.to_owned(),
                Arc::new(Speech {
                    samples: vec![1000; length_ms * 24],
                    ..Speech::default()
                }),
            )
            .await;
        self.voice.end(id).await;
    }

    async fn finished(&mut self) -> (String, bool, Duration) {
        loop {
            match self.events.recv().await.expect("the voice is alive") {
                VoiceEvent::Finished {
                    heard, interrupted, ..
                } => return (heard, interrupted, self.began.elapsed()),
                VoiceEvent::Started { .. } | VoiceEvent::Sentence { .. } => {}
            }
        }
    }

    /// When the last audible frame sounds, since the beginning.
    fn last_sound(&self) -> Duration {
        let ear = self.ear.lock().unwrap();
        let last = ear
            .iter()
            .filter(|(_, loudest)| *loudest > 0)
            .map(|(when, _)| *when)
            .max();
        last.expect("something sounded") + Duration::from_millis(10) - self.began
    }
}

#[tokio::test(start_paused = true)]
async fn a_speech_finishes_when_it_was_heard_and_not_when_it_was_sent() {
    let mut scene = scene(16);
    scene.say(A, "Hello there.", 1000).await;
    assert_eq!(
        scene.events.recv().await,
        Some(VoiceEvent::Started {
            id: A,
            interruptible: true
        })
    );
    let (heard, interrupted, after) = scene.finished().await;
    assert_eq!((heard.as_str(), interrupted), ("Hello there.", false));
    assert!(
        (1000..=1020).contains(&after.as_millis()),
        "a second of speech was over after {after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_caller_hears_silence_50_ms_after_a_cancel_and_the_text_is_what_was_heard() {
    let mut scene = scene(16);
    scene
        .say(A, "Your card was blocked on Monday, Laura.", 3900)
        .await;
    sleep(Duration::from_millis(1350)).await;
    scene.voice.cancel().await;
    let (heard, interrupted, _) = scene.finished().await;
    assert_eq!(
        (heard.as_str(), interrupted),
        ("Your card was", true),
        "80 ms were sent and never heard"
    );
    sleep(Duration::from_millis(200)).await;
    let silent = scene.last_sound();
    assert!(
        silent <= Duration::from_millis(1400),
        "cancelled at 1350 ms, silent at {silent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_silent_until_resumed_and_nothing_is_lost() {
    let mut scene = scene(16);
    scene.say(A, "Some words to say.", 2000).await;
    sleep(Duration::from_millis(800)).await;
    scene.voice.pause().await;
    sleep(Duration::from_millis(1000)).await;
    let silent = scene.last_sound();
    assert!(
        silent <= Duration::from_millis(850),
        "paused at 800 ms, silent at {silent:?}"
    );
    scene.voice.resume().await;
    let (heard, interrupted, after) = scene.finished().await;
    assert_eq!((heard.as_str(), interrupted), ("Some words to say.", false));
    assert!(
        (3100..3600).contains(&after.as_millis()),
        "it backed up and went on until {after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn speeches_are_heard_in_the_order_they_began() {
    let mut scene = scene(16);
    let (first, second) = (SpeechId(1), SpeechId(2));
    scene.voice.begin(first, false).await;
    scene.say(second, "Second.", 300).await;
    let sound = Arc::new(Speech {
        samples: vec![1000; 300 * 24],
        ..Speech::default()
    });
    scene.voice.sentence(first, "First.".into(), sound).await;
    scene.voice.end(first).await;
    assert_eq!(scene.finished().await.0, "First.");
    assert_eq!(scene.finished().await.0, "Second.");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_listen_can_still_order() {
    let mut scene = scene(1);
    for id in 0..50 {
        let ordered = timeout(Duration::from_secs(5), scene.say(SpeechId(id), "Word.", 20)).await;
        assert!(
            ordered.is_ok(),
            "the voice waited for the session, and the session for the voice"
        );
    }
    for _ in 0..50 {
        assert_eq!(scene.finished().await.0, "Word.");
    }
}

#[tokio::test(start_paused = true)]
async fn a_speech_that_never_gets_its_sentence_does_not_silence_the_call() {
    let mut scene = scene(16);
    scene.voice.begin(SpeechId(1), true).await;
    scene.say(SpeechId(2), "Still here.", 300).await;
    assert_eq!(scene.finished().await.0, "");
    assert_eq!(scene.finished().await.0, "Still here.");
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_handle() {
    let scene = scene(16);
    scene.say(A, "A long speech.", 60_000).await;
    sleep(Duration::from_millis(100)).await;
    drop(scene.voice);
    scene.tasks.close();
    assert!(
        timeout(Duration::from_secs(1), scene.tasks.wait())
            .await
            .is_ok(),
        "the task goes on without a handle"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tone_is_heard_while_nothing_is_said_and_none_of_it_over_speech() {
    let mut scene = scene(16);
    scene.voice.beneath(Beneath::Hold).await;
    sleep(Duration::from_millis(300)).await;
    let begun = scene.began.elapsed();
    scene.say(A, "A word.", 1_000).await;
    scene.finished().await;
    let over = scene.began.elapsed();
    sleep(Duration::from_millis(300)).await;
    scene.voice.beneath(Beneath::Silence).await;
    let silent = scene.began.elapsed();
    sleep(Duration::from_secs(8)).await;
    let ear = scene.ear.lock().unwrap();
    let heard = |from: Duration, to: Duration| {
        let between = ear.iter().filter(|(when, _)| {
            let at = *when - scene.began;
            from <= at && at < to
        });
        between.map(|(_, loudest)| *loudest).collect::<Vec<_>>()
    };
    let is_tone = |loudest: &i16| (1..1_000).contains(loudest);
    // What was taken before an order is played after it.
    let held = Duration::from_millis(HELD_MS + 20);
    assert!(
        heard(Duration::ZERO, begun)
            .iter()
            .filter(|l| is_tone(l))
            .count()
            > 20
    );
    let speech = heard(begun + held, over - held);
    assert!(speech.iter().all(|loudest| *loudest == 1_000), "{speech:?}");
    assert!(
        heard(over + held, silent)
            .iter()
            .filter(|l| is_tone(l))
            .count()
            > 10
    );
    drop(ear);
    assert!(scene.last_sound() <= silent + held, "it sounds on");
}

#[tokio::test(start_paused = true)]
async fn another_line_is_heard_as_it_comes_and_speech_comes_first() {
    let mut scene = scene(16);
    let (mut source, live) = crate::speak::live();
    scene.voice.beneath(Beneath::Live(live)).await;
    let talking = async {
        for _ in 0..200 {
            source.push(&[5_000; 160]);
            sleep(Duration::from_millis(10)).await;
        }
    };
    let speaking = async {
        sleep(Duration::from_millis(500)).await;
        scene.say(A, "A word.", 1_000).await;
        scene.finished().await
    };
    let (_, (heard, interrupted, _)) = tokio::join!(talking, speaking);
    assert_eq!((heard.as_str(), interrupted), ("A word.", false));
    let ear = scene.ear.lock().unwrap();
    let levels: Vec<i16> = ear.iter().map(|(_, loudest)| *loudest).collect();
    let spoken = levels.iter().filter(|level| **level == 1_000).count();
    assert_eq!(spoken, 100, "all of the speech, nothing between");
    let first = levels.iter().position(|level| *level == 1_000).unwrap();
    assert!(
        levels[first..first + 100]
            .iter()
            .all(|level| *level == 1_000)
    );
    let live = levels
        .iter()
        .filter(|level| (4_990..=5_010).contains(*level))
        .count();
    // What came while the agent spoke is lost but for the last 120 ms.
    assert!(
        (90..=115).contains(&live),
        "{live} frames of the other line"
    );
}
