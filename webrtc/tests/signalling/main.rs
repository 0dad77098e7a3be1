//! Signalling in any order, against a model: two connections that add and remove tracks, offer,
//! think better of it, restart ICE, repeat themselves, talk rubbish and leave.
//!
//! `PROPTEST_CASES=20000 cargo test -p libwebrtc --test signalling` is the longer form.

mod peer;

use std::{sync::mpsc, thread, time::Duration};

use proptest::prelude::*;

use self::peer::{Rubbish, Side};

/// A case takes milliseconds. One that takes this long on a loaded machine is a deadlock.
const PATIENCE: Duration = Duration::from_secs(60);

/// What may happen; `usize` chooses among what there is.
#[derive(Clone, Debug)]
enum Step {
    AddTrack {
        side: usize,
    },
    AddReceiver {
        side: usize,
    },
    RemoveTrack {
        side: usize,
        which: usize,
    },
    Stop {
        side: usize,
        which: usize,
    },
    Mute {
        side: usize,
        which: usize,
    },
    CreateChannel {
        side: usize,
    },
    CloseChannel {
        side: usize,
        which: usize,
    },
    /// An offer that is thrown away.
    Abandon {
        side: usize,
    },
    /// An offer that is applied and left without an answer.
    Offer {
        side: usize,
    },
    RollBack {
        side: usize,
    },
    /// The last answer again, which takes an open offer back.
    RepeatAnswer {
        side: usize,
    },
    Negotiate {
        side: usize,
        restart: bool,
    },
    Candidate {
        side: usize,
        rubbish: bool,
    },
    Rubbish {
        side: usize,
        what: Rubbish,
    },
    Close {
        side: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (side, which) = (0..2_usize, 0..4_usize);
    let chosen = (side.clone(), which);
    prop_oneof![
        4 => side.clone().prop_map(|side| Step::AddTrack { side }),
        1 => side.clone().prop_map(|side| Step::AddReceiver { side }),
        2 => chosen.clone().prop_map(|(side, which)| Step::RemoveTrack { side, which }),
        1 => chosen.clone().prop_map(|(side, which)| Step::Stop { side, which }),
        1 => chosen.clone().prop_map(|(side, which)| Step::Mute { side, which }),
        2 => side.clone().prop_map(|side| Step::CreateChannel { side }),
        1 => chosen.prop_map(|(side, which)| Step::CloseChannel { side, which }),
        1 => side.clone().prop_map(|side| Step::Abandon { side }),
        2 => side.clone().prop_map(|side| Step::Offer { side }),
        1 => side.clone().prop_map(|side| Step::RollBack { side }),
        1 => side.clone().prop_map(|side| Step::RepeatAnswer { side }),
        5 => (side.clone(), any::<bool>()).prop_map(|(side, restart)| Step::Negotiate { side, restart }),
        1 => (side.clone(), any::<bool>()).prop_map(|(side, rubbish)| Step::Candidate { side, rubbish }),
        1 => (side.clone(), peer::rubbish()).prop_map(|(side, what)| Step::Rubbish { side, what }),
        1 => (side, 0..8_u8).prop_map(|(side, luck)| if luck == 0 { Step::Close { side } } else { Step::Abandon { side } }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_said_before_a_negotiation_brings_both_sides_to_what_they_want(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let (done, finished) = mpsc::channel();
        let case = steps.clone();
        let runner = thread::spawn(move || {
            run(&case);
            done.send(()).ok();
        });
        match finished.recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a deadlock in {steps:?}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => {}
        }
        if let Err(broken) = runner.join() {
            let promise = broken.downcast_ref::<String>().cloned()
                .or_else(|| broken.downcast_ref::<&str>().map(ToString::to_string));
            prop_assert!(false, "{}", promise.unwrap_or_default());
        }
    }
}

fn run(steps: &[Step]) {
    let mut sides = [Side::new("a"), Side::new("b")];
    for step in steps {
        take(step, &mut sides);
        for side in &sides {
            side.check_state();
        }
    }
    if sides.iter().any(Side::is_closed) {
        for side in &mut sides {
            side.survives_alone();
        }
        return;
    }
    negotiate(&mut sides, 0, false);
    negotiate(&mut sides, 1, false);
    let [a, b] = &sides;
    a.check_agreement(b);
    b.check_agreement(a);
}

fn take(step: &Step, sides: &mut [Side; 2]) {
    match *step {
        Step::AddTrack { side } => sides[side].add(true),
        Step::AddReceiver { side } => sides[side].add(false),
        Step::RemoveTrack { side, which } => sides[side].remove(which),
        Step::Stop { side, which } => sides[side].stop(which),
        Step::Mute { side, which } => sides[side].mute(which),
        Step::CreateChannel { side } => sides[side].create_channel(),
        Step::CloseChannel { side, which } => sides[side].close_channel(which),
        Step::Abandon { side } => {
            sides[side].offer(false);
        }
        Step::Offer { side } => {
            if let Some(offer) = sides[side].offer(false) {
                sides[side].apply_offer(offer);
            }
        }
        Step::RollBack { side } => sides[side].roll_back(),
        Step::RepeatAnswer { side } => sides[side].repeat_answer(),
        Step::Negotiate { side, restart } => negotiate(sides, side, restart),
        Step::Candidate { side, rubbish } => sides[side].candidate(rubbish),
        Step::Rubbish { side, ref what } => sides[side].hear(what),
        Step::Close { side } => sides[side].close(),
    }
}

/// One offer and its answer, if both are there and there is something to offer.
fn negotiate(sides: &mut [Side; 2], offerer: usize, restart: bool) {
    if sides.iter().any(Side::is_closed) {
        return;
    }
    let answerer = 1 - offerer;
    let Some(offer) = sides[offerer].offer(restart) else {
        return;
    };
    sides[offerer].apply_offer(offer.clone());
    let answer = sides[answerer].answer(offer);
    sides[offerer].apply_answer(answer);
}
