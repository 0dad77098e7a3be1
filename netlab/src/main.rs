//! The lab's command; `netlab/README.md` says what it is for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use netlab::{
    hosts,
    plan::{self, Plan},
    runner::{Engine, Outcome, Programs, Setting, Stop, carried, carry, document, judge, line},
    scenario::{self, Kind, Scenario},
    score::PairScore,
    servers,
};

/// How long a sentence and the gap after it take, about; for how many a network needs.
const SENTENCE: Duration = Duration::from_secs(5);

/// What a browser says and hears: it takes one room, so one sentence after the other.
const BROWSER_SENTENCES: usize = 16;

/// Calls over spoiled networks, measured by what was understood.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Carries calls over the networks and prints what was heard.
    Run(Box<Run>),
    /// Lists the networks.
    List,
    /// Makes a plan and its recordings.
    Plan {
        /// How many sentences.
        #[arg(long, default_value_t = 8)]
        sentences: usize,
        /// In how many rooms.
        #[arg(long, default_value_t = 2)]
        streams: usize,
        /// Where the plan and its recordings go.
        #[arg(long)]
        work: PathBuf,
    },
    /// Listens (again) to what was last carried over these networks, all that were if none is named.
    Listen {
        /// The networks.
        scenario: Vec<String>,
        #[command(flatten)]
        places: Places,
    },
    /// Writes the document of the raw results there are.
    Report {
        #[command(flatten)]
        places: Places,
    },
}

#[derive(Args)]
struct Places {
    /// Recordings, logs and raw results.
    #[arg(long, default_value = ".data/netlab")]
    work: PathBuf,
    /// The document.
    #[arg(long, default_value = "docs/netlab.md")]
    document: PathBuf,
}

#[derive(Args)]
struct Run {
    /// These networks alone (all: see `list`).
    #[arg(long, num_args = 1..)]
    scenario: Vec<String>,
    /// How many of the sentences each sender says (recovery and connectivity: as many as they need).
    #[arg(long, default_value_t = 161)]
    sentences: usize,
    /// Over how many rooms they are spread.
    #[arg(long, default_value_t = 4)]
    streams: usize,
    /// Decides all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One network of each kind, few sentences: minutes.
    #[arg(long)]
    quick: bool,
    /// Who speaks to whom, as ours-rival; all four if not said.
    #[arg(long, num_args = 1.., value_parser = pair)]
    pairs: Vec<(Engine, Engine)>,
    /// Encrypt end to end with this passphrase.
    #[arg(long)]
    e2ee: Option<String>,
    /// Write the document when done, of all raw results there are.
    #[arg(long)]
    write: bool,
    /// Only carry the calls; `listen` transcribes them, which takes both cores as long again.
    #[arg(long, conflicts_with = "write")]
    unheard: bool,
    #[command(flatten)]
    places: Places,
    /// The LiveKit server.
    #[arg(long, default_value = ".data/bin/livekit-server")]
    livekit: PathBuf,
    /// coturn's server.
    #[arg(long, default_value = "turnserver")]
    turnserver: PathBuf,
    /// Our peer; beside this program if not said.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// A Python that has the package livekit.
    #[arg(long, default_value = ".data/netlab/venv/bin/python")]
    python: PathBuf,
    /// The rival's peer.
    #[arg(long, default_value = "netlab/peer.py")]
    rival: PathBuf,
    /// The browser's peer, which needs Node and Chromium.
    #[arg(long, default_value = "netlab/browser/peer.mjs")]
    browser: PathBuf,
    /// The lab's name: two labs of different names do not meet. Letters and digits.
    #[arg(long, default_value = "run")]
    tag: String,
}

fn pair(text: &str) -> Result<(Engine, Engine), String> {
    let engine = |name| <Engine as clap::ValueEnum>::from_str(name, false);
    let (sender, receiver) = text
        .split_once('-')
        .ok_or("a pair is written as ours-rival")?;
    Ok((engine(sender)?, engine(receiver)?))
}

