//! Scripts. A line is a time in seconds and what happened; what the machine did is written the same
//! way, each action at the time it was given. The clock ticks at every deadline on the way, and the
//! script's last line, `<time> end`, says how long to watch.

mod barge_in;
mod drafts;
mod endpointing;
mod finished;
mod properties;
mod silence;
mod watchdog;

use super::{AgentState, Hold, TurnAction, TurnConfig, TurnEvent, Turns};
use std::time::Duration;

fn check(script: &str, expected: &str) {
    check_with(&TurnConfig::default(), script, expected);
}

#[track_caller]
fn check_with(config: &TurnConfig, script: &str, expected: &str) {
    let mut happened = play(config, script);
    // What is drafted on the way is told by `drafts.rs`.
    happened.retain(|line| !line.contains("DRAFT"));
    let happened = happened.join("\n");
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    assert_eq!(happened, expected.join("\n"), "\nthe script was:{script}");
}

fn play(config: &TurnConfig, script: &str) -> Vec<String> {
    let mut turns = Turns::new(config.clone());
    let mut done = Vec::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (time, what) = line.split_once(' ').expect("a line is `<seconds> <event>`");
        let now = Duration::from_secs_f64(time.parse().expect("a time in seconds"));
        while let Some(at) = turns.deadline().filter(|at| *at < now) {
            note(&mut done, at, turns.on(TurnEvent::Tick, at));
            assert!(
                turns.deadline() > Some(at) || turns.deadline().is_none(),
                "{script}\ncircles at {at:?}"
            );
        }
        match what {
            "end" => {}
            "agent asks for digits" => turns.expect_digits(true),
            "agent asks" => turns.expect_answer(true),
            "reply is of use" => turns.judge_reply(true, now),
            "reply is of no use" => turns.judge_reply(false, now),
            _ => note(&mut done, now, turns.on(event(what), now)),
        }
    }
    done
}

fn event(what: &str) -> TurnEvent {
    let text = |prefix: &str| what.strip_prefix(prefix).map(|rest| rest.trim().to_owned());
    if let Some(text) = text("heard") {
        return TurnEvent::Transcript { text };
    }
    if let Some(text) = text("types") {
        return TurnEvent::CallerTyped { text };
    }
    if let Some((what, until)) = what.split_once(" until ") {
        let what = hold(what);
        let until = Duration::from_secs_f64(until.parse().expect("a time in seconds"));
        return TurnEvent::Hold { what, until };
    }
    if let Some(what) = what.strip_suffix(" done") {
        return TurnEvent::Release(hold(what));
    }
    if let Some(probability) = text("sounds") {
        let probability = probability.parse().expect("a probability");
        return TurnEvent::EndOfTurn { probability };
    }
    match what {
        "own voice" => TurnEvent::OwnVoice,
        "caller starts" => TurnEvent::CallerStartedSpeaking,
        "caller stops" => TurnEvent::CallerStoppedSpeaking,
        "deaf" => TurnEvent::TranscriptFailed,
        "agent starts" => TurnEvent::AgentStartedSpeaking {
            reply: true,
            interruptible: true,
        },
        "agent declares" => TurnEvent::AgentStartedSpeaking {
            reply: true,
            interruptible: false,
        },
        "agent stops" => TurnEvent::AgentStoppedSpeaking,
        "reply ended" => TurnEvent::ReplyEnded,
        "tick" => TurnEvent::Tick,
        other => panic!("no such event in the notation: {other}"),
    }
}

fn hold(what: &str) -> Hold {
    match what {
        "keys" => Hold::Keys,
        "code" => Hold::Code,
        "work" => Hold::Work,
        other => panic!("nothing of that name stops the clock: {other}"),
    }
}

fn note(done: &mut Vec<String>, at: Duration, actions: Vec<TurnAction>) {
    for action in actions {
        let what = match action {
            TurnAction::SetState(state) => AgentState::as_str(state).to_owned(),
            TurnAction::DuckSpeech => "DUCK".to_owned(),
            TurnAction::PauseSpeech => "PAUSE".to_owned(),
            TurnAction::ResumeSpeech => "RESUME".to_owned(),
            TurnAction::CancelReply => "CANCEL".to_owned(),
            TurnAction::Draft(turn) => format!("DRAFT {}", turn.question()),
            TurnAction::DropDraft => "DROP DRAFT".to_owned(),
            TurnAction::Reply(turn) if turn.unanswered.is_empty() => format!("REPLY {}", turn.text),
            TurnAction::Reply(turn) => format!("REPLY ({}) {}", turn.unanswered, turn.text),
            TurnAction::DidNotCatch => "DID NOT CATCH".to_owned(),
            TurnAction::TechnicalProblem => "TECHNICAL PROBLEM".to_owned(),
            TurnAction::AreYouThere => "ARE YOU THERE".to_owned(),
            TurnAction::SayGoodbye => "GOODBYE".to_owned(),
            TurnAction::HangUp => "HANG UP".to_owned(),
        };
        done.push(format!("{:.1} {what}", at.as_secs_f64()));
    }
}
