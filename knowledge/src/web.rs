//! What the web adds to an answer: which questions it is asked, with which words, and which sentence of what it says
//! answers better than the documents. Pages are data: they are ranked and quoted, and no model is given them.

use std::collections::BTreeSet;

use language::{
    Lexicon, is_stop_word, normalize,
    phrase::{Phrases, Utterance},
};
use serde::Deserialize;

use crate::{
    KnowledgeBase, Passage, Question,
    answer::{SUPPORTED, is_grounded, may_answer, sentences},
    chunk::Chunk,
    trust::{Provenance, Trust},
};

/// Words of a query at most, and at least.
const WORDS: std::ops::RangeInclusive<usize> = 2..=20;
/// Longest query, in characters.
const MAX_QUERY: usize = 200;
/// Words behind "my name is" that may be a name.
const MAX_NAME: usize = 3;
/// Numbers that may be years; all others may be the caller's.
const YEARS: std::ops::RangeInclusive<u32> = 1990..=2099;
/// A page says something of this share of the question's meaningful words, by their rarity, to answer it.
const COVERED: f32 = 0.5;
/// A sentence that can be spoken: its longest form in characters, its fewest words, and the longest of them.
const MAX_SENTENCE: usize = 300;
const MIN_WORDS: usize = 4;
const MAX_WORD: usize = 40;
/// Passages that are compared.
const LOOKED_AT: usize = 8;

/// The language's words for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebWords {
    /// Phrases that ask for what is fresh: documents may be too old for it.
    pub(crate) fresh: Vec<String>,
    /// What stands before a name.
    pub(crate) names: Vec<String>,
    /// The lines of a pack that has none of its own: before a search, for what was found, and where it comes from.
    pub(crate) looking_up: String,
    pub(crate) according_to: String,
    pub(crate) cites: String,
}

/// The words, compiled.
#[derive(Clone, Debug)]
pub(crate) struct WebRules {
    fresh: Phrases,
    names: Vec<Vec<String>>,
}

/// What a search found on one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPage {
    /// Its address.
    pub url: String,
    /// The address's host.
    pub host: String,
    /// Its title.
    pub title: String,
    /// What the search quotes of it.
    pub text: String,
}

/// A sentence of a page that answers a question better than the documents do.
#[derive(Clone, Debug, PartialEq)]
pub struct WebAnswer {
    /// The page's own sentence.
    pub sentence: String,
    /// The host, as it is cited: without "www.".
    pub host: String,
    /// The page's title.
    pub title: String,
    /// Its rank among documents and pages; comparable within one search only.
    pub score: f32,
}

impl WebRules {
    pub(crate) fn new(lexicon: &Lexicon, words: &WebWords) -> Self {
        let plain = |lead: &String| normalize(lead).into_iter().map(|word| word.text);
        Self {
            fresh: Phrases::new(lexicon, &words.fresh, &[], &[]),
            names: words
                .names
                .iter()
                .map(|lead| plain(lead).collect())
                .collect(),
        }
    }

    /// How many words at the beginning are a name with what introduces it.
    fn name(&self, words: &[String]) -> usize {
        let mut leads = self.names.iter();
        let Some(lead) = leads.find(|lead| !lead.is_empty() && words.starts_with(lead)) else {
            return 0;
        };
        let name = words[lead.len()..].iter().take(MAX_NAME);
        lead.len() + name.take_while(|word| !is_stop_word(word)).count()
    }
}

impl KnowledgeBase {
    /// Whether a question asks for what is fresh.
    #[must_use]
    pub fn asks_for_fresh(&self, text: &str) -> bool {
        let said = Utterance::new(self.lexicon().terms(text));
        !self.web_rules().fresh.matches(&said).is_empty()
    }

