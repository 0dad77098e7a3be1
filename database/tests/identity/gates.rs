//! Every order of two writers and one merge. The merge stops at gates between its statements; the
//! writers, which are transactions of two statements each, stop because nobody sends their next.
//! An actor that cannot go on because another holds a lock goes on when it can, with what it was
//! given meanwhile, as it would without gates.

use std::{collections::VecDeque, time::Duration};

use database::test_support::TestDatabase;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{Random, invariants, prepared::Prepared, seed, sequences::FILED_AT_ONCE, size};

/// The class of advisory locks that are gates.
const GATES: i32 = 8000;
/// Gates within merge_profiles: with the commit, seven steps.
const MERGE_GATES: usize = 6;
/// Actors and their steps: two writers (a statement, the commit) and the merge.
const STEPS: [usize; 3] = [2, 2, MERGE_GATES + 1];

/// Looks at actors, 200 µs and a question each: about a minute.
const PATIENCE: u32 = 100_000;

/// The function with a gate before each of its statements but the first, numbered from 1; and how
/// many. Statements of a PL/pgSQL body are the lines indented by two.
pub(crate) async fn gated(db: &Client, function: &str) -> (String, usize) {
    let sql = "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname = $1 AND p.pronamespace = 'public'::regnamespace";
    let source: String = db.query_one(sql, &[&function]).await.unwrap().get(0);
    let (mut body, mut inside, mut gates) = (String::new(), false, 0);
    for line in source.lines() {
        let statement = line.starts_with("  ")
            && !line.starts_with("   ")
            && !["  END", "  ELSE", "  --"]
                .iter()
                .any(|word| line.starts_with(word));
        if inside && statement {
            gates += 1;
            body += &format!("  PERFORM gate({gates});\n");
        }
        inside |= line == "BEGIN";
        body += line;
        body.push('\n');
    }
    (body.replacen("PERFORM gate(1);", "", 1), gates)
}

/// Waits while somebody holds the gate's lock exclusively.
pub(crate) const GATE: &str =
    "CREATE FUNCTION gate(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_advisory_lock_shared(8000, n); PERFORM pg_advisory_unlock_shared(8000, n); END $$;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_of_two_writers_and_a_merge_ends_right() {
    let seed = seed();
    let mut orders = Vec::new();
    list(&mut Vec::new(), STEPS, &mut orders);
    assert_eq!(orders.len(), 1980, "11! / (2! 2! 7!)");
    let wanted = usize::try_from(size("PROOF_ORDERS", 40))
        .unwrap()
        .min(orders.len());
    let mut random = Random::new(seed);
    // The short form takes some of them; the long one all.
    for n in 0..wanted {
        let other = n + random.index(orders.len() - n);
        orders.swap(n, other);
    }
    orders.truncate(wanted);
    let test = TestDatabase::new().await;
    let stage = Stage::new(&test).await;
    for (n, order) in orders.iter().enumerate() {
        if let Err(broken) = stage.play(&test, order, n + 1).await {
            panic!("in the order {order:?} (0 and 1 write, 2 merges), seed {seed}: {broken}");
        }
    }
    if wanted == 1980 {
        eprintln!("all {wanted} orders of two writers and a merge end right");
    }
}

/// All orders of the actors' steps.
fn list(begun: &mut Vec<usize>, left: [usize; 3], orders: &mut Vec<Vec<usize>>) {
    if left == [0; 3] {
        orders.push(begun.clone());
    }
    for actor in 0..3 {
        if left[actor] > 0 {
            let mut less = left;
            less[actor] -= 1;
            begun.push(actor);
            list(begun, less, orders);
            begun.pop();
        }
    }
}

/// Holds the gates and looks on.
struct Stage {
    keeper: Client,
    look: Prepared,
}

/// An actor's connection and what it is to do next.
struct Actor {
    pid: i32,
    orders: mpsc::Sender<(String, oneshot::Sender<Result<(), String>>)>,
    running: VecDeque<oneshot::Receiver<Result<(), String>>>,
}

impl Stage {
    async fn new(test: &TestDatabase) -> Self {
        let stage = Self {
            keeper: test.client().await,
            look: Prepared::new(test.client().await),
        };
        stage
            .look
            .client
            .batch_execute(&format!("{GATE} {FILED_AT_ONCE}"))
            .await
            .unwrap();
        let (mut body, all) = gated(&stage.look.client, "merge_profiles").await;
        assert!(all > MERGE_GATES, "{all} statements");
        // Six of the places, evenly; the others stay open.
        let kept: Vec<usize> = (1..=MERGE_GATES)
            .map(|n| 1 + n * (all - 1) / MERGE_GATES)
            .collect();
        for n in 2..=all {
            let place = kept.iter().position(|k| *k == n);
            let becomes = place.map_or(String::new(), |at| format!("PERFORM gate({});", at + 101));
            body = body.replacen(&format!("PERFORM gate({n});"), &becomes, 1);
        }
        for n in 1..=MERGE_GATES {
            body = body.replace(&format!("gate({})", n + 100), &format!("gate({n})"));
        }
        stage.look.client.batch_execute(&body).await.unwrap();
        stage
    }

