//! A colleague is called first, and takes the call or does not: every way it can go on.

use agent::{consultation::Unreached, worker::StopReason};
use call::Speaker;

use crate::harness::{
    PicksUp, Scene, at,
    words::{
        ABOUT_NOTHING, ASK, ASK_AGAIN, BACK, BUSY, CALLBACK_PROMISED, DECLINED, DOCUMENTED,
        NO_ANSWER, NOTHING_ELSE, OPEN_NOTHING, QUESTION, SERVICE_GOODBYE, STILL_CALLING,
        TRANSFER_FAILED, TRANSFER_OFFER, TRANSFERRING, WANTS_PERSON, YES,
    },
};
use crate::transfer::ASKED;

/// What caller and colleague say to each other.
const OF_CALLER: &str = "I was told to ask for you.";
const OF_COLLEAGUE: &str = "Good morning, what can I do?";

/// A phone call that asks for a person and agrees: the colleague is called at 9.5 s, hears the briefing from 0.1 s after
/// they answer on, and the question until 4 s after.
fn asking(picks_up: PicksUp) -> Scene {
    asking_in(Scene::phone(), picks_up)
}

fn asking_in(mut scene: Scene, picks_up: PicksUp) -> Scene {
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.0, 7.4, YES);
    scene.calls(picks_up);
    scene
}

/// The same, and the call is taken at 16.7 s.
fn taken() -> Scene {
    let mut scene = asking(PicksUp::After(2.0));
    colleague(&mut scene).says(15.9, 16.2, "Yes, put them through.");
    scene
}

fn colleague(scene: &mut Scene) -> &mut crate::harness::Colleague {
    scene.colleague.as_mut().expect("somebody is called")
}

