//! Nothing that was acknowledged is lost, whatever is killed, and whenever.
//!
//! The short form runs with the other tests; `scripts/torture` is the long one. Everything follows
//! from a seed.

use std::{
    io::{Seek as _, SeekFrom, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use database::keys::SealingKey;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::support::{
    cluster::Cluster,
    rehearsal::{self, Harness, Verdict},
};

/// Where the writer can be made to die.
const POINTS: [&str; 6] = [
    "before-append",
    "mid-frame",
    "after-append",
    "before-commit",
    "after-commit",
    "before-delete",
];

#[derive(Clone)]
struct Plan {
    seed: u64,
    kills: u64,
    crashes: u64,
    lanes: usize,
    until: Option<Instant>,
    arguments: &'static [&'static str],
}

#[derive(Default)]
struct Tally {
    kills: AtomicU64,
    at_points: AtomicU64,
    database_away: AtomicU64,
    torn: AtomicU64,
    crashes: AtomicU64,
}

fn number(key: &str, default: u64) -> u64 {
    std::env::var(key)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

impl Plan {
    fn from_env() -> Self {
        let minutes = number("TORTURE_MINUTES", 0);
        Self {
            seed: number("TORTURE_SEED", 1),
            kills: number("TORTURE_KILLS", 8),
            crashes: number("TORTURE_CRASHES", 1),
            lanes: usize::try_from(number("TORTURE_LANES", 2)).unwrap(),
            until: (minutes > 0).then(|| Instant::now() + Duration::from_secs(60 * minutes)),
            arguments: &[],
        }
    }

    fn over(&self, tally: &Tally) -> bool {
        let asked = tally.kills.load(Ordering::Relaxed) >= self.kills
            && tally.crashes.load(Ordering::Relaxed) >= self.crashes;
        self.until
            .map_or(asked, |until| Instant::now() >= until && asked)
    }
}

/// Lives of writers, each ended by SIGKILL, while the server crashes now and then.
async fn torture(cluster: &Cluster, plan: Arc<Plan>, tally: Arc<Tally>) -> Vec<Harness> {
    let harnesses: Vec<Harness> = (0..plan.lanes)
        .map(|lane| cluster.harness(&lane.to_string()))
        .collect();
    let mut lanes = Vec::new();
    for (lane, harness) in harnesses.iter().cloned().enumerate() {
        let (plan, tally, key) = (plan.clone(), tally.clone(), cluster.keys.spool_key());
        lanes.push(tokio::task::spawn_blocking(move || {
            let mut random = StdRng::seed_from_u64(plan.seed ^ (lane as u64 + 1) << 32);
            while !plan.over(&tally) {
                one_life(&harness, &plan, &tally, &key, &mut random);
            }
        }));
    }
    let (server, breaker, counted) = (cluster.server.clone(), plan.clone(), tally.clone());
    let crashes = tokio::task::spawn_blocking(move || {
        let mut random = StdRng::seed_from_u64(breaker.seed);
        while counted.crashes.load(Ordering::Relaxed) < breaker.crashes
            || breaker.until.is_some_and(|until| Instant::now() < until)
        {
            std::thread::sleep(Duration::from_millis(random.random_range(300..2500)));
            counted.database_away.store(1, Ordering::Relaxed);
            server.crash();
            // Every fourth time it stays away for a while, so that whole lives pass without it.
            let away = if random.random_bool(0.25) { 3000 } else { 300 };
            std::thread::sleep(Duration::from_millis(random.random_range(0..away)));
            server.restart();
            counted.database_away.store(0, Ordering::Relaxed);
            counted.crashes.fetch_add(1, Ordering::Relaxed);
        }
    });
    crashes.await.unwrap();
    for lane in lanes {
        lane.await.unwrap();
    }
    harnesses
}

fn one_life(harness: &Harness, plan: &Plan, tally: &Tally, key: &SealingKey, random: &mut StdRng) {
    let seed = random.random::<u32>().to_string();
    let mut arguments = vec!["--seed", &seed, "--pause-us", "2000"];
    arguments.extend(plan.arguments);
    let mut command = harness.rehearse(&arguments);
    let at_a_point = plan.arguments.is_empty() && random.random_bool(0.35);
    if at_a_point {
        let point = POINTS[random.random_range(0..POINTS.len())];
        let passes = if point == "before-delete" {
            1
        } else {
            random.random_range(1..150)
        };
        command.env("TELLER_FAIL", format!("{point}:{passes}"));
    }
    let mut life = rehearsal::Process(command.spawn().unwrap());
    if at_a_point && life.dies_within(Duration::from_millis(1500)) {
        tally.at_points.fetch_add(1, Ordering::Relaxed);
    } else {
        let lives = Duration::from_millis(random.random_range(100..2000));
        if !at_a_point {
            std::thread::sleep(lives);
        }
        life.kill();
    }
    tally.kills.fetch_add(1, Ordering::Relaxed);
    if random.random_bool(0.2) {
        tally
            .torn
            .fetch_add(u64::from(tear(harness, key, random)), Ordering::Relaxed);
    }
}

/// Leaves bytes behind the last record, as a writer does whose frame was cut by the loss of power.
fn tear(harness: &Harness, key: &SealingKey, random: &mut StdRng) -> bool {
    let Some(newest) = database::spool::segments(&harness.spool, key)
        .unwrap()
        .pop()
    else {
        return false;
    };
    let path = harness.spool.join(format!("{:012}.seg", newest.number));
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    let garbage: Vec<u8> = (0..random.random_range(1..300))
        .map(|_| random.random_range(1..=255))
        .collect();
    if !newest.readable || newest.end + garbage.len() as u64 > newest.bytes {
        return false;
    }
    file.seek(SeekFrom::Start(newest.end)).unwrap();
    file.write_all(&garbage).unwrap();
    true
}

fn table(plan: &Plan, rows: &[(&str, &Tally, &[Harness], &Verdict, usize)], took: Duration) {
    if std::env::var_os("TORTURE_TABLE").is_none() {
        return;
    }
    println!(
        "seed {}, {} writers at a time, {} s",
        plan.seed,
        plan.lanes,
        took.as_secs()
    );
    println!(
        "{:<26} {:>7} {:>10} {:>10} {:>6} {:>9} {:>9} {:>9} {:>6} {:>8} {:>6} {:>8}",
        "run",
        "kills",
        "at points",
        "crashes",
        "torn",
        "replayed",
        "acked",
        "stored",
        "lost",
        "doubled",
        "gaps",
        "changed"
    );
    for (name, tally, harnesses, verdict, doubled) in rows {
        let replayed: u64 = harnesses.iter().map(|harness| harness.found()[0]).sum();
        let torn: u64 = harnesses.iter().map(|harness| harness.found()[1]).sum();
        println!(
            "{name:<26} {:>7} {:>10} {:>10} {:>6} {replayed:>9} {:>9} {:>9} {:>6} {doubled:>8} {:>6} {:>8}",
            tally.kills.load(Ordering::Relaxed),
            tally.at_points.load(Ordering::Relaxed),
            tally.crashes.load(Ordering::Relaxed),
            torn,
            verdict.acked,
            verdict.stored,
            verdict.lost.len(),
            verdict.gaps.len(),
            verdict.changed.len(),
        );
    }
}

/// Notes each delivery of a message in a table without a key, beside the one with it.
const WITHOUT_KEY: &str = "
    CREATE TABLE delivered (session_id uuid, seq int);
    CREATE FUNCTION note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO delivered VALUES (NEW.session_id, NEW.seq); RETURN NEW; END $$;
    CREATE TRIGGER note_delivery BEFORE INSERT ON conversation_messages FOR EACH ROW EXECUTE FUNCTION note_delivery();";

/// Turns without which nothing is proven.
const LEAST: usize = 100;
/// Kills of a run that showed nothing, after which it is given up.
const MOST_KILLS: u64 = 100;

impl Plan {
    /// A shorter run that must fail in its way: without durability turns are lost, without the key
    /// they double.
    fn control(&self, arguments: &'static [&'static str]) -> Self {
        Self {
            kills: self.kills.clamp(6, 24),
            crashes: self.crashes.clamp(1, 4),
            until: None,
            arguments,
            ..*self
        }
    }
}

/// Follows a plan, and goes on with other lives until it showed what it is to show.
async fn torture_until(
    cluster: &Cluster,
    plan: &Plan,
    shown: impl AsyncFn(&[Harness]) -> bool,
) -> (Arc<Tally>, Vec<Harness>) {
    let tally = Arc::new(Tally::default());
    let mut next = plan.clone();
    loop {
        let harnesses = torture(cluster, Arc::new(next.clone()), tally.clone()).await;
        let kills = tally.kills.load(Ordering::Relaxed);
        if shown(&harnesses).await || kills >= plan.kills.max(MOST_KILLS) {
            return (tally, harnesses);
        }
        next.seed += 1;
        next.kills = kills + plan.kills;
        next.crashes += plan.crashes;
    }
}

fn bring_home(harnesses: &[Harness]) {
    for harness in harnesses {
        harness.bring_home();
    }
}

async fn judge(cluster: &Cluster, harnesses: &[Harness]) -> Verdict {
    cluster.judge(&harnesses.iter().collect::<Vec<_>>()).await
}

async fn delivered_twice(cluster: &Cluster) -> usize {
    let sql = "SELECT count(*) - count(DISTINCT (session_id, seq)) FROM delivered";
    let twice: i64 = cluster
        .sql()
        .await
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0);
    usize::try_from(twice).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_by_kills_and_crashes_and_the_proof_can_fail() {
    let began = Instant::now();
    let plan = Plan::from_env();
    let seed = plan.seed;
    println!("seed {seed}");
    let cluster = Cluster::open().await;
    let (tally, harnesses) = torture_until(&cluster, &plan, async |harnesses| {
        bring_home(harnesses);
        judge(&cluster, harnesses).await.acked >= LEAST
    })
    .await;
    let exact = judge(&cluster, &harnesses).await;

    let memory = Cluster::on(cluster.server.clone()).await;
    let from_memory = plan.control(&["--acknowledge-from-memory"]);
    let (forgetting, careless) = torture_until(&memory, &from_memory, async |harnesses| {
        !judge(&memory, harnesses).await.lost.is_empty()
    })
    .await;
    let lossy = judge(&memory, &careless).await;
    let keyless = Cluster::on(cluster.server.clone()).await;
    keyless
        .sql()
        .await
        .batch_execute(WITHOUT_KEY)
        .await
        .unwrap();
    let (repeating, repeated) = torture_until(&keyless, &plan.control(&[]), async |harnesses| {
        bring_home(harnesses);
        let keyed = judge(&keyless, harnesses).await;
        delivered_twice(&keyless).await > 0 && keyed.acked >= LEAST
    })
    .await;
    let keyed = judge(&keyless, &repeated).await;
    let twice = delivered_twice(&keyless).await;

    let rows = [
        ("spool", &*tally, &harnesses[..], &exact, exact.doubled),
        (
            "control: from memory",
            &*forgetting,
            &careless[..],
            &lossy,
            lossy.doubled,
        ),
        (
            "control: without the key",
            &*repeating,
            &repeated[..],
            &keyed,
            twice,
        ),
    ];
    table(&plan, &rows, began.elapsed());
    exact.assert_exact(LEAST);
    keyed.assert_exact(LEAST);
    assert!(
        !lossy.lost.is_empty(),
        "a writer that acknowledges from memory lost nothing: the proof cannot fail (seed {seed})"
    );
    assert!(
        twice > 0,
        "no message was delivered twice: the key was not needed (seed {seed})"
    );
}
