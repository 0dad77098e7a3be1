//! F18: many calls while workers are killed, PostgreSQL crashes and connections are terminated.
//! Short by itself; `scripts/torture --calls 500 --minutes 30` is the long form.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use database::{MessageRepository, RecountRepository, SessionId};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::support::{self, Stack, cluster::Cluster, fixtures::small_model};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Words that tell each call's question from all others'.
fn question(call: usize) -> String {
    const WORDS: [&str; 26] = [
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india",
        "juliet", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra",
        "tango", "uniform", "victor", "whiskey", "xray", "yankee", "zulu",
    ];
    let at = |digit: usize| WORDS[digit % 26];
    let (a, b, c) = (at(call / 676), at(call / 26), at(call));
    format!("What are the opening hours of branch {a} {b} {c}?")
}

/// What happened to the calls.
#[derive(Default)]
struct Calls {
    begun: AtomicUsize,
    /// The caller heard an answer to its question.
    answered: std::sync::Mutex<Vec<usize>>,
}

/// One call after the other until there were enough and it is late enough.
async fn keep_calling(stack: Arc<Stack>, calls: Arc<Calls>, most: usize, until: Instant) {
    loop {
        let call = calls.begun.fetch_add(1, Ordering::SeqCst);
        if call >= most && Instant::now() >= until || call >= 17_576 {
            return;
        }
        let script = format!("- wait: 20\n- type: \"{}\"\n- wait: 20\n", question(call));
        let report = stack.call(&script).await;
        // Not the script's own verdict: a call that ended before the question has no failures either.
        if report.text("agent").contains("Monday") {
            calls.answered.lock().unwrap().push(call);
        }
    }
}

/// What is done to the parts, drawn by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fault {
    WorkerKilled,
    WorkerDrained,
    DatabaseCrashed,
    DatabaseHung,
    ConnectionsTerminated,
}

const FAULTS: [Fault; 5] = [
    Fault::WorkerKilled,
    Fault::WorkerDrained,
    Fault::DatabaseCrashed,
    Fault::DatabaseHung,
    Fault::ConnectionsTerminated,
];

/// The workers: another one is started for each that is taken away.
struct Workers {
    stack: Arc<Stack>,
    running: Option<tokio::process::Child>,
}

impl Workers {
    async fn start(&mut self) {
        self.running = Some(self.stack.spawn_worker());
        self.stack.until_registered().await;
    }

