//! When a turn counts as finished.

use std::path::{Path, PathBuf};

use voice::turn::Patience;

use super::Reader;

/// Where the network is that judges whether a turn sounds finished.
#[derive(Debug, Clone)]
pub struct EndOfTurnSettings {
    /// Its file; `None`: silence and words alone decide.
    pub model: Option<PathBuf>,
    /// The setting names it: it must be there.
    pub is_required: bool,
}

impl EndOfTurnSettings {
    /// The file that is used: the one that the setting names, or what lies in the usual place.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        let model = self.model.as_deref();
        model.filter(|file| self.is_required || file.exists())
    }
}

pub(super) fn end_of_turn(env: &mut Reader) -> EndOfTurnSettings {
    let model = env.optional("END_OF_TURN_MODEL");
    EndOfTurnSettings {
        is_required: model.is_some(),
        model: match model.as_deref() {
            Some("off") => None,
            model => Some(model.unwrap_or("models/smart-turn-v3.2-cpu.onnx").into()),
        },
    }
}

pub(super) fn patience(env: &mut Reader) -> Patience {
    let patience = env.choice("ENDPOINTING", "balanced", &["eager", "balanced", "patient"]);
    match patience.as_str() {
        "eager" => Patience::Eager,
        "patient" => Patience::Patient,
        _ => Patience::Balanced,
    }
}
