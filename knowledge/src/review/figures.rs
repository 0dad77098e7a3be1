//! Figures that contradict each other: sentences of two documents that say the same of the same thing but for an
//! amount, a period or a percentage.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::PathBuf,
};

use language::{
    money::minor,
    quantity::{Manner, ONE, quantities},
};
use serde::Deserialize;

use super::Remark;
use crate::{KnowledgeBase, answer::sentences, catalogue, pack::DocumentText};

/// Share of two sentences' words, by their rarity, that both must have.
const ALIKE: f32 = 0.6;
/// Words that both must have.
const WORDS: usize = 2;
/// What a word of only one of the two titles counts: two documents may say the same of different things.
const TITLE: f32 = 0.5;
/// A unit stands next to its number, or behind one word: "two working days".
const UNIT_WORDS: usize = 2;

/// Words of the language by which figures are told apart.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FigureWords {
    /// What makes a number a percentage.
    percent: Vec<String>,
    /// Units of time, and their length in minutes.
    periods: BTreeMap<String, i64>,
}

/// What a figure measures.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// In minor units of this currency.
    Money(String),
    /// In minutes.
    Period,
    /// In thousandths.
    Percent,
}

/// A figure that a clause states.
#[derive(Clone, Debug)]
struct Figure {
    kind: Kind,
    manner: Manner,
    ends: BTreeSet<i64>,
}

/// A part of a sentence that states one figure.
#[derive(Debug)]
struct Statement<'a> {
    document: usize,
    sentence: &'a str,
    figure: Figure,
    /// Stems of what else it says.
    words: BTreeSet<String>,
}

pub(super) fn remarks(base: &KnowledgeBase, file: &dyn Fn(&str) -> PathBuf) -> Vec<Remark> {
    let documents = &base.pack().documents;
    let texts: Vec<Vec<String>> = documents
        .iter()
        .map(|document| sentences(&document.text))
        .collect();
    let titles: Vec<BTreeSet<String>> = documents
        .iter()
        .map(|document| catalogue::stems(base.lexicon(), &document.title))
        .collect();
    let mut statements = Vec::new();
    for (document, sentences) in texts.iter().enumerate() {
        for sentence in sentences {
            statements.extend(stated(base, document, sentence));
        }
    }
    let mut remarks = Vec::new();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (at, one) in statements.iter().enumerate() {
        for other in &statements[at + 1..] {
            let (first, second) = (&documents[one.document], &documents[other.document]);
            if one.document != other.document
                && one.figure.contradicts(&other.figure)
                && !is_accepted(base, first, second)
                && likeness(base, one, other, &titles) >= ALIKE
                && told.insert((one.sentence, other.sentence))
            {
                remarks.push(Remark {
                    file: file(&first.source),
                    found: format!(
                        "{:?}, and {} says {:?}",
                        one.sentence, second.source, other.sentence
                    ),
                    advice: format!(
                        "mend the one that is wrong; where both are right, say so: figures = [[{:?}, {:?}]] under [check] in pack.toml",
                        first.source, second.source
                    ),
                });
            }
        }
    }
    remarks
}

/// Accepted pairs of documents that are not there: a slip, or one of them is gone.
pub(super) fn accepted(base: &KnowledgeBase) -> Vec<Remark> {
    let pack = base.pack();
    let sources = pack.settings.check.figures.iter().flatten();
    let known = |source: &String| {
        let mut documents = pack.documents.iter();
        documents.any(|document| document.source == *source)
    };
    let unknown = sources.filter(|source| !known(source));
    unknown
        .map(|source| Remark {
            file: PathBuf::from("pack.toml"),
            found: format!("figures under [check] name {source:?}, and no document is called so"),
            advice: "take the pair out, or name the document by its source".to_owned(),
        })
        .collect()
}

/// The author says that both are right.
fn is_accepted(base: &KnowledgeBase, one: &DocumentText, other: &DocumentText) -> bool {
    let pairs = &base.pack().settings.check.figures;
    pairs
        .iter()
        .any(|pair| pair.contains(&one.source) && pair.contains(&other.source))
}