    async fn suffer(&mut self, fault: Fault, cluster: &Cluster, random: &mut StdRng) {
        let while_away = Duration::from_millis(random.random_range(200..4000));
        match fault {
            Fault::WorkerKilled => {
                self.running.as_mut().unwrap().kill().await.unwrap();
                self.start().await;
            }
            Fault::WorkerDrained => {
                let mut worker = self.running.take().unwrap();
                support::cluster::signal(worker.id().unwrap(), "TERM");
                let ended = tokio::time::timeout(Duration::from_secs(30), worker.wait()).await;
                ended.expect("a drained worker ends").unwrap();
                self.start().await;
            }
            Fault::DatabaseCrashed => {
                cluster.server.crash();
                tokio::time::sleep(while_away).await;
                cluster.server.restart();
            }
            Fault::DatabaseHung => {
                let hanging = cluster.hang().await;
                tokio::time::sleep(while_away).await;
                drop(hanging);
            }
            Fault::ConnectionsTerminated => {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                            WHERE application_name = 'teller' AND datname = current_database()";
                cluster.superuser().await.query_one(sql, &[]).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_calls_under_random_faults_lose_and_double_nothing_that_was_answered() {
    let [seed, most, minutes, callers] = [
        ("SOAK_SEED", 1),
        ("SOAK_CALLS", 8),
        ("SOAK_MINUTES", 0),
        ("SOAK_CALLERS", 3),
    ]
    .map(|(name, default)| setting(name, default));
    let cluster = Cluster::open().await;
    let model = small_model().display().to_string();
    let mut stack = Stack::prepare(&[("WHISPER_MODEL", &model), ("DRAIN_SECONDS", "5")]).await;
    stack.set("DATABASE_URL", &cluster.url());
    stack.set(
        "KEY_FILE",
        &cluster.folder.join("keys.toml").display().to_string(),
    );
    let stack = Arc::new(stack);
    let mut workers = Workers {
        stack: Arc::clone(&stack),
        running: None,
    };
    workers.start().await;
    let calls = Arc::new(Calls::default());
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    let most = usize::try_from(most).unwrap();
    let mut lines = tokio::task::JoinSet::new();
    for _ in 0..callers {
        lines.spawn(keep_calling(
            Arc::clone(&stack),
            Arc::clone(&calls),
            most,
            until,
        ));
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut suffered: HashMap<Fault, usize> = HashMap::new();
    // The short form has one of each.
    let mut order = FAULTS.into_iter();
    while !lines.is_empty() {
        let calm = Duration::from_millis(random.random_range(2000..12_000));
        let over = async { while lines.join_next().await.is_some() {} };
        if tokio::time::timeout(calm, over).await.is_ok() {
            break;
        }
        let drawn = FAULTS[random.random_range(0..FAULTS.len())];
        let fault = order.next().unwrap_or(drawn);
        workers.suffer(fault, &cluster, &mut random).await;
        *suffered.entry(fault).or_default() += 1;
    }
    let answered = calls.answered.lock().unwrap().clone();
    judge(&stack, &cluster, &answered, seed).await;
    if minutes > 0 {
        let begun = calls.begun.load(Ordering::SeqCst) - usize::try_from(callers).unwrap();
        println!(
            "seed {seed}: {begun} calls, {} answered; {suffered:?}; lost 0, doubled 0",
            answered.len()
        );
    }
    drop(workers);
}

/// Every answered question is on record once, every session is whole, closed and summarised.
async fn judge(stack: &Stack, cluster: &Cluster, answered: &[usize], seed: u64) {
    assert!(
        !answered.is_empty(),
        "seed {seed}: nobody was answered:\n{}",
        stack.log()
    );
    let sql = "SELECT (SELECT count(*) FROM agent_sessions s WHERE s.status = 'active'
                        OR NOT EXISTS (SELECT 1 FROM conversation_summaries c WHERE c.session_id = s.session_id))";
    let closed = stack
        .eventually(Duration::from_secs(200), async || {
            // Leases of killed workers run out by themselves; a test does not wait for that.
            let gone = "UPDATE workers SET expires_at = now() WHERE expires_at < now() + interval '20 seconds'";
            cluster.sql().await.execute(gone, &[]).await.unwrap();
            let sweep = stack.teller(&["sessions", "sweep", "--silent-for", "0", "--actor", "ann"]).output();
            sweep.await.unwrap();
            let open: i64 = cluster.sql().await.query_one(sql, &[]).await.unwrap().get(0);
            open == 0
        })
        .await;
    assert!(
        closed,
        "seed {seed}: a session was not closed and summarised:\n{}",
        stack.log()
    );
    let database = cluster.database();
    let messages = MessageRepository::new(&database);
    let sessions = cluster
        .sql()
        .await
        .query("SELECT session_id FROM agent_sessions", &[])
        .await
        .unwrap();
    let mut asked: HashMap<String, usize> = HashMap::new();
    for session in sessions {
        let rows = messages
            .by_session(SessionId(session.get(0)))
            .await
            .unwrap();
        for (expected, row) in rows.iter().enumerate() {
            assert_eq!(
                usize::try_from(row.seq).unwrap(),
                expected,
                "seed {seed}: a gap"
            );
            if row.role.as_str() == "user" {
                *asked
                    .entry(row.content.clone().unwrap_or_default())
                    .or_default() += 1;
            }
        }
    }
    for call in answered {
        let times = asked.get(&question(*call)).copied().unwrap_or(0);
        assert_eq!(
            times,
            1,
            "seed {seed}: {} was answered and is on record {times} times",
            question(*call)
        );
    }
    assert_sound(stack, cluster, seed).await;
}

/// Counters agree with rows, chains with anchors.
async fn assert_sound(stack: &Stack, cluster: &Cluster, seed: u64) {
    let database = cluster.database();
    let drift = RecountRepository::new(&database);
    assert!(
        drift.sessions().await.unwrap().is_empty(),
        "seed {seed}: a session's numbers drifted"
    );
    assert!(
        drift.profiles().await.unwrap().is_empty(),
        "seed {seed}: a profile's counters drifted"
    );
    let mut verify = stack.teller(&["verify"]);
    let said = verify.output().await.unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.status.success(),
        "seed {seed}: the chains do not verify:\n{text}"
    );
}
