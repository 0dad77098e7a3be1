//! Carries one plan over one network: hosts, servers, router, peers, and everything away again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{
    peers::{Call, Engine, Peers, Programs},
    stop::Stop,
};
use crate::{
    hosts::{Hosts, Role},
    link::{Settings, Window},
    plan::Plan,
    router::{Counts, Port, Router},
    scenario::{Both, Kind, Scenario},
    servers::{self, Servers},
};

/// How long before the plan's zero the peers are started: a call over TCP through a relay takes
/// seconds to set up, and the interpreter of the rival is not quick either.
const SET_UP: Duration = Duration::from_secs(10);
/// The links' time zero lies so long before the plan's zero, so that a run's chances fall on the
/// same moments of the plan, however long the set-up took.
const LEAD: Duration = Duration::from_secs(60);
/// What a network's folder holds beside recordings.
const FILE: &str = "carried.json";
/// How long peers may take to finish after the plan's end.
const FINISH: Duration = Duration::from_secs(12);

/// What all networks of a run share.
pub struct Setting {
    /// The lab's name in namespaces.
    pub tag: String,
    /// The media ends.
    pub peers: Programs,
    /// The servers.
    pub servers: servers::Programs,
    /// Who speaks and who listens.
    pub pairs: Vec<(Engine, Engine)>,
    /// Decides all chance.
    pub seed: u64,
    /// Encrypts end to end.
    pub passphrase: Option<String>,
    /// Where folders are made, one a network.
    pub work: PathBuf,
}

/// What encrypts a network's calls where that is asked for and the run names no other.
const PASSPHRASE: &str = "said in the lab";

impl Setting {
    /// Who speaks to whom over a network.
    fn pairs(&self, scenario: &Scenario) -> Vec<(Engine, Engine)> {
        match scenario.kind {
            Kind::Browser => vec![
                (Engine::Ours, Engine::Browser),
                (Engine::Browser, Engine::Ours),
            ],
            Kind::Quality | Kind::Recovery | Kind::Connectivity => self.pairs.clone(),
        }
    }

    fn passphrase(&self, scenario: &Scenario) -> Option<&str> {
        let own = self.passphrase.as_deref();
        own.or_else(|| scenario.encrypted.then_some(PASSPHRASE))
    }
}

/// Each engine once.
fn engines(of: impl Iterator<Item = Engine>) -> Vec<Engine> {
    let each: BTreeSet<Engine> = of.collect();
    each.into_iter().collect()
}

/// A plan that was carried over a network, to be listened to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Carried {
    /// Who spoke to whom.
    pub pairs: Vec<(Engine, Engine)>,
    /// What decided all chance.
    pub seed: u64,
    /// When each sender's plan began, in Unix milliseconds.
    pub start_at: BTreeMap<Engine, u64>,
    /// What the router did, for each pass: each port's way up and way down.
    pub counts: Vec<Vec<[Counts; 2]>>,
    /// What did not end as it should.
    pub problems: Vec<String>,
}

/// Carries the plan over the network.
///
/// # Errors
/// When the lab cannot be set up, or the run is to end.
pub fn carry(
    scenario: &Scenario,
    plan: &Plan,
    setting: &Setting,
    stop: &Stop,
) -> anyhow::Result<Carried> {
    let out = setting.work.join(scenario.name);
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("{}", out.display()))?;
    }
    fs::create_dir_all(&out).with_context(|| format!("{}", out.display()))?;
    let path = out.join("plan.json");
    plan.write(&path)?;
    let pairs = setting.pairs(scenario);
    let senders = engines(pairs.iter().map(|pair| pair.0));
    let passes: Vec<Vec<Engine>> = if scenario.senders_apart {
        senders.into_iter().map(|sender| vec![sender]).collect()
    } else {
        vec![senders]
    };
    let mut carried = Carried {
        pairs,
        seed: setting.seed,
        ..Carried::default()
    };
    for senders in passes {
        pass(scenario, plan, &path, &senders, setting, stop, &mut carried)?;
    }
    let file = out.join(FILE);
    fs::write(&file, serde_json::to_vec_pretty(&carried)?)
        .with_context(|| format!("{}", file.display()))?;
    Ok(carried)
}

