//! The networks a call is tried on, as data. All times are on the plan's clock: zero is when the
//! plan starts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    hosts::Families,
    link::{Burst, PathChange, Rate, Reorder, Settings, Window},
    servers,
};

/// What is asked of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How much is understood, and how late.
    Quality,
    /// How soon an outage is over after the network is back.
    Recovery,
    /// Whether there is a call at all.
    Connectivity,
    /// How much a browser and our engine understand of each other.
    Browser,
}

/// Which relay the hosts must go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relay {
    /// The server's own, over UDP.
    Embedded,
    /// coturn, over TCP.
    Tcp,
    /// coturn, over TLS.
    Tls,
}

impl Relay {
    /// Where clients reach it.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Embedded => 3478,
            Self::Tcp => 3479,
            Self::Tls => 5349,
        }
    }
}

/// Both directions of one host's link.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Both {
    /// From the host.
    pub up: Settings,
    /// To the host.
    pub down: Settings,
}

impl Both {
    fn same(settings: Settings) -> Self {
        Self {
            up: settings.clone(),
            down: settings,
        }
    }
}

/// One network.
#[derive(Clone, Debug, Serialize)]
pub struct Scenario {
    /// Short, for the command line and file names.
    pub name: &'static str,
    /// What it is, for the table.
    pub about: &'static str,
    /// What is asked of it.
    pub kind: Kind,
    /// The caller's link.
    pub caller: Both,
    /// The agent's link.
    pub agent: Both,
    /// The IP versions.
    #[serde(skip)]
    pub families: Families,
    /// Whether everything must go through a relay, and which.
    pub relay: Option<Relay>,
    /// When the caller's address becomes another one.
    pub caller_moves: Option<Duration>,
    /// Whether the senders are tried one after the other, because the link has no room for both.
    pub senders_apart: bool,
    /// When nobody can be heard.
    pub outages: Vec<Window>,
    /// Whether the call is encrypted end to end, whatever the run says.
    pub encrypted: bool,
}

impl Scenario {
    fn new(name: &'static str, about: &'static str, kind: Kind) -> Self {
        Self {
            name,
            about,
            kind,
            caller: Both::default(),
            agent: Both::default(),
            families: Families::Both,
            relay: None,
            caller_moves: None,
            senders_apart: false,
            outages: Vec::new(),
            encrypted: false,
        }
    }

    /// How long the plan must be for this network to show: what comes after the last outage counts.
    #[must_use]
    pub fn needs(&self) -> Duration {
        let last = self
            .outages
            .iter()
            .map(|outage| outage.until)
            .max()
            .unwrap_or_default();
        match self.kind {
            Kind::Quality | Kind::Browser => Duration::ZERO,
            Kind::Recovery => last + Duration::from_secs(30),
            Kind::Connectivity => Duration::from_secs(20),
        }
    }
}

/// The network whose results the others are compared with.
pub const CLEAN: &str = "clean";
/// The same for the browser's calls.
pub const CLEAN_BROWSER: &str = "browser-clean";
/// What `--quick` tries: one of each kind that breaks first.
pub const QUICK: [&str; 4] = [CLEAN, "loss-5-jitter-30", "blackout-5s", "tcp-only"];

/// All networks, in the order of the table.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut all = quality();
    all.extend(recovery());
    all.extend(connectivity());
    all.extend(browser());
    all
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn lossy(loss: f64, jitter: u64) -> Settings {
    Settings {
        loss,
        jitter: ms(jitter),
        ..Settings::default()
    }
}

fn burst(share: f64, length: u64) -> Settings {
    Settings {
        burst: Some(Burst {
            share,
            length: ms(length),
        }),
        ..Settings::default()
    }
}

/// Room for one sender's speech with what carries it, and hardly for more.
fn narrow() -> Settings {
    Settings {
        rate: Some(Rate {
            bits_per_second: 64_000,
            queue: ms(300),
        }),
        ..Settings::default()
    }
}

fn quality() -> Vec<Scenario> {
    let caller = |name, about, settings| Scenario {
        caller: Both::same(settings),
        ..Scenario::new(name, about, Kind::Quality)
    };
    let reorder = Settings {
        reorder: Some(Reorder {
            share: 0.1,
            by: ms(50),
        }),
        ..Settings::default()
    };
    vec![
        caller(CLEAN, "no impairment (loss 0 %)", Settings::default()),
        caller("loss-1", "1 % loss", lossy(0.01, 0)),
        caller("loss-3", "3 % loss", lossy(0.03, 0)),
        caller("loss-5", "5 % loss", lossy(0.05, 0)),
        caller("loss-10", "10 % loss", lossy(0.10, 0)),
        caller("loss-20", "20 % loss", lossy(0.20, 0)),
        caller(
            "burst-5",
            "5 % of time lost in bursts of 100 ms",
            burst(0.05, 100),
        ),
        caller(
            "burst-10",
            "10 % of time lost in bursts of 200 ms",
            burst(0.10, 200),
        ),
        caller("jitter-10", "jitter 10 ms", lossy(0.0, 10)),
        caller("jitter-30", "jitter 30 ms", lossy(0.0, 30)),
        caller("jitter-60", "jitter 60 ms", lossy(0.0, 60)),
        caller("jitter-100", "jitter 100 ms", lossy(0.0, 100)),
        caller(
            "loss-5-jitter-30",
            "5 % loss, jitter 30 ms",
            lossy(0.05, 30),
        ),
        caller(
            "loss-10-jitter-30",
            "10 % loss, jitter 30 ms",
            lossy(0.10, 30),
        ),
        caller("reorder", "10 % of packets 50 ms late, overtaken", reorder),
        caller(
            "duplicate",
            "10 % of packets twice",
            Settings {
                duplicate: 0.1,
                ..Settings::default()
            },
        ),
        caller(
            "delay-200",
            "200 ms delay each way",
            Settings {
                delay: ms(200),
                ..Settings::default()
            },
        ),
        Scenario {
            senders_apart: true,
            ..caller("narrow", "64 kbit/s, a queue of 300 ms", narrow())
        },
    ]
}

