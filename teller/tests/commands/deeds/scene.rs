//! The parts of a run: a database, the demonstration systems, workers that are killed one after the other.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{
    gate::Gate,
    judge::{Evidence, Verdict},
    kinds,
    life::Life,
    matter::{DEEDS, Matter},
};
use crate::{
    pack_tests::copy,
    support::{cluster::Cluster, fixtures::root, rehearsal::Harness},
};

/// How often a life that goes on with a matter is killed as well.
const TWICE: f64 = 0.2;
/// How often the systems decline.
const DECLINED: f64 = 0.1;
/// How often a caller calls again and is not known.
const CALLS_AGAIN: f64 = 0.3;

/// A server, and a pack that has something done.
pub(crate) struct Scene {
    cluster: Cluster,
    pack: PathBuf,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        let cluster = Cluster::open().await;
        let pack = cluster.folder.join("pack");
        copy(&root().join("knowledge/tests/packs/library"), &pack);
        copy(&root().join("teller/tests/fixtures/deeds"), &pack);
        Self { cluster, pack }
    }
}

/// The demonstration systems; killed when dropped.
struct Systems {
    _child: Child,
    address: SocketAddr,
    ledger: PathBuf,
}

impl Systems {
    async fn start(pack: &Path, ledger: PathBuf) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_teller"))
            .arg("demo-backend")
            .arg(pack)
            .args(["--listen", "127.0.0.1:0", "--state"])
            .arg(&ledger)
            .env_clear()
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().expect("it listens");
        let address = first.strip_prefix("listening at http://").expect(&first);
        let address = address.parse().unwrap();
        // What it prints later is read and forgotten: a full pipe would stop it.
        tokio::task::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            _child: child,
            address,
            ledger,
        }
    }
}

/// So many kills.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) kills: usize,
    pub(crate) lanes: usize,
    /// Where; each point with each deed, one after the other.
    pub(crate) points: &'static [&'static str],
    /// A mistake of the worker; empty: none.
    pub(crate) control: &'static str,
}

/// What came of a run.
pub(crate) struct Finished {
    pub(crate) name: &'static str,
    pub(crate) matters: Vec<Matter>,
    pub(crate) kills: usize,
    pub(crate) evidence: Evidence,
    pub(crate) verdict: Verdict,
}

impl Run {
    pub(crate) async fn carry_out(self, scene: &Scene) -> Finished {
        let cluster = Cluster::on(scene.cluster.server.clone()).await;
        let systems = Systems::start(&scene.pack, cluster.folder.join("ledger.jsonl")).await;
        let mut lanes = Vec::new();
        for lane in 0..self.lanes {
            let lane = Lane {
                run: self.clone(),
                lane,
                gate: Gate::before(systems.address).await,
                harness: cluster.harness(&lane.to_string()),
                pack: scene.pack.clone(),
                random: StdRng::seed_from_u64(self.seed ^ ((lane as u64 + 1) << 32)),
                kills: 0,
            };
            lanes.push(tokio::task::spawn(lane.run()));
        }
        let (mut matters, mut gates, mut kills) = (Vec::new(), Vec::new(), 0);
        for lane in lanes {
            let (lane, seen) = lane.await.unwrap();
            kills += lane.kills;
            gates.push(lane.gate);
            matters.extend(seen);
        }
        let evidence = Evidence::of(&cluster, &systems.ledger, &gates, &matters).await;
        let mut verdict = Verdict::default();
        for matter in &matters {
            verdict.extend(evidence.judge(matter));
        }
        if self.control != "--fresh-keys" {
            verdict.twice.extend(evidence.asked_again());
        }
        Finished {
            name: self.name,
            matters,
            kills,
            evidence,
            verdict,
        }
    }
}

/// One worker at a time, and its caller.
struct Lane {
    run: Run,
    lane: usize,
    gate: Gate,
    harness: Harness,
    pack: PathBuf,
    random: StdRng,
    kills: usize,
}

impl Lane {
    async fn run(mut self) -> (Self, Vec<Matter>) {
        let mut matters = Vec::new();
        let mut open = None;
        for kill in (self.lane..self.run.kills).step_by(self.run.lanes) {
            let mut life = self.start().await;
            let matter = match open.take() {
                Some(matter) if self.random.random_bool(TWICE) => matter,
                Some(matter) => {
                    matters.push(self.go_on(matter, &mut life).await);
                    self.new_matter(kill)
                }
                None => self.new_matter(kill),
            };
            open = Some(self.killed(kill, life, matter).await);
        }
        let mut life = self.start().await;
        if let Some(matter) = open {
            matters.push(self.go_on(matter, &mut life).await);
        }
        self.gate.let_in().await;
        life.end().await;
        (self, matters)
    }

    async fn start(&self) -> Life {
        let mut arguments = vec![
            "--pack".to_owned(),
            self.pack.display().to_string(),
            "--backend".to_owned(),
            self.gate.url.clone(),
        ];
        if !self.run.control.is_empty() {
            arguments.push(self.run.control.to_owned());
        }
        Life::start(&self.harness, &arguments).await
    }

    /// The caller of a killed worker: the conversation goes on, or they call again.
    async fn go_on(&mut self, mut matter: Matter, life: &mut Life) -> Matter {
        if self.random.random_bool(CALLS_AGAIN) {
            matter.call_again();
        }
        self.gate.fates(kinds::fates(&mut self.random));
        let ended = life.call(&mut matter, &mut self.gate, None).await;
        assert!(
            ended.is_some(),
            "a worker that nobody killed is dead:\n{}",
            self.harness.log()
        );
        self.gate.let_in().await;
        matter
    }

    /// Each point with each deed, one after the other.
    fn new_matter(&mut self, kill: usize) -> Matter {
        let round = kill / self.run.points.len();
        let number = 10_000 + u32::try_from(kill).unwrap();
        Matter::new(
            (kill + round) % DEEDS.len(),
            number,
            self.random.random_bool(DECLINED),
        )
    }

    /// The end of the worker in the middle of a matter.
    async fn killed(&mut self, kill: usize, mut life: Life, mut matter: Matter) -> Matter {
        let point = self.run.points[kill % self.run.points.len()];
        let kill = kinds::kill(point, &mut self.random);
        let fates = kinds::fates_before(point, &kill, &mut self.random);
        self.gate.fates(fates);
        let ended = life.call(&mut matter, &mut self.gate, Some(&kill)).await;
        assert!(ended.is_none(), "it was to be killed");
        matter.points.push((point, life.at_point));
        life.kill(&mut matter).await;
        self.kills += 1;
        self.gate.settle().await;
        // What straggles comes before the worker lives again, or after.
        if self.random.random_bool(0.5) {
            self.gate.let_in().await;
        }
        matter
    }
}
