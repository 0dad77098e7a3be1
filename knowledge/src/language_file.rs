//! The words of a language that rules go by: English, and whatever of it a pack's own file replaces.

use std::path::PathBuf;

use language::{Listening, guard::Guard};
use serde::Deserialize;

use crate::{
    catalogue::CatalogueWords,
    disclosure::RecordingWords,
    error::PackError,
    facts::RecallLines,
    meant::MeaningWords,
    pack::{Actions, Aspect},
    review::FigureWords,
    slot::SlotWords,
    task::TaskWords,
    transfer::TransferWords,
    web::WebWords,
};

/// What a pack takes of the words of English; its own `language.toml` may replace each part.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LanguageFile {
    pub(crate) listening: Option<Listening>,
    pub(crate) actions: Option<Actions>,
    pub(crate) follow_ups: Option<Vec<String>>,
    pub(crate) aspect: Option<Vec<Aspect>>,
    pub(crate) meaning: Option<MeaningWords>,
    pub(crate) catalogue: Option<CatalogueWords>,
    pub(crate) figures: Option<FigureWords>,
    pub(crate) web: Option<WebWords>,
    pub(crate) tasks: Option<TaskWords>,
    pub(crate) slots: Option<SlotWords>,
    pub(crate) guard: Option<Guard>,
    pub(crate) recording: Option<RecordingWords>,
    pub(crate) recall: Option<RecallLines>,
    pub(crate) transfer: Option<TransferWords>,
}

impl LanguageFile {
    /// This, and of the other whatever it leaves out.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            listening: self.listening.or(other.listening),
            actions: self.actions.or(other.actions),
            follow_ups: self.follow_ups.or(other.follow_ups),
            aspect: self.aspect.or(other.aspect),
            meaning: self.meaning.or(other.meaning),
            catalogue: self.catalogue.or(other.catalogue),
            figures: self.figures.or(other.figures),
            web: self.web.or(other.web),
            tasks: self.tasks.or(other.tasks),
            slots: self.slots.or(other.slots),
            guard: self.guard.or(other.guard),
            recording: self.recording.or(other.recording),
            recall: self.recall.or(other.recall),
            transfer: self.transfer.or(other.transfer),
        }
    }

    /// The words of English, compiled in.
    pub(crate) fn english() -> Result<Self, PackError> {
        const PARTS: [&str; 14] = [
            "listening",
            "actions",
            "follow_ups",
            "aspect",
            "meaning",
            "catalogue",
            "figures",
            "web",
            "tasks",
            "slots",
            "guard",
            "recording",
            "recall",
            "transfer",
        ];
        let english = toml::from_str(language::ENGLISH).and_then(|mut english: toml::Table| {
            english.retain(|part, _| PARTS.contains(&part));
            english.try_into()
        });
        english.map_err(|error: toml::de::Error| PackError::Malformed {
            file: PathBuf::from("packs/languages/en.toml"),
            message: error.to_string(),
        })
    }
}
