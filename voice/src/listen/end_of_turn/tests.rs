//! The network against ONNX Runtime's numbers, and the pool with judges that do as they are told.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, mpsc},
    time::Duration,
};

use tokio_util::task::TaskTracker;

use super::{EndOfTurnConfig, EndOfTurnError, EndOfTurnPool, GivenUp, SmartTurn};
use crate::test_support::sounds;

fn file() -> PathBuf {
    sounds::fixtures().join("../../../models/smart-turn-v3.2-cpu.onnx")
}

/// A turn of `reference.tsv`: names, where it is cut, zeros behind it.
fn turn(names: &str, cut: &str, zeros: &str) -> Vec<f32> {
    let sound = |name: &str| match name.strip_prefix("prompt:") {
        None => sounds::sample(name),
        Some(prompt) => {
            let once = sounds::prompt(prompt);
            once.into_iter()
                .flat_map(|sample| [sample, sample])
                .collect()
        }
    };
    let mut turn: Vec<i16> = names.split(' ').flat_map(sound).collect();
    turn.truncate(cut.parse().unwrap_or(usize::MAX));
    let zeros: usize = zeros.parse().unwrap();
    turn.resize(turn.len() + zeros, 0);
    sounds::floats(&turn)
}

#[test]
#[ignore = "scripts/test: needs scripts/model smart-turn and asterisk-core-sounds-en-wav"]
fn turns_are_judged_as_by_onnx_runtime() {
    let network = SmartTurn::load(&file()).unwrap();
    let table = std::fs::read_to_string(sounds::fixtures().join("end-of-turn/reference.tsv"));
    let table = table.unwrap();
    let mut rows = 0;
    for row in table.lines().skip(1) {
        let [names, cut, zeros, wanted] = *row.split('\t').collect::<Vec<_>>() else {
            panic!("{row} has other columns");
        };
        let (found, wanted) = (
            network.probability(&turn(names, cut, zeros)),
            wanted.parse::<f32>().unwrap(),
        );
        assert!((found - wanted).abs() < 1e-4, "{row}: {found}");
        rows += 1;
    }
    assert!(rows >= 15, "only {rows} turns were compared");
    assert!(network.probability(&[]).is_finite(), "a turn without sound");
}

#[test]
#[ignore = "scripts/test: needs scripts/model smart-turn"]
fn a_file_that_is_cut_short_is_named_with_what_is_wrong() {
    let whole = std::fs::read(file()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.onnx");
    for length in [0, 1000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let error = SmartTurn::load(&cut).err().unwrap().to_string();
        assert!(error.contains("cut.onnx"), "{error}");
        assert!(
            error.contains("cut short") || error.contains("no network"),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_is_missing_or_another_one_is_named() {
    let missing = SmartTurn::load("/nowhere/turn.onnx".as_ref())
        .err()
        .unwrap();
    assert!(matches!(missing, EndOfTurnError::Unreadable { .. }));
    assert!(missing.to_string().contains("/nowhere/turn.onnx"));
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.onnx");
    // A network without a constant.
    std::fs::write(&other, [0x3a, 0]).unwrap();
    let error = SmartTurn::load(&other).err().unwrap().to_string();
    assert!(
        error.contains("other.onnx") && error.contains("another network"),
        "{error}"
    );
}

/// A judge that says when it begins and goes on when it is let.
struct Gate {
    begun: Mutex<mpsc::Receiver<()>>,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    fn pool(config: &EndOfTurnConfig) -> (Self, EndOfTurnPool) {
        let (begins, begun) = mpsc::channel();
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let gate = Arc::clone(&open);
        let judge = move |turn: &[f32]| {
            begins.send(()).unwrap();
            let opened = gate.1.wait_while(gate.0.lock().unwrap(), |open| !*open);
            drop(opened.unwrap());
            turn[0]
        };
        let pool = EndOfTurnPool::with(Arc::new(judge), config).unwrap();
        (
            Self {
                begun: Mutex::new(begun),
                open,
            },
            pool,
        )
    }

    fn wait_until_one_begins(&self) {
        self.begun.lock().unwrap().recv().unwrap();
    }

    fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

fn patient() -> EndOfTurnConfig {
    EndOfTurnConfig {
        threads: 1,
        queue: 1,
        patience: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn a_pause_for_which_there_is_no_room_is_given_up_at_once() {
    let (gate, pool) = Gate::pool(&patient());
    let ask = |turn: f32| {
        let pool = pool.clone();
        TaskTracker::new().spawn(async move { pool.judge(vec![turn]).await })
    };
    let first = ask(0.25);
    tokio::task::yield_now().await;
    gate.wait_until_one_begins();
    let second = ask(0.75);
    tokio::task::yield_now().await;
    assert_eq!(pool.judge(vec![0.5]).await, Err(GivenUp::Full));
    gate.open();
    for (asked, wanted) in [(first, 0.25), (second, 0.75)] {
        let judged = asked.await.unwrap().unwrap();
        assert!((judged.probability - wanted).abs() < 1e-6);
    }
}

#[tokio::test]
async fn an_answer_that_would_come_too_late_is_not_waited_for() {
    let patience = Duration::from_millis(20);
    let (gate, pool) = Gate::pool(&EndOfTurnConfig {
        patience,
        ..patient()
    });
    assert_eq!(pool.judge(vec![0.5]).await, Err(GivenUp::Late));
    gate.open();
}

#[tokio::test]
async fn a_pause_that_nobody_waits_for_any_more_is_not_judged() {
    let (gate, pool) = Gate::pool(&patient());
    let first = TaskTracker::new().spawn({
        let pool = pool.clone();
        async move { pool.judge(vec![0.25]).await }
    });
    tokio::task::yield_now().await;
    gate.wait_until_one_begins();
    // The caller goes on while theirs is in the queue.
    let gone = tokio::time::timeout(Duration::ZERO, pool.judge(vec![0.5])).await;
    assert!(gone.is_err());
    gate.open();
    assert!(first.await.unwrap().is_ok());
    let last = pool.judge(vec![0.75]).await.unwrap();
    assert!((last.probability - 0.75).abs() < 1e-6);
    gate.wait_until_one_begins();
    assert!(
        gate.begun.lock().unwrap().try_recv().is_err(),
        "three were judged"
    );
}

#[tokio::test]
async fn a_judge_that_panics_judges_the_next_pause() {
    let judge = |turn: &[f32]| {
        if turn[0] == 0.0 {
            std::panic::resume_unwind(Box::new("the test wants it"));
        }
        turn[0]
    };
    let pool = EndOfTurnPool::with(Arc::new(judge), &patient()).unwrap();
    assert_eq!(pool.judge(vec![0.0]).await, Err(GivenUp::Failed));
    assert!(pool.judge(vec![0.5]).await.is_ok());
}
