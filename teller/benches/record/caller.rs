//! What the task of a call pays for its record, and what its audio notices.

use std::{
    hint::black_box,
    io::{Seek as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use database::{SessionId, test_support::TestDatabase};
use record::Recorder;

use crate::{
    Size,
    samples::Samples,
    stage::{self, Stage},
};

/// Calls that speak: as many as a worker of two cores may have.
const CALLS: usize = 50;

pub(crate) async fn measure(test: &TestDatabase, size: Size) {
    let stage = Stage::new(test);
    let sessions = stage.calls(CALLS).await;
    let turns = size.of(5_000, 500);
    let mut seq = 0;
    let mut nothing = hand_over(None, &sessions, turns, &mut seq).await;
    let mut quiet = hand_over(Some(&stage.recorder), &sessions, turns, &mut seq).await;
    stage.flushed().await;
    let busy = BusyDisk::start();
    stage.acknowledged.lock().unwrap().clear();
    let mut slow = hand_over(Some(&stage.recorder), &sessions, turns, &mut seq).await;
    let (mut disk, durable) = (busy.stop(), acknowledged_at_least(&stage, turns));
    stage.flushed().await;
    let hung = Hung::start(test).await;
    let mut hanging = hand_over(Some(&stage.recorder), &sessions, turns, &mut seq).await;
    let waiting = stage.health.status().waiting;
    hung.stop().await;
    stage.flushed().await;
    println!("| handing a turn over, on the call's task, µs | p50 | p99 | max |");
    println!("| --- | ---: | ---: | ---: |");
    println!("| nothing: the row is dropped | {} |", nothing.us());
    println!("| recorded | {} |", quiet.us());
    println!(
        "| recorded, the disk busy with another writer | {} |",
        slow.us()
    );
    println!("| recorded, the database hanging | {} |", hanging.us());
    println!(
        "\nMeanwhile: 8 MB and an `fdatasync` of the other writer took {} ms (p50, p99, max), {durable} of {turns} turns were acknowledged beside it; {waiting} records waited for the hanging database.\n",
        disk.ms()
    );

    let (mut off, mut on) = (Samples::default(), Samples::default());
    for _ in 0..size.of(5, 1) {
        let window = Duration::from_millis(size.of(4000, 1000));
        off.extend(ticks(None, &sessions, &mut seq, window).await);
        on.extend(ticks(Some(&stage.recorder), &sessions, &mut seq, window).await);
        stage.flushed().await;
    }
    println!("| lateness of the 10 ms frames of {CALLS} calls, ms | p50 | p99 | max |");
    println!("| --- | ---: | ---: | ---: |");
    println!("| nothing is recorded | {} |", off.ms());
    println!(
        "| each call records a turn every 300 ms, ten times its rate | {} |",
        on.ms()
    );
    println!(
        "\n{} frames each; PostgreSQL and the record's thread share the cores.\n",
        on.len()
    );
    stage.stop().await;
}

/// The time that the call's task gives away for one turn after another.
async fn hand_over(
    recorder: Option<&Recorder>,
    sessions: &[SessionId],
    turns: usize,
    seq: &mut i32,
) -> Samples {
    let mut samples = Samples::default();
    for n in 0..turns {
        let session = sessions[n % sessions.len()];
        if n % sessions.len() == 0 {
            *seq += 1;
        }
        let row = stage::turn(session, *seq - 1);
        let began = Instant::now();
        match recorder {
            Some(recorder) => recorder.message(row),
            None => drop(black_box(row)),
        }
        samples.add(began.elapsed());
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    // The numbers of what was dropped are given again.
    if recorder.is_none() {
        *seq = 0;
    }
    samples
}

/// How late the frames of all calls are, with or without a record.
async fn ticks(
    recorder: Option<&Recorder>,
    sessions: &[SessionId],
    seq: &mut i32,
    window: Duration,
) -> Samples {
    const FRAME: Duration = Duration::from_millis(10);
    let frames = u32::try_from(window.as_millis() / FRAME.as_millis()).unwrap();
    let mut calls = tokio::task::JoinSet::new();
    let first = *seq;
    let start = tokio::time::Instant::now() + FRAME;
    for (n, session) in sessions.iter().copied().enumerate() {
        let recorder = recorder.cloned();
        calls.spawn(async move {
            let (mut late, mut seq) = (Samples::default(), first);
            // As calls do, they begin at different moments.
            let start = start + FRAME * u32::try_from(n).unwrap() / 50;
            for frame in 0..frames {
                let due = start + FRAME * frame;
                tokio::time::sleep_until(due).await;
                late.add(due.elapsed());
                if let Some(recorder) = &recorder
                    && (frame as usize + n).is_multiple_of(30)
                {
                    recorder.message(stage::turn(session, seq));
                    seq += 1;
                }
            }
            (late, seq)
        });
    }
    let mut all = Samples::default();
    for (late, last) in calls.join_all().await {
        all.extend(late);
        *seq = (*seq).max(last);
    }
    all
}

/// How many turns were acknowledged by now; the rest waits in the queue.
fn acknowledged_at_least(stage: &Stage, turns: usize) -> usize {
    stage.acknowledged.lock().unwrap().len().min(turns)
}

/// Somebody else writes to the spool's disk as fast as it takes it.
struct BusyDisk {
    stop: Arc<AtomicBool>,
    writing: std::thread::JoinHandle<Samples>,
}

impl BusyDisk {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let writing = std::thread::spawn(move || {
            let folder = stage::folder();
            let mut file = std::fs::File::create(folder.join("noise")).unwrap();
            let (bytes, mut samples) = (vec![1; 8 << 20], Samples::default());
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                file.rewind().unwrap();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                samples.add(began.elapsed());
            }
            std::fs::remove_dir_all(&folder).unwrap();
            samples
        });
        Self { stop, writing }
    }

    fn stop(self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        self.writing.join().unwrap()
    }
}

/// The database takes statements and does not answer: somebody has locked the table.
struct Hung(tokio_postgres::Client);

impl Hung {
    async fn start(test: &TestDatabase) -> Self {
        let client = test.client().await;
        let lock = "BEGIN; LOCK TABLE conversation_messages IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.unwrap();
        Self(client)
    }

    async fn stop(self) {
        self.0.batch_execute("ROLLBACK").await.unwrap();
    }
}