/// When the network goes away, after the first sentence or two.
const OUTAGE_AT: Duration = Duration::from_secs(8);

fn recovery() -> Vec<Scenario> {
    let dark = |seconds: u64| Window {
        from: OUTAGE_AT,
        until: OUTAGE_AT + Duration::from_secs(seconds),
    };
    let link = |window| {
        Both::same(Settings {
            blackouts: vec![window],
            ..Settings::default()
        })
    };
    let blackout = |name, about, seconds, at_caller: bool| {
        let mut scenario = Scenario::new(name, about, Kind::Recovery);
        let side = if at_caller {
            &mut scenario.caller
        } else {
            &mut scenario.agent
        };
        *side = link(dark(seconds));
        scenario.outages = vec![dark(seconds)];
        scenario
    };
    let moving = Settings {
        delay: ms(20),
        path_change: Some(PathChange {
            at: OUTAGE_AT,
            delay: ms(60),
        }),
        ..Settings::default()
    };
    vec![
        blackout("blackout-1s", "caller's link dead for 1 s", 1, true),
        blackout("blackout-5s", "caller's link dead for 5 s", 5, true),
        blackout("blackout-20s", "caller's link dead for 20 s", 20, true),
        blackout("agent-blackout-1s", "agent's link dead for 1 s", 1, false),
        blackout("agent-blackout-5s", "agent's link dead for 5 s", 5, false),
        blackout(
            "agent-blackout-20s",
            "agent's link dead for 20 s",
            20,
            false,
        ),
        Scenario {
            caller: Both::same(moving),
            caller_moves: Some(OUTAGE_AT),
            outages: vec![dark(0)],
            ..Scenario::new(
                "path-change",
                "caller's address changes, delay 20 to 60 ms",
                Kind::Recovery,
            )
        },
    ]
}

fn connectivity() -> Vec<Scenario> {
    let plain = |name, about| Scenario::new(name, about, Kind::Connectivity);
    let firewalled = |scenario, settings: Settings| Scenario {
        caller: Both::same(settings.clone()),
        agent: Both::same(settings),
        ..scenario
    };
    // With the way to the media ports closed, a peer that does not keep to the relay has no call.
    let relayed = |name, about, relay: Relay| {
        let settings = Settings {
            only_tcp: relay != Relay::Embedded,
            only_ports: Some(vec![servers::PORT, relay.port()]),
            ..Settings::default()
        };
        firewalled(
            Scenario {
                relay: Some(relay),
                ..plain(name, about)
            },
            settings,
        )
    };
    let tcp = Settings {
        only_tcp: true,
        ..Settings::default()
    };
    vec![
        firewalled(plain("tcp-only", "UDP blocked at both ends"), tcp),
        relayed(
            "relay-only",
            "relay only (the server's TURN over UDP)",
            Relay::Embedded,
        ),
        Scenario {
            families: Families::OnlyV6,
            ..plain("ipv6-only", "IPv6 only")
        },
        relayed(
            "turn-tcp",
            "UDP blocked, relay only (coturn over TCP)",
            Relay::Tcp,
        ),
        relayed(
            "turn-tls",
            "UDP blocked, relay only (coturn over TLS, a certificate that the rival does not trust)",
            Relay::Tls,
        ),
    ]
}

/// The browser's link is the caller's, and it speaks and listens there: both directions are spoiled.
fn browser() -> Vec<Scenario> {
    let leg = |name, about, loss, encrypted| Scenario {
        caller: Both::same(lossy(loss, 0)),
        encrypted,
        ..Scenario::new(name, about, Kind::Browser)
    };
    vec![
        leg(CLEAN_BROWSER, "no impairment", 0.0, false),
        leg("browser-loss-5", "5 % loss", 0.05, false),
        leg(
            "browser-loss-5-e2ee",
            "5 % loss, encrypted end to end",
            0.05,
            true,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_of_the_matrix_is_there_once() {
        let all = all();
        let mut names: Vec<_> = all.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names[0], CLEAN, "the others are compared with it");
        names.sort_unstable();
        let listed = names.len();
        names.dedup();
        assert_eq!(names.len(), listed, "a name is used twice");
        assert!(QUICK.iter().all(|quick| names.contains(quick)));
    }

    #[test]
    fn a_clean_network_spoils_nothing_and_every_other_does_something() {
        for scenario in all() {
            let harmless = scenario.caller == Both::default()
                && scenario.agent == Both::default()
                && scenario.families == Families::Both
                && scenario.relay.is_none();
            let is_clean = [CLEAN, CLEAN_BROWSER].contains(&scenario.name);
            assert_eq!(harmless, is_clean, "{}", scenario.name);
        }
    }

    #[test]
    fn outages_are_where_the_links_are_dead() {
        for scenario in all() {
            let dead = scenario
                .caller
                .up
                .blackouts
                .iter()
                .chain(&scenario.agent.up.blackouts);
            let dead: Vec<_> = dead.copied().collect();
            if scenario.caller_moves.is_none() {
                assert_eq!(dead, scenario.outages, "{}", scenario.name);
            }
            assert_eq!(
                scenario.kind == Kind::Recovery,
                !scenario.outages.is_empty(),
                "{}",
                scenario.name
            );
        }
    }
}