    async fn play(
        &self,
        test: &TestDatabase,
        order: &[usize],
        tenant: usize,
    ) -> Result<(), String> {
        let tenant_sql = format!("SET app.tenant = '{tenant}'");
        let scripts = self.set(&tenant_sql).await;
        let mut actors = Vec::new();
        for _ in 0..3 {
            actors.push(Actor::new(test, &tenant_sql).await);
        }
        self.act(order, &scripts, &mut actors).await?;
        let moved = "SELECT count(*) FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE u.username = 'sarah' AND u.total_sessions = 2 AND u.total_messages = 2";
        let look = &self.look.client;
        if look.query_one(moved, &[]).await.unwrap().get::<_, i64>(0) != 2 {
            return Err("sarah has not got both sessions and both messages".to_owned());
        }
        invariants::broken(&self.look).await.map_or(Ok(()), Err)
    }

    /// A device with a session, a customer, closed gates; what each actor will say.
    async fn set(&self, tenant_sql: &str) -> [Vec<String>; 3] {
        self.look.client.batch_execute(tenant_sql).await.unwrap();
        let sql = "INSERT INTO user_profiles (profile_type, anonymous_id, username) VALUES ('anonymous', 'device', NULL), ('authenticated', NULL, 'sarah') RETURNING id";
        let ids: Vec<Uuid> = self
            .look
            .client
            .query(sql, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let (old, fresh) = (Uuid::now_v7(), Uuid::now_v7());
        let sql = "INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ($1, 'r', 'p', $2)";
        self.look
            .client
            .execute(sql, &[&old, &ids[0]])
            .await
            .unwrap();
        for n in 1..=MERGE_GATES {
            self.gate(n, true).await;
        }
        [
            vec![
                format!(
                    "BEGIN; INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ('{fresh}', 'r', 'p', '{}')",
                    ids[0]
                ),
                "COMMIT".to_owned(),
            ],
            vec![
                format!(
                    "BEGIN; INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) VALUES ('{old}', 0, 'user', '\\x', sha256('')), ('{old}', 1, 'user', '\\x', sha256(''))"
                ),
                "COMMIT".to_owned(),
            ],
            vec![format!(
                "SELECT merge_profiles('{}', '{}', 'proof')",
                ids[0], ids[1]
            )],
        ]
    }

    /// Each actor takes its steps in this order.
    async fn act(
        &self,
        order: &[usize],
        scripts: &[Vec<String>; 3],
        actors: &mut [Actor],
    ) -> Result<(), String> {
        let (mut taken, mut opened) = ([0; 3], 0);
        for &actor in order {
            // A merge's first step is its call; each other one opens its next gate.
            if actor == 2 && taken[2] > 0 {
                opened += 1;
                self.gate(opened, false).await;
            } else {
                let sql = scripts[actor][taken[actor]].clone();
                actors[actor].begin(sql).await;
            }
            taken[actor] += 1;
            self.settle(actors).await?;
        }
        for n in opened + 1..=MERGE_GATES {
            self.gate(n, false).await;
        }
        for actor in actors {
            actor.finish().await?;
        }
        Ok(())
    }

    async fn gate(&self, n: usize, closed: bool) {
        let function = if closed {
            "pg_advisory_lock"
        } else {
            "pg_advisory_unlock"
        };
        self.keeper
            .batch_execute(&format!("SELECT {function}({GATES}, {n})"))
            .await
            .unwrap();
    }

    /// Until every actor is done with what it was given, stands at a gate, or waits for another.
    async fn settle(&self, actors: &mut [Actor]) -> Result<(), String> {
        for _ in 0..PATIENCE {
            let mut busy = Vec::new();
            for actor in actors.iter_mut() {
                if !actor.is_done()? {
                    busy.push(actor.pid);
                }
            }
            let sql = "SELECT count(*) FROM unnest($1::int[]) p WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = p AND NOT l.granted)";
            if busy.is_empty()
                || self
                    .look
                    .client
                    .query_one(sql, &[&busy])
                    .await
                    .unwrap()
                    .get::<_, i64>(0)
                    == 0
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        Err("an actor neither ended nor waits".to_owned())
    }
}

impl Actor {
    async fn new(test: &TestDatabase, script: &str) -> Self {
        let client = test.client().await;
        client.batch_execute(script).await.unwrap();
        let pid = client
            .query_one("SELECT pg_backend_pid()", &[])
            .await
            .unwrap()
            .get(0);
        // An actor never has more than two things to do.
        let (orders, mut inbox) = mpsc::channel::<(String, oneshot::Sender<Result<(), String>>)>(2);
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with its channel; tests have no task tracker"
        )]
        tokio::spawn(async move {
            while let Some((sql, answer)) = inbox.recv().await {
                let result = client
                    .batch_execute(&sql)
                    .await
                    .map_err(|error| format!("{sql}: {error:?}"));
                let _nobody_asks_any_more = answer.send(result);
            }
        });
        Self {
            pid,
            orders,
            running: VecDeque::new(),
        }
    }

    async fn begin(&mut self, sql: String) {
        let (answer, result) = oneshot::channel();
        self.orders.send((sql, answer)).await.unwrap();
        self.running.push_back(result);
    }

    fn is_done(&mut self) -> Result<bool, String> {
        while let Some(first) = self.running.front_mut() {
            match first.try_recv() {
                Ok(result) => result?,
                Err(_not_yet) => return Ok(false),
            }
            self.running.pop_front();
        }
        Ok(true)
    }

    async fn finish(&mut self) -> Result<(), String> {
        while let Some(first) = self.running.pop_front() {
            first.await.unwrap()?;
        }
        Ok(())
    }
}
