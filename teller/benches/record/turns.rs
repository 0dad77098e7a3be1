//! Turns: how many become durable rows in a second, and how soon one can be read.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use database::{
    MessageRepository, MessageSealer, SealedMessage, SessionId, test_support::TestDatabase,
};
use tokio_postgres::{Client, types::ToSql};

use crate::{
    Size,
    samples::{Samples, times},
    stage::{self, Stage, bare_commit, bare_sync},
};

const CALLS: usize = 200;

pub(crate) async fn measure(test: &TestDatabase, size: Size) {
    throughput(test, size).await;
    visible(test, size).await;
}

/// Rows of one second, by ways of writing them; each round measures all ways.
#[derive(Default)]
struct Rates {
    single: Vec<f64>,
    single_eight: Vec<f64>,
    durable: Vec<f64>,
    visible: Vec<f64>,
    batches: Vec<f64>,
    disk: Vec<f64>,
}

async fn throughput(test: &TestDatabase, size: Size) {
    let mut rates = Rates::default();
    let stage = Stage::new(test);
    for _ in 0..size.of(5, 1) {
        let window = Duration::from_millis(size.of(3000, 500));
        rates.single.push(single_inserts(test, 1, window).await);
        through_the_spool(&stage, size.of(40_000, 4_000), &mut rates).await;
        rates
            .single_eight
            .push(single_inserts(test, 8, window).await);
        rates.batches.push(batches(test, size.of(100, 10)).await);
        let groups = size.of(200, 20);
        let disk: Duration = bare_sync(&test.db, 256, groups).into_iter().sum();
        rates.disk.push(count(groups * 256) / disk.as_secs_f64());
    }
    stage.stop().await;
    println!(
        "| turns a second, {CALLS} calls at once | | times single inserts | rounds: least, most |"
    );
    println!("| --- | ---: | ---: | --- |");
    let single = median(&mut rates.single.clone());
    let line = |name: &str, rates: &mut Vec<f64>| {
        let half = median(rates);
        println!(
            "| {name} | {half:.0} | {:.1} | {:.0}, {:.0} |",
            half / single,
            rates[0],
            rates[rates.len() - 1]
        );
    };
    line(
        "single INSERTs, each its own commit, one connection",
        &mut rates.single,
    );
    line(
        "the same, eight connections at once",
        &mut rates.single_eight,
    );
    line(
        "through the record, on the disk and acknowledged",
        &mut rates.durable,
    );
    line(
        "**through the record, committed and visible** (bar: 30)",
        &mut rates.visible,
    );
    line(
        "floor: the flusher's batches of 200, nothing else",
        &mut rates.batches,
    );
    line(
        "floor: the spool's groups of 256, no database",
        &mut rates.disk,
    );
    println!();
}

