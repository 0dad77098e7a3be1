//! What speaks for an answer beside the documents: rows of the catalogue, and what look-ups found. Where the pack is
//! strict, one of these and a document are the two sources that an answer wants (decision 52).

use std::collections::BTreeSet;

use crate::{
    KnowledgeBase,
    answer::Citation,
    catalogue::{self, Shelf},
    pack::GroundingMode,
    route::Question,
};

/// Share of a question's words, by their rarity, that a row or what was found must hold: as much of it as it leaves
/// out. A row of the same kind of thing holds less.
const SPEAKS: f32 = 0.5;
/// Words that it must hold: one alone may stand there by chance.
const WORDS: usize = 2;

/// What a look-up found in this conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// `look-up/borrowed_books`, and how it is called.
    pub citation: Citation,
    /// As it was said.
    pub text: String,
}

impl KnowledgeBase {
    /// The sources that speak of what is asked, beside documents: the row that holds most of its words, and those of
    /// `facts` that hold enough. None where the pack is not strict: then one document is enough.
    #[must_use]
    pub fn beside(&self, question: &Question, facts: &[Fact]) -> Vec<Citation> {
        if self.pack().settings.grounding_mode != GroundingMode::Strict {
            return Vec::new();
        }
        let before = question.before.as_ref();
        let before = before.map_or("", |before| before.question.as_str());
        let asked = catalogue::stems(self.lexicon(), &format!("{} {before}", question.text));
        let rows = self.shelf().into_iter().flat_map(Shelf::all_rows);
        let shares = rows.map(|(listing, row, stems)| (listing, row, self.share(&asked, stems)));
        let best = shares.max_by(|(.., a), (.., b)| a.total_cmp(b));
        let row = best.filter(|(.., share)| *share >= SPEAKS);
        let row = row.map(|(listing, row, _)| Citation {
            source: format!("{}/{}", listing.table.name, row.id),
            title: listing.title(row).to_owned(),
        });
        let spoken = facts.iter().filter(|fact| {
            let stems = catalogue::stems(self.lexicon(), &fact.text);
            self.share(&asked, &stems) >= SPEAKS
        });
        let spoken = spoken.map(|fact| fact.citation.clone());
        row.into_iter().chain(spoken).collect()
    }

    /// How much of what is asked the words hold, 0 to 1.
    fn share(&self, asked: &BTreeSet<String>, held: &BTreeSet<String>) -> f32 {
        if asked.intersection(held).count() < WORDS {
            return 0.0;
        }
        let all: f32 = asked.iter().map(|stem| self.rarity(stem)).sum();
        let both: f32 = asked.intersection(held).map(|stem| self.rarity(stem)).sum();
        if all > 0.0 { both / all } else { 0.0 }
    }
}
