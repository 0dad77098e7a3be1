//! What an author should look at in a pack that loads: words that other trades say too, topics and documents that
//! callers do not reach, figures that contradict each other, everyday questions that sound critical, deeds that nobody gets to
//! read of. `teller knowledge check` shows the remarks.

mod cues;
mod figures;
mod moments;
mod reach;

pub(crate) use figures::FigureWords;

use std::{collections::BTreeMap, path::PathBuf};

use crate::{KnowledgeBase, pack_test::TestDialogue};

/// The kind of tests in which a caller asks for another trade.
const OTHER_TRADE: &str = "other_trade";
/// The route of what is not this trade's.
const OUT_OF_SCOPE: &str = "out_of_scope";

/// Something that may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file to edit, in the pack's folder.
    pub file: PathBuf,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: String,
}

/// What callers of a pack say: the `asks` of its documents, and the turns of its tests that are not meant for others.
#[derive(Clone, Debug)]
pub struct Callers {
    /// The pack's name.
    pub pack: String,
    /// One sentence or turn each.
    pub sentences: Vec<String>,
}

impl Callers {
    /// Of this pack, with what [`KnowledgeBase::tests`] read.
    #[must_use]
    pub fn of(base: &KnowledgeBase, tests: &[TestDialogue]) -> Self {
        let pack = base.pack();
        let asks = pack.documents.iter().flat_map(|document| &document.asks);
        let own = tests.iter().filter(|test| test.kind != OTHER_TRADE);
        let turns = own.flat_map(|test| &test.turns);
        let meant = turns.filter(|turn| {
            let route = turn.route.as_deref().unwrap_or_default();
            route.split('|').all(|route| route != OUT_OF_SCOPE)
        });
        let sentences = asks.cloned().chain(meant.map(|turn| turn.said.clone()));
        Self {
            pack: pack.settings.name.clone(),
            sentences: sentences.collect(),
        }
    }
}

impl KnowledgeBase {
    /// Remarks on this pack, in the order of its files. `own` are its callers, `others` those of packs that it has to be
    /// told apart from; `files` are those of its documents ([`crate::document_files`]).
    #[must_use]
    pub fn review(
        &self,
        own: &Callers,
        others: &[Callers],
        files: &BTreeMap<String, PathBuf>,
    ) -> Vec<Remark> {
        let file = |source: &str| {
            let known = files.get(source).cloned();
            known.unwrap_or_else(|| PathBuf::from("documents"))
        };
        let mut remarks = cues::remarks(self, own, others);
        remarks.extend(reach::topics(self, &file));
        remarks.extend(reach::documents(self, &file));
        remarks.extend(reach::quotes(self, &file));
        remarks.extend(figures::remarks(self, &file));
        remarks.extend(figures::accepted(self));
        remarks.extend(moments::critical(self));
        remarks.extend(moments::notices(self));
        // Stable: of one file in the order in which they were found.
        remarks.sort_by(|a, b| a.file.cmp(&b.file));
        remarks
    }
}
