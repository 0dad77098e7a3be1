//! An answer taken from the documents themselves, for when no language model is there to phrase one.

use std::collections::BTreeSet;

use crate::base::KnowledgeBase;
use crate::index::{Passage, query_terms};
use crate::pack::GroundingMode;

/// Sentences spoken at most; more is a lecture on a phone.
const MAX_SENTENCES: usize = 3;
/// Words spoken at most, about 25 seconds; the first sentence is spoken however long it is.
const MAX_WORDS: usize = 70;
/// Share of the question's words that a document must speak of.
const MIN_COVERAGE: f32 = 0.4;
/// The same when the router named the document's topic: its cue already covered the subject.
const MIN_COVERAGE_ON_TOPIC: f32 = 0.0;
/// Score that a document needs when the router named no topic: one everyday word ("account") that
/// stands in many titles reaches less than 2, two words that belong together 5 and more (measured).
const MIN_SCORE_OFF_TOPIC: f32 = 3.5;
/// A second source counts as support when it scores this share of the first.
const SECOND_SOURCE: f32 = 0.35;

/// An extractive answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What to say, one sentence an item.
    pub sentences: Vec<String>,
    /// Where it comes from; empty when `supported` is false.
    pub sources: Vec<Citation>,
    /// Whether the documents answer the question; if not, `sentences` say so and offer a person.
    pub supported: bool,
}

/// A document that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Citation {
    /// The document's source id.
    pub source: String,
    /// The document's title.
    pub title: String,
}

/// Whether passages support an answer to the question they were found for, by the pack's grounding
/// mode: one good source, or two when strict.
pub fn is_grounded(passages: &[Passage], topics: &[String], mode: GroundingMode) -> bool {
    let Some(best) = passages.first() else {
        return false;
    };
    let on_topic = best
        .topic
        .as_ref()
        .is_some_and(|topic| topics.contains(topic));
    let needed = if on_topic {
        MIN_COVERAGE_ON_TOPIC
    } else {
        MIN_COVERAGE
    };
    let sources = passages
        .iter()
        .filter(|p| p.score >= best.score * SECOND_SOURCE)
        .count();
    let strong = on_topic || best.score >= MIN_SCORE_OFF_TOPIC;
    strong
        && best.coverage >= needed
        && match mode {
            GroundingMode::Blended => true,
            GroundingMode::Strict => sources >= 2,
        }
}

/// Answers from passages found for `question`, best first.
pub(crate) fn extract(
    base: &KnowledgeBase,
    question: &str,
    topics: &[String],
    passages: &[Passage],
) -> Answer {
    let settings = &base.pack().settings;
    if !is_grounded(passages, topics, settings.grounding_mode) {
        return Answer {
            sentences: sentences(&settings.lines.unsupported),
            sources: Vec::new(),
            supported: false,
        };
    }
    let best = &passages[0];
    Answer {
        sentences: choose(base, question, best),
        sources: vec![Citation {
            source: best.source.clone(),
            title: best.title.clone(),
        }],
        supported: true,
    }
}

/// The sentences of a passage that answer the question: the direct answer (the first paragraph), or
/// the one that speaks of what was asked in particular, followed by it.
fn choose(base: &KnowledgeBase, question: &str, passage: &Passage) -> Vec<String> {
    let text = passage.text.as_str();
    let lead = text.split("\n\n").next().unwrap_or(text);
    let lead = sentences(lead);
    let all = sentences(text);
    let asked = base.lexicon().terms(question);
    // The title's words are the subject of every sentence; they tell none from another.
    let subject = query_terms(&base.lexicon().document_terms(&passage.title));
    let wanted: BTreeSet<String> = query_terms(&asked)
        .into_iter()
        .filter(|term| !subject.contains(term))
        .collect();
    let aspect = Aspect::of(&asked.iter().map(|w| w.text.as_str()).collect::<Vec<_>>());
    let worth = |sentence: &String| -> f32 {
        let said = base.lexicon().document_terms(sentence);
        let terms: BTreeSet<String> = query_terms(&said).into_iter().collect();
        let shared: f32 = terms
            .intersection(&wanted)
            .map(|term| base.index().rarity(term))
            .sum();
        shared + aspect.map_or(0.0, |aspect| aspect.bonus(sentence))
    };
    let lead_worth = lead.iter().map(worth).fold(0.0, f32::max);
    // Of equals the earlier sentence: the author put the more important one first.
    let particular =
        all.iter()
            .skip(lead.len())
            .fold(None, |best: Option<(&String, f32)>, sentence| {
                let worth = worth(sentence);
                if best.is_none_or(|(_, most)| worth > most) {
                    Some((sentence, worth))
                } else {
                    best
                }
            });
    let mut chosen = Vec::new();
    match particular {
        Some((sentence, worth))
            if worth > lead_worth * 1.25 + 0.5
                && aspect.is_some_and(|aspect| aspect.bonus(sentence) > 0.0) =>
        {
            chosen.push(sentence.clone());
            chosen.extend(lead);
        }
        Some((sentence, worth)) if worth > lead_worth * 0.8 && worth > 1.0 => {
            chosen.extend(lead);
            chosen.push(sentence.clone());
        }
        _ => chosen.extend(lead),
    }
    shorten(chosen)
}