/// Turns of all calls as fast as the record takes them, until the last is committed.
async fn through_the_spool(stage: &Stage, turns: usize, rates: &mut Rates) {
    let sessions = stage.calls(CALLS).await;
    stage.acknowledged.lock().unwrap().clear();
    let began = Instant::now();
    for said in 0..turns {
        let seq = i32::try_from(said / CALLS).unwrap();
        stage
            .recorder
            .message(stage::turn(sessions[said % CALLS], seq));
        // The queue holds 32,768; what overflows it would be lost.
        while stage.recorder.waiting() > 8192 {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    stage.flushed().await;
    let visible = began.elapsed();
    let acknowledged = stage.acknowledged.lock().unwrap();
    assert_eq!(acknowledged.len(), turns, "every turn is acknowledged once");
    let durable = acknowledged.iter().map(|(_, _, at)| *at).max().unwrap() - began;
    rates.durable.push(count(turns) / durable.as_secs_f64());
    rates.visible.push(count(turns) / visible.as_secs_f64());
}

const SINGLE: &str = "INSERT INTO conversation_messages (session_id, seq, role, content_ct, redacted, started_ms, ended_ms, interrupted,
    intent, latency_ms, meta, created_at, row_hash) VALUES ($1, $2, $3::text::msg_role, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Rows a second of prepared inserts, one row and one commit each. Sealing them is not counted.
async fn single_inserts(test: &TestDatabase, connections: usize, window: Duration) -> f64 {
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let client = test.client().await;
        let mut calls = Calls::new(test, CALLS / connections).await;
        writers.spawn(async move {
            let insert = client.prepare(SINGLE).await.unwrap();
            let (mut written, mut spent) = (0, Duration::ZERO);
            while spent < window {
                let row = calls.next();
                let hash = &row.row_hash.0[..];
                let role = row.role.as_str();
                let params: [&(dyn ToSql + Sync); 13] = [
                    &row.session_id,
                    &row.seq,
                    &role,
                    &row.content_ct,
                    &row.redacted,
                    &row.started_ms,
                    &row.ended_ms,
                    &row.interrupted,
                    &row.intent,
                    &row.latency_ms,
                    &row.meta,
                    &row.created_at,
                    &hash,
                ];
                let began = Instant::now();
                client.execute(&insert, &params).await.unwrap();
                spent += began.elapsed();
                written += 1;
            }
            count(written) / spent.as_secs_f64()
        });
    }
    writers.join_all().await.into_iter().sum()
}

/// Rows a second of the statement that the flusher uses, back to back.
async fn batches(test: &TestDatabase, batches: usize) -> f64 {
    let messages = MessageRepository::new(&test.db);
    let mut calls = Calls::new(test, CALLS).await;
    let mut spent = Duration::ZERO;
    for _ in 0..batches {
        let batch: Vec<SealedMessage> = (0..200).map(|_| calls.next()).collect();
        let began = Instant::now();
        let inserted = messages.insert_batch(&batch).await.unwrap();
        spent += began.elapsed();
        assert_eq!(inserted.new, 200);
    }
    count(batches * 200) / spent.as_secs_f64()
}

/// Stored sessions that speak in turn.
struct Calls {
    sealers: Vec<(SessionId, MessageSealer)>,
    said: usize,
}

impl Calls {
    async fn new(test: &TestDatabase, count: usize) -> Self {
        let mut sealers = Vec::new();
        for _ in 0..count {
            sealers.push(stage::writer(&test.db).await);
        }
        Self { sealers, said: 0 }
    }

    fn next(&mut self) -> SealedMessage {
        let calls = self.sealers.len();
        let seq = i32::try_from(self.said / calls).unwrap();
        let (session, sealer) = &mut self.sealers[self.said % calls];
        self.said += 1;
        stage::sealed(*session, sealer, seq)
    }
}

/// 200 calls with a turn every three seconds: each turn until its row can be read.
async fn visible(test: &TestDatabase, size: Size) {
    let stage = Stage::new(test);
    let sessions = stage.calls(CALLS).await;
    let client = test.client().await;
    // What a turn cannot do without: the disk here, the round trip and the commit there.
    let (mut disk, mut commit) = floors(test, &client, size).await;
    stage.acknowledged.lock().unwrap().clear();
    let mut said = HashMap::new();
    let mut seen = Samples::default();
    let mut tick =
        tokio::time::interval(Duration::from_millis(3000) / u32::try_from(CALLS).unwrap());
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let select = client
        .prepare("SELECT FROM conversation_messages WHERE session_id = $1 AND seq = $2")
        .await
        .unwrap();
    for n in 0..size.of(8_000, 400) {
        tick.tick().await;
        let (session, seq) = (sessions[n % CALLS], i32::try_from(n / CALLS).unwrap());
        let row = stage::turn(session, seq);
        let began = Instant::now();
        stage.recorder.message(row);
        said.insert((session, seq), began);
        while client
            .query_opt(&select, &[&session, &seq])
            .await
            .unwrap()
            .is_none()
        {}
        seen.add(began.elapsed());
    }
    let mut durable = Samples::default();
    for (session, seq, at) in stage.acknowledged.lock().unwrap().iter() {
        durable.add(*at - said[&(*session, *seq)]);
    }
    stage.stop().await;
    println!("| a turn, {CALLS} calls with one every 3 s, ms | p50 | p99 | max |");
    println!("| --- | ---: | ---: | ---: |");
    println!("| on the disk and acknowledged | {} |", durable.ms());
    println!("| **its row can be read** | {} |", seen.ms());
    println!("| floor: one record and its `fdatasync` | {} |", disk.ms());
    println!("| floor: one row and its commit | {} |", commit.ms());
    let floor = disk.quantile(0.5) + commit.quantile(0.5);
    println!(
        "\nA turn takes {:.1} times both floors at the median ({} turns).\n",
        times(seen.quantile(0.5), floor),
        seen.len()
    );
}

async fn floors(test: &TestDatabase, client: &Client, size: Size) -> (Samples, Samples) {
    let count = size.of(1000, 100);
    (
        bare_sync(&test.db, 1, count),
        bare_commit(client, count).await,
    )
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(of: usize) -> f64 {
    of as f64
}