fn main() -> ExitCode {
    match act(Options::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netlab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(run) => return go(&run),
        Command::List => scenario::all()
            .iter()
            .for_each(|one| println!("{:20} {}", one.name, one.about)),
        Command::Plan {
            sentences,
            streams,
            work,
        } => {
            plan::make(sentences, streams, &work)?.write(&work.join("plan.json"))?;
        }
        Command::Listen { scenario, places } => return listen(&scenario, &places),
        Command::Report { places } => write_document(&places)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn go(run: &Run) -> anyhow::Result<ExitCode> {
    if let Err(missing) = hosts::check() {
        println!("skipped: {missing}");
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = chosen(&run.scenario, run.quick)?;
    let setting = setting(run)?;
    let stop = Stop::on_signals()?;
    let mut failed = false;
    for scenario in &chosen {
        let plan = plan_for(scenario, run, &setting.work)?;
        eprintln!("{}: {} s", scenario.name, plan.length().as_secs());
        carry(scenario, &plan, &setting, &stop).with_context(|| scenario.name)?;
        if !run.unheard {
            failed |= hear(scenario, &setting.work)?;
        }
        stop.sleep(Duration::ZERO)?;
    }
    if run.write {
        write_document(&run.places)?;
    }
    Ok(verdict(failed))
}

/// A call that nobody heard is a failure of whoever runs this as a test.
fn verdict(failed: bool) -> ExitCode {
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn listen(names: &[String], places: &Places) -> anyhow::Result<ExitCode> {
    let mut failed = false;
    for scenario in chosen(names, false)? {
        let was_carried = carried(&scenario, &places.work).is_ok();
        if was_carried || !names.is_empty() {
            failed |= hear(&scenario, &places.work)?;
        }
    }
    Ok(verdict(failed))
}

/// Listens to what was carried over a network, keeps the result and says it. True if some pair heard nothing.
fn hear(scenario: &Scenario, work: &Path) -> anyhow::Result<bool> {
    let (plan, carried) = carried(scenario, work)?;
    let outcome = judge(scenario, &plan, carried, &work.join(scenario.name));
    println!("{}", line(&outcome));
    let results = work.join("results");
    fs::create_dir_all(&results).with_context(|| format!("{}", results.display()))?;
    let file = results.join(format!("{}.json", scenario.name));
    fs::write(&file, serde_json::to_vec_pretty(&outcome)?)
        .with_context(|| format!("{}", file.display()))?;
    let unheard = |score: &PairScore| score.sentences_heard == 0;
    Ok(outcome
        .pairs
        .iter()
        .any(|pair| pair.score.as_ref().is_none_or(unheard)))
}

fn chosen(names: &[String], quick: bool) -> anyhow::Result<Vec<Scenario>> {
    let all = scenario::all();
    for name in names {
        anyhow::ensure!(
            all.iter().any(|one| one.name == name),
            "no network is called {name}: see `netlab list`"
        );
    }
    let wanted = |one: &Scenario| match (names, quick) {
        ([], true) => scenario::QUICK.contains(&one.name),
        ([], false) => true,
        (names, _) => names.iter().any(|name| name == one.name),
    };
    Ok(all.into_iter().filter(wanted).collect())
}

fn setting(run: &Run) -> anyhow::Result<Setting> {
    let absolute =
        |path: &Path| std::path::absolute(path).with_context(|| format!("{}", path.display()));
    // A program without a folder is looked for in the PATH.
    let program = |path: &Path| {
        if path.components().count() == 1 {
            Ok(path.to_owned())
        } else {
            absolute(path)
        }
    };
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("netlab-peer"));
    let all = Engine::ALL
        .into_iter()
        .flat_map(|sender| Engine::ALL.map(|receiver| (sender, receiver)));
    Ok(Setting {
        tag: run.tag.clone(),
        peers: Programs {
            ours: run
                .peer
                .as_deref()
                .map_or_else(|| Ok(beside()?), absolute)?,
            python: program(&run.python)?,
            rival: absolute(&run.rival)?,
            browser: absolute(&run.browser)?,
        },
        servers: servers::Programs {
            livekit: program(&run.livekit)?,
            turnserver: program(&run.turnserver)?,
        },
        pairs: if run.pairs.is_empty() {
            all.collect()
        } else {
            run.pairs.clone()
        },
        seed: run.seed,
        passphrase: run.e2ee.clone(),
        work: absolute(&run.places.work)?,
    })
}

/// Enough sentences that the plan lasts as long as the network needs; quality takes all asked for.
fn plan_for(scenario: &Scenario, run: &Run, work: &Path) -> anyhow::Result<Plan> {
    let sentences = if run.quick {
        run.sentences.min(12)
    } else {
        run.sentences
    };
    let (sentences, streams) = match scenario.kind {
        Kind::Quality => (sentences, run.streams),
        Kind::Browser => (sentences.min(BROWSER_SENTENCES), 1),
        Kind::Recovery | Kind::Connectivity => {
            let each = scenario.needs().as_secs().div_ceil(SENTENCE.as_secs());
            (usize::try_from(2 * each)?, 2)
        }
    };
    plan::make(sentences, streams, &work.join("sentences"))
}

fn write_document(places: &Places) -> anyhow::Result<()> {
    let file = |one: &Scenario| {
        places
            .work
            .join("results")
            .join(format!("{}.json", one.name))
    };
    let files = scenario::all()
        .iter()
        .map(file)
        .filter(|file| file.exists())
        .collect::<Vec<_>>();
    let outcomes = files
        .iter()
        .map(|file| Outcome::read(file))
        .collect::<anyhow::Result<Vec<_>>>()?;
    anyhow::ensure!(
        !outcomes.is_empty(),
        "no raw results in {}",
        places.work.display()
    );
    fs::write(&places.document, document(&outcomes))
        .with_context(|| format!("{}", places.document.display()))
}
