//! Eight workers who write, merge, unmerge and drain at once, with random pauses; afterwards every
//! promise holds, what was acknowledged is there, and nobody waited in a circle.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use database::test_support::{TestDatabase, until};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{Random, invariants, prepared::Prepared, seed, sequences::FILED_AT_ONCE, size};

const WORKERS: usize = 8;
/// Operations of a trial, by all workers together.
const OPERATIONS: u64 = 24;
/// Trials on one database, each as another tenant, before the next database.
const TRIALS_A_DATABASE: u64 = 100;

/// What went wrong, in the words of whoever noticed.
pub(crate) type Broken = String;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_at_once_break_no_promise_and_never_deadlock() {
    let (trials, streams, seed, began) = (
        size("PROOF_TRIALS", 60),
        size("PROOF_WORKERS", 2),
        seed(),
        now(),
    );
    let mut at_once = JoinSet::new();
    for stream in 0..streams {
        let share = trials / streams + u64::from(stream < trials % streams);
        at_once.spawn(async move {
            let (mut done, mut databases) = (0, Vec::new());
            while done < share {
                let some = TRIALS_A_DATABASE.min(share - done);
                let first = seed.wrapping_add(stream << 32).wrapping_add(done);
                databases.push(run(first, some, FILED_AT_ONCE).await?);
                done += some;
            }
            Ok::<_, Broken>(databases)
        });
    }
    let mut databases = Vec::new();
    while let Some(stream) = at_once.join_next().await {
        match stream.expect("a stream of trials") {
            Ok(names) => databases.extend(names),
            Err(broken) => panic!("repeat with PROOF_SEED={seed}: {broken}"),
        }
    }
    let look = TestDatabase::new().await.client().await;
    // Backends report their statistics when they end.
    let others = "SELECT FROM pg_stat_activity WHERE datname = ANY ($1)";
    until("the workers' connections have ended", async || {
        look.query(others, &[&databases]).await.unwrap().is_empty()
    })
    .await;
    let sql = "SELECT coalesce(sum(deadlocks), 0)::bigint, count(*) FROM pg_stat_database WHERE datname = ANY ($1)";
    let row = look.query_one(sql, &[&databases]).await.unwrap();
    assert_eq!(
        (row.get::<_, i64>(0), row.get(1)),
        (0, databases.len() as i64),
        "deadlocks, and databases asked"
    );
    if trials > 1000 {
        let seconds = began.elapsed().as_secs_f64();
        eprintln!(
            "{trials} trials of {OPERATIONS} operations by {WORKERS} workers, 0 broken, 0 deadlocks, {seconds:.0} s, seed {seed}"
        );
    }
}

/// Trials on a database of their own, prepared by this script; the database's name.
pub(crate) async fn run(seed: u64, trials: u64, script: &str) -> Result<String, Broken> {
    let test = TestDatabase::new().await;
    let look = Prepared::new(test.client().await);
    look.client
        .batch_execute(script)
        .await
        .expect("preparing the database");
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(Prepared::new(test.client().await));
    }
    for trial in 0..trials {
        let seed = seed.wrapping_add(trial);
        let (outcome, back) = one_trial(&look, workers, trial + 1, seed).await;
        workers = back;
        outcome.map_err(|broken| format!("trial {trial}: {broken}"))?;
    }
    Ok(look.expect("SELECT current_database()::text", &[]).await[0].get(0))
}

/// What the workers of a trial know.
struct Cast {
    profiles: Vec<Uuid>,
    devices: usize,
    /// Sessions that all of them write to.
    sessions: Vec<Uuid>,
}

