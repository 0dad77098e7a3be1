//! What tests have in place of speakers, models and servers.

#[cfg(feature = "test-support")]
mod end_of_turn;
#[cfg(test)]
pub(crate) mod fake_server;
#[cfg(feature = "test-support")]
mod recogniser;
#[cfg(test)]
pub(crate) mod sounds;
#[cfg(feature = "test-support")]
mod voice;

#[cfg(feature = "test-support")]
pub use self::{
    end_of_turn::ScriptedEndOfTurn,
    recogniser::{Recognition, ScriptedLine, ScriptedStt},
    voice::ScriptedVoice,
};