impl Figure {
    /// The figures of a text with the bytes that state them; `own` is the code of the pack's currency.
    fn all(text: &str, words: &FigureWords, own: Option<&str>) -> Vec<(Self, Range<usize>)> {
        let found = quantities(text);
        let mut figures = Vec::new();
        for (at, quantity) in found.iter().enumerate() {
            let next = found.get(at + 1).map_or(text.len(), |next| next.span.start);
            let behind = &text[quantity.number.end..next.max(quantity.number.end)];
            let money = quantity.currency.as_deref();
            let money = money.or_else(|| own.filter(|_| quantity.scaled));
            let ends = [quantity.least, quantity.most].into_iter().flatten();
            let mut span = quantity.span.clone();
            let (kind, ends) = if let Some(code) = money {
                let ends = ends.filter_map(|end| minor(end, code)).collect();
                (Kind::Money(code.to_owned()), ends)
            } else if let Some((unit, length)) = unit(behind, words) {
                span.end = span.end.max(quantity.number.end + length);
                let size = |end: i64| match unit {
                    Unit::Percent => end,
                    Unit::Minutes(minutes) => end.saturating_mul(minutes) / ONE,
                };
                (unit.kind(), ends.map(size).collect())
            } else {
                continue;
            };
            let manner = quantity.manner;
            figures.push((Self { kind, manner, ends }, span));
        }
        figures
    }

    /// Both cannot be right of the same thing: they share no value. A range holds what lies in it, and what is bounded
    /// above may be bounded below too.
    fn contradicts(&self, other: &Self) -> bool {
        let bounds = (self.manner, other.manner);
        let apart = matches!(
            bounds,
            (Manner::AtLeast, Manner::AtMost) | (Manner::AtMost, Manner::AtLeast)
        );
        let (least, most) = (self.ends.first(), self.ends.last());
        let meets = least <= other.ends.last() && other.ends.first() <= most;
        self.kind == other.kind && !apart && !meets
    }
}

/// What stands behind a number.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Percent,
    Minutes(i64),
}

impl Unit {
    const fn kind(self) -> Kind {
        match self {
            Self::Percent => Kind::Percent,
            Self::Minutes(_) => Kind::Period,
        }
    }
}

/// The unit behind a number, and how many bytes it takes with what stands before it.
fn unit(behind: &str, words: &FigureWords) -> Option<(Unit, usize)> {
    if let Some(sign) = words.percent.iter().find(|sign| behind.starts_with(*sign)) {
        return Some((Unit::Percent, sign.len()));
    }
    let mut end = 0;
    for word in behind.trim_start().split_inclusive(' ').take(UNIT_WORDS) {
        end += word.len();
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let unit = match words.periods.get(word) {
            Some(minutes) => Some(Unit::Minutes(*minutes)),
            None if words.percent.iter().any(|percent| percent == word) => Some(Unit::Percent),
            None => None,
        };
        if let Some(unit) = unit {
            return Some((unit, behind.len() - behind.trim_start().len() + end));
        }
    }
    None
}

/// What a sentence states, clause by clause. A clause that says little else belongs to the one before it, unless that
/// has a figure of its own.
fn stated<'a>(base: &KnowledgeBase, document: usize, sentence: &'a str) -> Vec<Statement<'a>> {
    let pack = base.pack();
    let own = pack.settings.currency.as_ref();
    let own = own.map(|currency| currency.code.as_str());
    let mut statements = Vec::new();
    let mut before = BTreeSet::new();
    for clause in sentence.split_inclusive([',', ';', ':']) {
        let figures = Figure::all(clause, &pack.figures, own);
        let mut rest = String::new();
        let mut end = 0;
        for (_, span) in &figures {
            rest.push_str(&clause[end..span.start.max(end)]);
            end = span.end;
        }
        rest.push_str(&clause[end..]);
        let mut words = catalogue::stems(base.lexicon(), &rest);
        if words.len() < WORDS {
            words.append(&mut before);
        }
        before.clear();
        if figures.is_empty() {
            before.clone_from(&words);
        }
        // Of two figures in one clause it is not known which belongs to what.
        if let [(figure, _)] = &figures[..] {
            statements.push(Statement {
                document,
                sentence,
                figure: figure.clone(),
                words,
            });
        }
    }
    statements
}

/// Which part of what two statements say is the same, 0 to 1. What one leaves to its document's title ("It costs …")
/// counts as said.
fn likeness(
    base: &KnowledgeBase,
    one: &Statement<'_>,
    other: &Statement<'_>,
    titles: &[BTreeSet<String>],
) -> f32 {
    let (a, b) = (&one.words, &other.words);
    let (of_a, of_b) = (&titles[one.document], &titles[other.document]);
    let shared = |word: &&String| {
        a.contains(*word) && (b.contains(*word) || of_b.contains(*word))
            || b.contains(*word) && of_a.contains(*word)
    };
    let weight = |words: &mut dyn Iterator<Item = &String>| -> f32 {
        words.map(|word| base.rarity(word)).sum()
    };
    let both: Vec<&String> = a.union(b).filter(shared).collect();
    if both.len() < WORDS {
        return 0.0;
    }
    let mut foreign = of_a
        .symmetric_difference(of_b)
        .filter(|word| !a.contains(*word) && !b.contains(*word));
    let all = weight(&mut a.union(b)) + TITLE * weight(&mut foreign);
    weight(&mut both.into_iter()) / all
}