/// The plan that was last carried over a network, and what came of it.
///
/// # Errors
/// When none was, or its files cannot be read.
pub fn carried(scenario: &Scenario, work: &Path) -> anyhow::Result<(Plan, Carried)> {
    let out = work.join(scenario.name);
    let file = out.join(FILE);
    let text = fs::read(&file).with_context(|| format!("{}", file.display()))?;
    let carried = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a carried call", file.display()))?;
    Ok((Plan::read(&out.join("plan.json"))?, carried))
}

/// One pass: these senders at once, and all receivers.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell that ties the links' clock to the plan's"
)]
fn pass(
    scenario: &Scenario,
    plan: &Plan,
    path: &Path,
    senders: &[Engine],
    setting: &Setting,
    stop: &Stop,
    carried: &mut Carried,
) -> anyhow::Result<()> {
    let out = setting.work.join(scenario.name);
    let hosts = Hosts::create(&setting.tag, scenario.families)?;
    let servers = Servers::start(
        &hosts,
        scenario.families,
        scenario.relay,
        &setting.servers,
        &out,
    )?;
    let start = Instant::now() + SET_UP;
    let start_at = (SystemTime::now() + SET_UP)
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_millis();
    let start_at = u64::try_from(start_at)?;
    let begins = start
        .checked_sub(LEAD)
        .context("the machine was started less than a minute ago")?;
    let router = Router::start(hosts.devices()?, ports(scenario), setting.seed, begins)?;
    let call = Call {
        hosts: &hosts,
        servers: &servers,
        plan: path,
        out: &out,
        start_at,
        relay: scenario.relay.is_some(),
        passphrase: setting.passphrase(scenario),
        with_browser: scenario.kind == Kind::Browser,
    };
    let mut peers = Peers::default();
    for receiver in engines(carried.pairs.iter().map(|pair| pair.1)) {
        peers.start(&call, &setting.peers, false, receiver)?;
    }
    for sender in senders {
        peers.start(&call, &setting.peers, true, *sender)?;
        carried.start_at.insert(*sender, start_at);
    }
    if let Some(moves) = scenario.caller_moves {
        stop.sleep((start + moves).saturating_duration_since(Instant::now()))?;
        hosts.change_address(Role::Caller)?;
    }
    let end = start + plan.length() + FINISH;
    carried
        .problems
        .extend(peers.wait(end.saturating_duration_since(Instant::now()), stop)?);
    carried.counts.push(router.stop());
    Ok(())
}

/// The router's ports for a network, with the times moved to the links' clock.
fn ports(scenario: &Scenario) -> Vec<Port> {
    let clean = Both::default();
    Role::ALL
        .into_iter()
        .map(|role| {
            let link = match role {
                Role::Caller => &scenario.caller,
                Role::Agent => &scenario.agent,
                Role::Server => &clean,
            };
            Port {
                networks: role.networks(),
                up: on_the_links_clock(&link.up),
                down: on_the_links_clock(&link.down),
            }
        })
        .collect()
}

fn on_the_links_clock(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    for Window { from, until } in &mut settings.blackouts {
        *from += LEAD;
        *until += LEAD;
    }
    if let Some(change) = &mut settings.path_change {
        change.at += LEAD;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn an_outage_of_the_plan_is_one_of_the_links_a_minute_later() {
        let all = scenario::all();
        let blackout = all
            .iter()
            .find(|scenario| scenario.name == "agent-blackout-5s")
            .unwrap();
        let ports = ports(blackout);
        let agent = &ports[Role::Agent as usize];
        let expected = Window {
            from: LEAD + Duration::from_secs(8),
            until: LEAD + Duration::from_secs(13),
        };
        assert_eq!(agent.up.blackouts, [expected]);
        assert_eq!(agent.down.blackouts, [expected]);
        assert_eq!(ports[Role::Caller as usize].up, Settings::default());
        assert_eq!(ports[Role::Server as usize].down, Settings::default());
    }
}