async fn one_trial(
    look: &Prepared,
    workers: Vec<Prepared>,
    tenant: u64,
    seed: u64,
) -> (Result<(), Broken>, Vec<Prepared>) {
    let mut random = Random::new(seed);
    for db in workers.iter().chain([look]) {
        db.client
            .batch_execute(&format!("SET app.tenant = '{tenant}'"))
            .await
            .expect("a tenant");
    }
    let cast = Arc::new(cast(look, &mut random).await);
    let mut crowd = JoinSet::new();
    for (n, db) in workers.into_iter().enumerate() {
        let mut worker = Worker {
            n,
            db,
            cast: cast.clone(),
            random: Random::new(random.below(u64::MAX)),
            mine: Vec::new(),
            shared: 0,
        };
        crowd.spawn(async move { (worker.work(OPERATIONS / WORKERS as u64).await, worker) });
    }
    let (mut back, mut result) = (Vec::new(), Ok(()));
    while let Some(done) = crowd.join_next().await {
        let (outcome, worker) = done.expect("a worker does not panic");
        result = result.and(outcome);
        back.push(worker);
    }
    back.sort_by_key(|worker| worker.n);
    if result.is_ok() {
        let acknowledged: Vec<(Uuid, i32)> = back
            .iter()
            .flat_map(|worker| worker.mine.iter().copied())
            .collect();
        result = settle(look, &acknowledged).await;
    }
    (result, back.into_iter().map(|worker| worker.db).collect())
}

/// Three to six profiles, some with a session, so that merges have something to move.
async fn cast(db: &Prepared, random: &mut Random) -> Cast {
    let devices = 2 + random.index(3);
    let (mut profiles, mut sessions) = (Vec::new(), Vec::new());
    for n in 0..=random.index(2) {
        let sql = "INSERT INTO user_profiles (profile_type, username) VALUES ('authenticated', $1) RETURNING id";
        profiles.push(db.expect(sql, &[&format!("customer-{n}")]).await[0].get(0));
    }
    for n in 0..devices {
        let (session, profile) = call(db, n).await.expect("the first call of a device");
        profiles.push(profile);
        sessions.push(session);
    }
    Cast {
        profiles,
        devices,
        sessions,
    }
}

/// A call from a device: the session and its profile.
async fn call(db: &Prepared, device: usize) -> Result<(Uuid, Uuid), Broken> {
    let session = Uuid::now_v7();
    let sql = "SELECT profile_id FROM start_session($1, 'room', 'unknown', $2, 'web', NULL, NULL, NULL, NULL, now())";
    let rows = db
        .query(sql, &[&session, &format!("device-{device}")])
        .await
        .map_err(text)?;
    Ok((session, rows[0].get(0)))
}

struct Worker {
    n: usize,
    db: Prepared,
    cast: Arc<Cast>,
    random: Random,
    /// Sessions of its own with the number of messages that were acknowledged.
    mine: Vec<(Uuid, i32)>,
    /// Batches written to the sessions of all.
    shared: i32,
}