    /// What a search engine is asked: the meaningful words of a question that was redacted, and of the one it leans on;
    /// no name that the caller says as theirs, none of `without`, no number but a year. `None` where too little is left.
    #[must_use]
    pub fn web_query(&self, question: &Question, without: &[&str]) -> Option<String> {
        let before = question
            .before
            .as_ref()
            .map_or("", |before| &before.question);
        let text = without_private(&format!("{before} {}", question.text));
        let words: Vec<String> = normalize(&text).into_iter().map(|word| word.text).collect();
        let private: BTreeSet<String> = without
            .iter()
            .flat_map(|text| normalize(text))
            .map(|word| word.text)
            .collect();
        let mut kept: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let name = self.web_rules().name(&words[at..]);
            if name > 0 {
                at += name;
                continue;
            }
            at += 1;
            let is_new = !kept.contains(&word.as_str());
            if is_new && !private.contains(word) && !is_stop_word(word) && may_leave(word) {
                kept.push(word);
            }
        }
        if kept.len() < *WORDS.start() {
            return None;
        }
        // Of a question with much before it, the end is what is asked.
        let from = kept.len().saturating_sub(*WORDS.end());
        let query = kept[from..].join(" ");
        Some(query.chars().take(MAX_QUERY).collect())
    }

    /// Ranks pages among the documents, as these are ranked, and answers with a page's sentence where a page comes first:
    /// of what answers at all, or, where the question asks for what is fresh, of what speaks of as much of it. Takes
    /// milliseconds for each sentence where the embedding model is there.
    #[must_use]
    pub fn answer_with_web(&self, question: &Question, pages: &[WebPage]) -> Option<WebAnswer> {
        let chunks = pages.iter().filter_map(chunk).collect();
        let (index, meanings) = self.index_with(chunks);
        let mut ranked = index.search(
            self.lexicon(),
            question,
            LOOKED_AT + pages.len(),
            Trust::default(),
        );
        let page = |passage: &Passage| pages.iter().find(|page| page.url == passage.source);
        let settings = &self.pack().settings;
        let answers = |passage: &Passage| {
            let needs_offer = settings.lines.perhaps.is_some() && may_answer(passage);
            match page(passage) {
                Some(_) => passage.support >= SUPPORTED && passage.coverage >= COVERED,
                None => passage.support >= SUPPORTED && !needs_offer,
            }
        };
        let first = ranked.iter().position(answers)?;
        let is_page = |passage: &Passage| page(passage).is_some();
        let place = if is_page(&ranked[first]) {
            first
        } else if self.asks_for_fresh(&question.text) {
            let covered = ranked[first].coverage;
            ranked.iter().position(|passage| {
                is_page(passage) && answers(passage) && passage.coverage >= covered
            })?
        } else {
            return None;
        };
        let best = ranked.remove(place);
        ranked.insert(0, best);
        // A row that shares a word or two is no second source for what a stranger's page says.
        if !is_grounded(&ranked, &[], settings.grounding_mode) {
            return None;
        }
        let best = ranked.first()?;
        let sentence = self
            .extractor(&index, meanings.as_ref())
            .choose(question, best)
            .into_iter()
            .next()?;
        let page = page(best)?;
        Some(WebAnswer {
            sentence,
            host: page
                .host
                .strip_prefix("www.")
                .unwrap_or(&page.host)
                .to_owned(),
            title: page.title.clone(),
            score: best.score,
        })
    }
}

/// A page's whole sentences, to be ranked and spoken: an engine quotes from the middle of one to the middle of another.
fn chunk(page: &WebPage) -> Option<Chunk> {
    let mut whole = sentences(&page.text);
    whole.retain(|sentence| is_speakable(sentence));
    (!whole.is_empty()).then(|| Chunk {
        source: page.url.clone(),
        title: page.title.clone(),
        topic: None,
        ordinal: 0,
        text: whole.join(" "),
        provenance: Provenance::default(),
    })
}

fn is_speakable(sentence: &str) -> bool {
    let words = sentence.split_whitespace();
    let is_whole = sentence.ends_with(['.', '!']) && !sentence.ends_with("..");
    let begins = sentence.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let is_link = |word: &str| word.contains("://") || word.contains("www.") || word.contains('@');
    is_whole
        && begins
        && sentence.chars().count() <= MAX_SENTENCE
        && words.clone().count() >= MIN_WORDS
        && words
            .clone()
            .all(|word| word.chars().count() <= MAX_WORD && !is_link(word))
}

/// A word that is nobody's number: none but a year has digits.
fn may_leave(word: &str) -> bool {
    if word.parse().is_ok_and(|year| YEARS.contains(&year)) {
        return true;
    }
    word.chars()
        .all(|c| c.is_alphabetic() || matches!(c, '\'' | '-'))
}

/// Without addresses of mail, and without what stands in brackets: there, something was redacted.
fn without_private(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once(']').map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    let words = out.split_whitespace().filter(|word| !word.contains('@'));
    words.collect::<Vec<_>>().join(" ")
}
