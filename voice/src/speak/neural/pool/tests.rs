//! A pool of networks that count and wait on command, so that what goes before what is seen.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// Each step makes this much sound: 100 ms.
const STEP: usize = 2_400;

/// A sentence at which the network panics.
const BREAKS: &str = "breaks";

/// A network that tells which sentence it takes, and waits until it may.
struct Watched {
    /// The phonemes of each step, as it begins.
    steps: mpsc::Sender<String>,
    /// One for each step that may be made; none: every one.
    leave: Option<mpsc::Receiver<()>>,
    fails: bool,
}

impl Network for Watched {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn step(
        &mut self,
        sentence: &mut Sentence,
        _halt: &super::super::Halt,
    ) -> Result<Vec<f32>, String> {
        let breath = sentence
            .take_breath()
            .ok_or("a sentence that is over was taken")?;
        // The test may be over.
        drop(self.steps.send(breath.phonemes.clone()));
        if let Some(leave) = &self.leave
            && leave.recv().is_err()
        {
            return Err("the test is over".to_owned());
        }
        assert_ne!(breath.phonemes, BREAKS, "as the sentence wants it");
        if self.fails {
            return Err("as it was told".to_owned());
        }
        sentence.learn(&breath, STEP as u64);
        Ok(vec![0.1; STEP])
    }
}

struct Scene {
    pool: Pool,
    steps: mpsc::Receiver<String>,
    leave: mpsc::Sender<()>,
}

fn scene(kind: Kind, fails: bool) -> Scene {
    let (told, steps) = mpsc::channel();
    let (leave, waits) = mpsc::channel();
    let network = Watched {
        steps: told,
        leave: Some(waits),
        fails,
    };
    Scene {
        pool: Pool::start(vec![Box::new(network)], 1.0, kind).expect("a thread"),
        steps,
        leave,
    }
}

/// A sentence of so many steps.
fn sentence(name: &str, steps: usize) -> Vec<Breath> {
    let breath = Breath {
        phonemes: name.to_owned(),
        pause_ms: 0,
    };
    vec![breath; steps]
}

impl Scene {
    fn speak(&self, name: &str, steps: usize) -> Outlet {
        let spoken = self.pool.speak(sentence(name, steps), SPEECH_RATE_HZ);
        spoken.expect("there is room")
    }

    /// Which sentence is taken next.
    fn taken(&self) -> String {
        let taken = self.steps.recv_timeout(Duration::from_secs(20));
        taken.expect("nothing is taken")
    }

    fn let_go(&self) {
        self.leave.send(()).expect("the thread is there");
    }
}

async fn whole(mut outlet: Outlet) -> Result<usize, String> {
    let mut samples = 0;
    while let Some(piece) = outlet.next().await {
        samples += piece?.samples.len();
    }
    Ok(samples)
}

#[tokio::test]
async fn a_call_that_begins_goes_before_one_that_has_sound_to_play() {
    let scene = scene(Kind::Live, false);
    let long = scene.speak("long", 4);
    assert_eq!(scene.taken(), "long");
    let new = scene.speak("new", 1);
    scene.let_go();
    assert_eq!(
        scene.taken(),
        "new",
        "it waited for the whole of another sentence"
    );
    for _ in 0..4 {
        scene.let_go();
    }
    assert_eq!(whole(new).await, Ok(STEP));
    assert_eq!(whole(long).await, Ok(4 * STEP));
}

#[tokio::test]
async fn a_sentence_that_nobody_waits_for_is_not_made_any_further() {
    let scene = scene(Kind::Live, false);
    let gone = scene.speak("gone", 100);
    assert_eq!(scene.taken(), "gone");
    drop(gone);
    scene.let_go();
    let next = scene.speak("next", 1);
    assert_eq!(scene.taken(), "next");
    scene.let_go();
    assert_eq!(whole(next).await, Ok(STEP));
}

#[tokio::test]
async fn a_full_pool_refuses_and_has_room_again() {
    let scene = scene(Kind::Live, false);
    let mut all: Vec<Outlet> = (0..MOST_SENTENCES).map(|_| scene.speak("one", 1)).collect();
    let more = || {
        scene
            .pool
            .speak(sentence("more", 1), SPEECH_RATE_HZ)
            .map(|_| ())
    };
    assert_eq!(more(), Err(Full));
    // Given up before anybody looked at it.
    drop(all.pop());
    assert_eq!(more(), Ok(()), "a place that nobody uses was not given on");
}

#[tokio::test]
async fn what_a_network_cannot_do_is_told_and_the_thread_goes_on() {
    let scene = scene(Kind::Live, true);
    for _ in 0..2 {
        scene.let_go();
        assert_eq!(
            whole(scene.speak("one", 3)).await,
            Err("as it was told".to_owned())
        );
    }
}

#[tokio::test]
async fn a_sentence_that_breaks_the_network_takes_no_other_with_it() {
    let scene = scene(Kind::Live, false);
    scene.let_go();
    let broken = whole(scene.speak(BREAKS, 1)).await;
    assert_eq!(broken, Err("the network broke".to_owned()));
    scene.let_go();
    assert_eq!(whole(scene.speak("next", 1)).await, Ok(STEP));
}

#[tokio::test]
async fn what_is_voiced_ahead_waits_while_a_call_is_spoken_to() {
    let live = scene(Kind::Live, false);
    let ahead = scene(Kind::GivesWayTo(live.pool.clone()), false);
    let call = live.speak("call", 1);
    assert_eq!(live.taken(), "call");
    let known = ahead.speak("known", 1);
    let early = ahead.steps.recv_timeout(QUIET + Duration::from_millis(300));
    assert!(early.is_err(), "it was voiced while a call was spoken to");
    live.let_go();
    assert_eq!(whole(call).await, Ok(STEP));
    assert_eq!(ahead.taken(), "known");
    ahead.let_go();
    assert_eq!(whole(known).await, Ok(STEP));
}

#[tokio::test]
async fn the_threads_end_with_the_pool_and_what_waits_is_told() {
    let scene = scene(Kind::Live, false);
    let first = scene.speak("first", 3);
    let second = scene.speak("second", 3);
    assert_eq!(scene.taken(), "first");
    drop(scene.pool);
    scene.leave.send(()).expect("it is at a step");
    assert!(
        scene.steps.recv_timeout(Duration::from_secs(20)).is_err(),
        "it goes on"
    );
    // The queue goes with the last that holds it.
    assert!(whole(first).await.is_err() && whole(second).await.is_err());
}
