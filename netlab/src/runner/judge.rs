//! Listens to what arrived over one network, pair by pair, after all calls are over: the machine
//! would otherwise be busy listening while it carries.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{carry::Carried, peers::Engine};
use crate::{
    plan::Plan,
    router::Counts,
    scenario::{Kind, Scenario},
    score::{Outage, PairScore, score},
};

/// What came of one network; the raw results file holds exactly this.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The network's name.
    pub scenario: String,
    /// What it is.
    pub about: String,
    /// What is asked of it.
    pub kind: Kind,
    /// What decided all chance.
    pub seed: u64,
    /// Sentences said by each sender.
    pub sentences: usize,
    /// Rooms they were spread over.
    pub rooms: usize,
    /// What each pair made of it.
    pub pairs: Vec<PairOutcome>,
    /// The router's counts, pass by pass: for each port the way up and the way down.
    pub counts: Vec<Vec<[Counts; 2]>>,
    /// What did not end as it should.
    pub problems: Vec<String>,
}

/// What came of one pair of engines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PairOutcome {
    /// Who spoke.
    pub sender: Engine,
    /// Who listened.
    pub receiver: Engine,
    /// What was heard.
    pub score: Option<PairScore>,
    /// Why there is no score.
    pub error: Option<String>,
}

impl Outcome {
    /// Reads a raw result.
    ///
    /// # Errors
    /// When the file cannot be read or is something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a result", path.display()))
    }

    /// The score of a pair.
    #[must_use]
    pub fn score(&self, sender: Engine, receiver: Engine) -> Option<&PairScore> {
        self.pairs
            .iter()
            .find(|pair| (pair.sender, pair.receiver) == (sender, receiver))?
            .score
            .as_ref()
    }
}

/// Listens to every pair's recordings under `out`.
#[must_use]
pub fn judge(scenario: &Scenario, plan: &Plan, carried: Carried, out: &Path) -> Outcome {
    let milliseconds =
        |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let outages: Vec<_> = scenario
        .outages
        .iter()
        .map(|outage| Outage {
            from_ms: milliseconds(outage.from),
            until_ms: milliseconds(outage.until),
        })
        .collect();
    let judged = carried.pairs.iter().map(|&(sender, receiver)| {
        let heard = carried
            .start_at
            .get(&sender)
            .context("the sender was not started")
            .and_then(|start_at| {
                let recordings = out.join(format!("recv-{}", receiver.name()));
                score(
                    plan,
                    *start_at,
                    &recordings,
                    sender.name(),
                    receiver.name(),
                    &outages,
                )
            });
        let (score, error) = match heard {
            Ok(score) => (Some(score), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        PairOutcome {
            sender,
            receiver,
            score,
            error,
        }
    });
    Outcome {
        scenario: scenario.name.to_owned(),
        about: scenario.about.to_owned(),
        kind: scenario.kind,
        seed: carried.seed,
        sentences: plan
            .streams
            .iter()
            .map(|stream| stream.sentences.len())
            .sum(),
        rooms: plan.streams.len(),
        pairs: judged.collect(),
        counts: carried.counts,
        problems: carried.problems,
    }
}