#[tokio::test(start_paused = true)]
async fn a_colleague_who_takes_the_call_and_its_caller_hear_each_other() {
    let mut scene = taken();
    scene.says(20.0, 21.0, OF_CALLER);
    colleague(&mut scene).says(22.0, 23.0, OF_COLLEAGUE);
    scene.leaves(30.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    let told: Vec<&str> = played.consulted.heard.iter().map(|h| &*h.text).collect();
    assert_eq!(
        told,
        [ABOUT_NOTHING, OPEN_NOTHING, ASK, OF_CALLER],
        "{played}"
    );
    let [answer] = &played.bridged[..] else {
        panic!("the colleague is heard once:\n{played}");
    };
    assert_eq!(answer.text, OF_COLLEAGUE, "{played}");
    for (heard, said) in [(&played.consulted.heard[3], 20.0), (answer, 22.0)] {
        let late = heard.from.as_secs_f64() - said;
        assert!((0.0..0.1).contains(&late), "{late} s late:\n{played}");
        let lasted = (heard.to - heard.from).as_secs_f64();
        assert!(
            (0.95..1.05).contains(&lasted),
            "{lasted} s of 1 s:\n{played}"
        );
    }
    played.goes_on(&format!(
        "{ASKED}
         tool person for 4
         tool success
         6 caller: {OF_CALLER}
         tool success
         ended transferred"
    ));
    let end = played.end();
    assert!(end.transferred && !end.callback_requested, "{end:?}");
    // At once, whatever there is left to write down.
    assert_eq!(played.consulted.let_go.len(), 1, "{played}");
    let gone = played.consulted.let_go[0].as_secs_f64();
    assert!((30.0..30.1).contains(&gone), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_tone_is_heard_while_the_caller_waits_and_never_over_speech_or_the_colleague() {
    let mut scene = taken();
    scene.leaves(30.0);
    let played = scene.play().await;
    let sounding = played.tones.iter().flat_map(|(from, to)| [from, to]);
    let (first, last) = (sounding.clone().min(), sounding.max());
    let (first, last) = (first.expect("it sounds"), last.expect("it sounds"));
    assert!((9.4..9.7).contains(&first.as_secs_f64()), "{played}");
    assert!(last.as_secs_f64() < 17.0, "{played}");
    for (from, to) in &played.tones {
        for heard in &played.heard {
            assert!(
                *to <= heard.from || *from >= heard.to,
                "{heard} in {played}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_browser_is_put_through_too() {
    let mut scene = asking_in(Scene::browser(), PicksUp::After(1.0));
    colleague(&mut scene)
        .presses(12.0, '1')
        .says(14.0, 15.0, OF_COLLEAGUE);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    assert_eq!(played.bridged.len(), 1, "{played}");
    assert!(played.end().transferred, "{played}");
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_heard_by_nobody_before_the_call_is_taken() {
    let mut scene = taken();
    scene.says(13.0, 14.0, OF_CALLER);
    scene.leaves(20.0);
    let played = scene.play().await;
    let overheard = played.consulted.heard.iter().any(|h| h.is_live);
    assert!(!overheard, "{played}");
    let said = played.said_by(Speaker::Caller);
    assert!(said.contains(&OF_CALLER), "it is kept:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_colleague_hangs_up_is_talked_with_again() {
    let mut scene = taken();
    colleague(&mut scene).hangs_up(25.0);
    scene.says(31.0, 31.5, "No, thank you.");
    scene.leaves(45.0);
    let played = scene.play().await;
    played.begins(25.1, BACK);
    let heard: Vec<&str> = played.heard.iter().map(|h| &*h.text).collect();
    let after = &heard[heard.len() - 3..];
    assert_eq!(after[..2], [BACK, NOTHING_ELSE], "{played}");
    let rows = &played.kept.lines;
    let person = rows
        .iter()
        .filter(|row| *row == "tool person for 4")
        .count();
    assert_eq!(person, 1, "{played}");
    let end = played.end();
    assert!(end.transferred, "a person took over:\n{end:?}");
    assert_eq!(end.ending.as_str(), "agent_goodbye", "{played}");
    assert_eq!(played.consulted.let_go.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_was_said_to_the_colleague_is_no_request_to_us_once_they_have_gone() {
    // Understood after the colleague hung up; begun before that, and over after it.
    for (from, to) in [(24.3, 24.9), (24.6, 25.6)] {
        let mut scene = taken();
        colleague(&mut scene).hangs_up(25.0);
        scene.recognition_takes = at(0.6);
        scene.says(from, to, QUESTION);
        scene.says(32.0, 32.5, "No, thank you.");
        scene.leaves(45.0);
        let played = scene.play().await;
        let heard: Vec<&str> = played.heard.iter().map(|h| &*h.text).collect();
        assert_eq!(
            heard[heard.len() - 3..][..2],
            [BACK, NOTHING_ELSE],
            "{played}"
        );
        assert!(
            played.said_by(Speaker::Caller).contains(&QUESTION),
            "it is kept: {played}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_a_colleague_asked_for_is_in_no_row() {
    let mut scene = taken();
    scene.says(20.0, 22.0, "Hang on, I think 4219 came just now.");
    scene.leaves(30.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Caller);
    assert!(
        said.contains(&"Hang on, I think [number] came just now."),
        "{played}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_said_over_the_last_sentence_before_it_rings_answers_nothing_afterwards() {
    let mut scene = asking(PicksUp::Not(Unreached::Busy, 4.0));
    // "I am transferring you" is heard meanwhile.
    scene.says(8.0, 8.9, "Yes please do, thank you.");
    scene.leaves(30.0);
    let played = scene.play().await;
    assert!(
        played.kept.callbacks.is_empty(),
        "nobody agreed to a call back: {played}"
    );
}

/// Nobody takes the call: this line is said, and a call back is offered, which the caller accepts.
async fn goes_on_with_a_call_back(mut scene: Scene, line: &str, yes: f64) {
    scene.says(yes, yes + 0.4, YES);
    scene.leaves(yes + 8.0);
    let played = scene.play().await;
    let (_, to) = played.sounds(line);
    assert!(to < yes, "the yes comes before the question:\n{played}");
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
    let last = played.heard.last().expect("something is said");
    assert_eq!(last.text, CALLBACK_PROMISED, "{played}");
    let outcome = played
        .kept
        .lines
        .iter()
        .find(|row| row.starts_with("tool ") && !row.contains(" for "));
    assert_eq!(outcome.map(String::as_str), Some("tool failed"), "{played}");
    assert!(!played.end().transferred, "{played}");
    assert!(played.bridged.is_empty(), "{played}");
    let (rang, let_go) = (&played.consulted.rang, &played.consulted.let_go);
    assert_eq!((rang.len(), let_go.len()), (1, 1), "{played}");
    let (said, _) = played.sounds(line);
    assert!(let_go[0].as_secs_f64() <= said, "it rings on:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_in_time() {
    let scene = asking(PicksUp::Never);
    // It is given up at 29.5 s.
    goes_on_with_a_call_back(scene, NO_ANSWER, 33.0).await;
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_told_now_and_again_that_somebody_is_called() {
    let mut scene = asking(PicksUp::Never);
    scene.leaves(28.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING, STILL_CALLING, STILL_CALLING]);
    played.begins(17.5, STILL_CALLING);
    let (second, _) = played.sounds_after(18.5, STILL_CALLING);
    assert!((25.3..25.6).contains(&second), "{played}");
    assert_eq!(played.end().ending.as_str(), "caller_left");
}

#[tokio::test(start_paused = true)]
async fn the_line_is_busy() {
    let scene = asking(PicksUp::Not(Unreached::Busy, 2.0));
    goes_on_with_a_call_back(scene, BUSY, 16.0).await;
}

#[tokio::test(start_paused = true)]
async fn the_call_is_rejected_by_a_button() {
    let scene = asking(PicksUp::Not(Unreached::Declined, 2.0));
    goes_on_with_a_call_back(scene, DECLINED, 16.0).await;
}

#[tokio::test(start_paused = true)]
async fn there_is_no_getting_through() {
    let scene = asking(PicksUp::Not(Unreached::Failed, 0.5));
    goes_on_with_a_call_back(scene, TRANSFER_FAILED, 15.0).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_calls_breaks() {
    let scene = asking(PicksUp::Panics);
    goes_on_with_a_call_back(scene, TRANSFER_FAILED, 15.0).await;
}

#[tokio::test(start_paused = true)]
async fn the_colleague_declines() {
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene).says(15.5, 16.2, "No, not now.");
    goes_on_with_a_call_back(scene, DECLINED, 22.0).await;
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene).presses(12.0, '2');
    goes_on_with_a_call_back(scene, DECLINED, 18.0).await;
}

#[tokio::test(start_paused = true)]
async fn the_colleague_hangs_up_before_they_take_the_call() {
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene).hangs_up(13.0);
    goes_on_with_a_call_back(scene, DECLINED, 18.0).await;
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene).breaks(13.0);
    goes_on_with_a_call_back(scene, DECLINED, 18.0).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_answers_takes_no_call() {
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene).says(10.6, 14.0, "Yes, you have reached my voice mail.");
    goes_on_with_a_call_back(scene, DECLINED, 33.0).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_says_something_else_is_asked_once_more() {
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene)
        .says(15.5, 16.2, "Who is calling?")
        .says(19.5, 19.9, "Yes.")
        .says(22.0, 23.0, OF_COLLEAGUE);
    scene.leaves(26.0);
    let played = scene.play().await;
    let told: Vec<&str> = played.consulted.heard.iter().map(|h| &*h.text).collect();
    assert_eq!(
        told,
        [ABOUT_NOTHING, OPEN_NOTHING, ASK, ASK_AGAIN],
        "{played}"
    );
    assert_eq!(played.bridged.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_colleague_may_type_their_answer() {
    let mut scene = asking(PicksUp::After(1.0));
    colleague(&mut scene)
        .types(16.0, "yes")
        .says(18.0, 19.0, OF_COLLEAGUE);
    scene.leaves(22.0);
    let played = scene.play().await;
    assert_eq!(played.bridged.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_leaves_no_phone_ringing_and_no_line_open() {
    let rings = asking(PicksUp::Never);
    let answered = asking(PicksUp::After(1.0));
    for mut scene in [rings, answered] {
        scene.leaves(14.0);
        let played = scene.play().await;
        let let_go = &played.consulted.let_go;
        assert_eq!(let_go.len(), 1, "{played}");
        let gone = let_go[0].as_secs_f64();
        assert!((14.0..14.1).contains(&gone), "{played}");
        played.goes_on(&format!("{ASKED}\ntool failed\nended caller_left"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_ask_to_be_called_back_instead() {
    let mut scene = asking(PicksUp::Never);
    scene.says(14.0, 15.0, "Just call me back, please.");
    scene.leaves(24.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING, CALLBACK_PROMISED]);
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
    let let_go = &played.consulted.let_go;
    assert!(let_go[0].as_secs_f64() < 15.6, "it rings on:\n{played}");
    played.goes_on(&format!(
        "{ASKED}
         tool failed
         6 caller: Just call me back, please.
         tool callback for 6
         callback
         tool success
         7 agent: {CALLBACK_PROMISED}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_a_colleague_is_no_request_of_ours() {
    let mut scene = taken();
    scene.says(20.0, 21.0, "Just call me back, please.");
    scene.says(23.0, 24.0, DOCUMENTED);
    scene.leaves(30.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    assert!(played.kept.callbacks.is_empty(), "{played}");
    assert_eq!(played.end().ending.as_str(), "transferred", "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_lets_the_colleague_go_and_says_goodbye() {
    for (mut scene, stops) in [(asking(PicksUp::Never), 14.0), (taken(), 22.0)] {
        scene.is_stopped(stops, StopReason::Draining);
        let played = scene.play().await;
        let gone = played.consulted.let_go[0].as_secs_f64();
        assert!((stops..stops + 0.1).contains(&gone), "{played}");
        let last = played.heard.last().expect("something is said");
        assert_eq!(last.text, SERVICE_GOODBYE, "{played}");
        assert_eq!(played.end().ending.as_str(), "drained", "{played}");
        assert!(played.hangs_up(), "{played}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_breaks_lets_the_colleague_go() {
    let mut scene = taken();
    scene.session_panics(22.0);
    let played = scene.play().await;
    assert_eq!(played.consulted.let_go.len(), 1, "{played}");
    let gone = played.consulted.let_go[0].as_secs_f64();
    assert!((22.0..22.2).contains(&gone), "{played}");
}

#[tokio::test(start_paused = true)]
async fn keys_are_nobodys_while_a_colleague_is_called_or_speaks() {
    let mut scene = taken();
    scene.dials(11.0, "0");
    scene.dials(20.0, "0");
    scene.leaves(26.0);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_called_whose_call_cannot_be_recorded() {
    let mut scene = asking(PicksUp::After(1.0));
    scene.nothing_is_kept = true;
    scene.leaves(20.0);
    let played = scene.play().await;
    assert!(played.consulted.rang.is_empty(), "{played}");
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING, TRANSFER_FAILED]);
}

#[tokio::test(start_paused = true)]
async fn what_a_colleague_says_is_not_recorded() {
    let mut scene = taken();
    scene.recorded = true;
    scene.says(20.0, 21.0, OF_CALLER);
    colleague(&mut scene).says(22.0, 23.0, OF_COLLEAGUE);
    scene.leaves(30.0);
    let played = scene.play().await;
    // 16 kHz.
    let [caller, agent] = &played.sound;
    let loudest = |side: &[i16], from: usize| {
        let stretch = side.iter().skip(from * 16_000).take(4 * 16_000);
        stretch.copied().max().unwrap_or(0)
    };
    assert!(loudest(caller, 4) > 1_500, "the caller is recorded before");
    assert_eq!((loudest(caller, 20), loudest(agent, 20)), (0, 0));
}