impl Worker {
    async fn work(&mut self, operations: u64) -> Result<(), Broken> {
        for _ in 0..operations {
            tokio::time::sleep(Duration::from_micros(self.random.below(1500))).await;
            let (a, b) = (self.somebody(), self.somebody());
            match self.random.below(15) {
                0 | 1 => {
                    let device = self.random.index(self.cast.devices);
                    self.mine.push((call(&self.db, device).await?.0, 0));
                }
                2..=4 => self.write_to_all().await?,
                5 | 6 if !self.mine.is_empty() => self.write_to_mine().await?,
                12 | 13 => {
                    let upto = i32::try_from(self.random.below(6)).expect("small");
                    self.ask(crate::leads::TELL, &[&self.cast.sessions, &upto])
                        .await?;
                }
                14 => {
                    let limit = 1 + i32::try_from(self.random.below(4)).expect("small");
                    self.ask(crate::leads::SCORE, &[&limit]).await?;
                }
                7 => {
                    self.ask("SELECT unmerge_profile($1, 'proof')", &[&a])
                        .await?
                }
                8 => {
                    let limit = 1 + i32::try_from(self.random.below(3)).expect("small");
                    self.ask("SELECT refiled FROM drain_merges($1)", &[&limit])
                        .await?;
                }
                _ => {
                    let force = self.random.below(3) == 0;
                    self.ask(
                        "SELECT merge_profiles($1, $2, 'proof', NULL, $3)",
                        &[&a, &b, &force],
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }

    fn somebody(&mut self) -> Uuid {
        self.cast.profiles[self.random.index(self.cast.profiles.len())]
    }

    async fn ask(
        &self,
        sql: &'static str,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<(), Broken> {
        self.db.query(sql, params).await.map(drop).map_err(text)
    }

    /// Two new messages in each session that all write to, the sessions in any order.
    async fn write_to_all(&mut self) -> Result<(), Broken> {
        let mut sessions = self.cast.sessions.clone();
        for n in 0..sessions.len() {
            let other = n + self.random.index(sessions.len() - n);
            sessions.swap(n, other);
        }
        let first = i32::try_from(self.n).expect("small") * 1000 + self.shared * 2;
        self.shared += 1;
        let sql = "INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash)
                   SELECT s, n, 'user', '\\x', sha256('') FROM unnest($1::uuid[]) s, generate_series($2::int, $2 + 1) n ON CONFLICT DO NOTHING RETURNING 1";
        let stored = self
            .db
            .query(sql, &[&sessions, &first])
            .await
            .map_err(text)?;
        if stored.len() == 2 * sessions.len() {
            Ok(())
        } else {
            Err("new messages were not stored".to_owned())
        }
    }

    /// One more message in each of its own sessions, and all of before again.
    async fn write_to_mine(&mut self) -> Result<(), Broken> {
        let sessions: Vec<Uuid> = self.mine.iter().map(|(id, _)| *id).collect();
        let last = self
            .mine
            .iter()
            .map(|(_, messages)| *messages)
            .max()
            .unwrap_or(0);
        let sql = "INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash)
                   SELECT s, n, 'user', '\\x', sha256('') FROM unnest($1::uuid[]) s, generate_series(0, $2::int) n ON CONFLICT DO NOTHING";
        self.ask(sql, &[&sessions, &last]).await?;
        for (_, messages) in &mut self.mine {
            *messages = last + 1;
        }
        Ok(())
    }
}

/// Drains of fifty rows each, far more than a trial leaves.
const MOST_ROUNDS: u32 = 1_000;

/// After the trial, and again when everything is drained.
async fn settle(db: &Prepared, acknowledged: &[(Uuid, i32)]) -> Result<(), Broken> {
    invariants::broken(db).await.map_or(Ok(()), Err)?;
    let mut rounds = 0;
    while db
        .query("SELECT pending FROM drain_merges(50)", &[])
        .await
        .map_err(text)?[0]
        .get::<_, i64>(0)
        > 0
    {
        rounds += 1;
        if rounds > MOST_ROUNDS {
            return Err(format!("something is pending after {rounds} drains"));
        }
    }
    let (sessions, counts): (Vec<Uuid>, Vec<i32>) = acknowledged.iter().copied().unzip();
    let lost = "SELECT a.session FROM unnest($1::uuid[], $2::int[]) a(session, messages)
                 WHERE a.messages <> (SELECT count(*) FROM conversation_messages m JOIN agent_sessions s USING (session_id) WHERE m.session_id = a.session)";
    let lost = db.query(lost, &[&sessions, &counts]).await.map_err(text)?;
    if !lost.is_empty() {
        return Err(format!(
            "{} sessions lost words that were acknowledged",
            lost.len()
        ));
    }
    invariants::broken(db)
        .await
        .map_or(Ok(()), |broken| Err(format!("after draining: {broken}")))
}

fn text(error: tokio_postgres::Error) -> Broken {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |db| format!("{} ({})", db.message(), db.code().code()),
    )
}

#[expect(clippy::disallowed_methods, reason = "a proof says how long it took")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