fn shorten(chosen: Vec<String>) -> Vec<String> {
    let mut words = 0;
    let mut out = Vec::new();
    for sentence in chosen.into_iter().take(MAX_SENTENCES) {
        words += sentence.split_whitespace().count();
        if out.is_empty() || words <= MAX_WORDS {
            out.push(sentence);
        }
    }
    out
}

/// What kind of thing a question wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    Cost,
    Duration,
    Limit,
    Place,
    Papers,
}

impl Aspect {
    fn of(words: &[&str]) -> Option<Self> {
        let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
        let pair = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
        Some(match () {
            () if has(&["cost", "fee", "fees", "charge", "charges", "price", "free"]) => Self::Cost,
            () if pair("how", "long")
                || pair("how", "soon")
                || pair("how", "quickly")
                || has(&["when"]) =>
            {
                Self::Duration
            }
            () if has(&["limit", "limits", "maximum", "minimum", "most", "least"])
                || pair("how", "much") =>
            {
                Self::Limit
            }
            () if has(&["documents", "document", "papers", "bring", "proof"]) => Self::Papers,
            () if has(&["where", "branch"]) => Self::Place,
            () => return None,
        })
    }

    /// Added to a sentence that speaks of this aspect; about the weight of one rare word.
    fn bonus(self, sentence: &str) -> f32 {
        let said: BTreeSet<String> = language::normalize(sentence)
            .into_iter()
            .map(|word| word.text)
            .collect();
        let signs: &[&str] = match self {
            Self::Cost => &[
                "free", "cost", "costs", "fee", "fees", "charge", "charged", "charges",
            ],
            Self::Duration => &[
                "minutes",
                "hour",
                "hours",
                "day",
                "days",
                "weeks",
                "week",
                "immediately",
                "instantly",
                "seconds",
                "once",
            ],
            Self::Limit => &[
                "limit", "limits", "maximum", "minimum", "up", "most", "least",
            ],
            Self::Place => &["branch", "branches", "app", "website", "counter"],
            Self::Papers => &[
                "passport",
                "identity",
                "proof",
                "payslip",
                "payslips",
                "document",
                "documents",
                "letter",
            ],
        };
        if signs.iter().any(|sign| said.contains(*sign)) {
            3.0
        } else {
            0.0
        }
    }
}

/// The sentences of a text, white space made single.
pub fn sentences(text: &str) -> Vec<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    let mut rest = flat.as_str();
    while let Some(end) = sentence_end(rest) {
        out.push(rest[..end].trim().to_owned());
        rest = &rest[end..];
    }
    if !rest.trim().is_empty() {
        out.push(rest.trim().to_owned());
    }
    out
}

/// The byte just after the first `.`, `!` or `?` that ends a sentence: white space and a capital,
/// a digit or a code follow. "2.5 percent" and "a.m. and" go on.
fn sentence_end(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(at, c)| {
        let after = &text[at + c.len_utf8()..];
        let next = after.strip_prefix(' ')?.chars().next()?;
        (matches!(c, '.' | '!' | '?') && !next.is_lowercase()).then_some(at + c.len_utf8())
    })
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn sentences_end_at_stops_and_not_inside_numbers() {
        assert_eq!(
            sentences(
                "The rate is 2.5 percent. Open from 8 a.m. to noon!\nDial *236#. *100# is free. Is that all? yes"
            ),
            [
                "The rate is 2.5 percent.",
                "Open from 8 a.m. to noon!",
                "Dial *236#.",
                "*100# is free.",
                "Is that all? yes"
            ]
        );
        assert!(sentences(" \n ").is_empty());
    }
}
