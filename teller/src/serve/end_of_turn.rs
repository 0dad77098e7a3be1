//! The network that judges whether a turn sounds finished, where there is one: without it silence and words decide.

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use voice::listen::{EndOfTurn, EndOfTurnConfig, EndOfTurnPool, SmartTurn};

use crate::config::EndOfTurnSettings;

/// Begins to load the network, beside what else is made ready; `None` where there is none and none was asked for. It fails
/// when the network that the setting names, or the one that lies in the usual place, cannot be used.
pub(super) fn open(
    settings: EndOfTurnSettings,
    tasks: &TaskTracker,
) -> JoinHandle<anyhow::Result<Option<EndOfTurn>>> {
    tasks.spawn_blocking(move || {
        let Some(file) = settings.file() else {
            tracing::info!(
                "turns end by silence and words alone: no END_OF_TURN_MODEL (scripts/model smart-turn fetches it)"
            );
            return Ok(None);
        };
        let network = SmartTurn::load(file).context(
            "END_OF_TURN_MODEL cannot be used; scripts/model smart-turn fetches it, off does without",
        )?;
        let pool = EndOfTurnPool::start(network, &EndOfTurnConfig::default())?;
        Ok(Some(EndOfTurn::Network(pool)))
    })
}
