//! What must hold in a pack, and the messages that help when it does not.

use std::{collections::BTreeSet, path::Path};

use embedding::MOST_SCANNED;
use language::Lexicon;

use crate::{
    catalogue::Shelf,
    chunk::chunks,
    error::PackError,
    facts, index,
    lookup::{Lookup, Proof, declared, fill_in},
    moments,
    pack::{DocumentText, Pack, Settings},
    route::FIXED_NAMES,
    rules::Rules,
    slot,
};

/// The names that sentences of a pack may hold as `{company}` and `{agent}`.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) company: &'a str,
    pub(crate) agent: &'a str,
}

impl Names<'_> {
    /// Puts the names in. `later` are the placeholders that are filled when the sentence is said.
    pub(crate) fn fill(
        self,
        file: &Path,
        key: &str,
        line: &mut String,
        later: &[&str],
    ) -> Result<(), PackError> {
        let filled = fill_in(line, |key| match key {
            "company" => Some(self.company.to_owned()),
            "agent" => Some(self.agent.to_owned()),
            _ => None,
        });
        let rest = fill_in(&filled, |key| later.contains(&key).then(String::new));
        if rest.trim().is_empty() || rest.contains(['{', '}']) {
            let allowed: Vec<String> = ["company", "agent"]
                .iter()
                .chain(later)
                .map(|name| format!("{{{name}}}"))
                .collect();
            let accepted = format!("a sentence; filled in are {}", allowed.join(", "));
            return Err(bad(file, key, line, &accepted));
        }
        *line = filled;
        Ok(())
    }

    /// Puts the names into every sentence of a list, which is not empty.
    pub(crate) fn fill_all(
        self,
        file: &Path,
        key: &str,
        lines: &mut [String],
    ) -> Result<(), PackError> {
        if lines.is_empty() {
            return Err(bad(file, key, "", "one sentence or more"));
        }
        lines
            .iter_mut()
            .try_for_each(|line| self.fill(file, key, line, &[]))
    }
}

pub(crate) fn bad(file: &Path, key: &str, value: &str, accepted: &str) -> PackError {
    PackError::BadValue {
        file: file.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
        accepted: accepted.to_owned(),
    }
}

/// Every value is an id, and none of them comes twice.
pub(crate) fn ids<'a>(
    file: &Path,
    key: &str,
    values: impl Iterator<Item = &'a str>,
) -> Result<(), PackError> {
    let mut seen = BTreeSet::new();
    for value in values {
        id(file, key, value)?;
        if !seen.insert(value) {
            return Err(bad(file, key, value, "an id used once"));
        }
    }
    Ok(())
}

pub(crate) fn id(file: &Path, key: &str, id: &str) -> Result<(), PackError> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !id.is_empty() && id.chars().all(letter) {
        return Ok(());
    }
    let accepted = "lower-case letters, digits and _, such as opening_hours";
    Err(bad(file, key, id, accepted))
}

/// What a caller said half a year ago is nobody's business any more.
const MAX_UNFINISHED_DAYS: u32 = 180;

pub(crate) fn settings(file: &Path, settings: &Settings) -> Result<(), PackError> {
    id(file, "name", &settings.name)?;
    let silence = settings.silence;
    if silence.away_s == 0 {
        return Err(bad(file, "silence.away_s", "0", "seconds, 1 or more"));
    }
    if silence.hangup_s <= silence.away_s {
        let value = silence.hangup_s.to_string();
        let accepted = format!("seconds, more than silence.away_s = {}", silence.away_s);
        return Err(bad(file, "silence.hangup_s", &value, &accepted));
    }
    if settings
        .freshness_policy
        .is_some_and(|policy| policy.ttl_days == 0)
    {
        return Err(bad(
            file,
            "freshness_policy.ttl_days",
            "0",
            "days, 1 or more",
        ));
    }
    if settings.unfinished_days > MAX_UNFINISHED_DAYS {
        let value = settings.unfinished_days.to_string();
        let accepted = format!("days, {MAX_UNFINISHED_DAYS} or fewer; 0: nothing is kept");
        return Err(bad(file, "unfinished_days", &value, &accepted));
    }
    if settings
        .people
        .as_ref()
        .is_some_and(|people| people.hours.is_empty())
    {
        let accepted = "one or more, such as mon-fri 08:00-16:00";
        return Err(bad(file, "people.hours", "[]", accepted));
    }
    settings.transfer.check(file)?;
    sites(file, &settings.tool_policy.sites)?;
    if let Some(country) = &settings.country {
        slot::check_country(file, country)?;
    }
    let e164 = |number: &str| {
        number.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
        })
    };
    match &settings.transfer_number {
        Some(number) if !e164(number) => {
            let accepted = "a number in E.164 form, such as +263771234567";
            Err(bad(file, "transfer_number", number, accepted))
        }
        _ => Ok(()),
    }
}

/// Hosts as lists of them are written.
fn sites(file: &Path, sites: &[String]) -> Result<(), PackError> {
    let is_label = |label: &str| {
        let letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        !label.is_empty() && label.chars().all(letter)
    };
    let is_host = |site: &&String| {
        let name = site.strip_prefix("*.").unwrap_or(site);
        name.contains('.') && name.split('.').all(is_label)
    };
    match sites.iter().find(|site| !is_host(site)) {
        Some(wrong) => {
            let accepted =
                "a host such as www.example.com or *.example.com, without https://, port and path";
            Err(bad(file, "tool_policy.sites", wrong, accepted))
        }
        None => Ok(()),
    }
}

/// Names and sentences of the look-ups; fills in the pack's names.
pub(crate) fn lookups(
    file: &Path,
    names: Names<'_>,
    lookups: &mut [Lookup],
) -> Result<(), PackError> {
    ids(file, "lookup.name", lookups.iter().map(|l| l.name.as_str()))?;
    for lookup in lookups {
        if FIXED_NAMES.contains(&lookup.name.as_str()) {
            let accepted = "a name that no other route has";
            return Err(bad(file, "lookup.name", &lookup.name, accepted));
        }
        declared::check(file, names, lookup)?;
        let keys = lookup.fields.keys().chain(lookup.parameters.keys());
        let keys: Vec<&str> = keys.map(String::as_str).collect();
        names.fill(file, "lookup.answer", &mut lookup.answer, &keys)?;
        if lookup.proof == Proof::Code {
            let line = &mut lookup.unauthenticated;
            names.fill(file, "lookup.unauthenticated", line, &[])?;
        }
        names.fill(file, "lookup.unavailable", &mut lookup.unavailable, &[])?;
    }
    Ok(())
}

/// The texts of all documents are no more than a call can look at.
pub(crate) fn texts(folder: &Path, documents: &[DocumentText]) -> Result<(), PackError> {
    let texts_of = |document: &DocumentText| {
        let chunks = chunks(document).into_iter();
        let asks = index::Asks::of(document);
        let texts = chunks.map(|chunk| index::texts(&chunk, &asks).len());
        texts.sum::<usize>()
    };
    let count: usize = documents.iter().map(texts_of).sum();
    if count <= MOST_SCANNED {
        return Ok(());
    }
    let accepted = format!(
        "titles, ways of asking, paragraphs and sentences, {MOST_SCANNED} at most: part it into several packs"
    );
    Err(bad(folder, "texts", &count.to_string(), &accepted))
}

/// Every phrase can match.
pub(crate) fn phrases(folder: &Path, pack: &Pack) -> Result<(), PackError> {
    let lexicon = Lexicon::new(
        &pack.words.synonyms,
        &pack.words.whole,
        &pack.words.unspecific,
    );
    moments::check_phrases(&folder.join("moments.toml"), &lexicon, &pack.moments)?;
    facts::check_phrases(&folder.join("facts.toml"), &lexicon, &pack.facts)?;
    let rules = Rules::new(&lexicon, pack);
    let mut dead: Vec<String> = rules
        .dead(&lexicon)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let slots = pack
        .lookups
        .iter()
        .flat_map(|lookup| lookup.parameters.values());
    let tasks = pack.tasks.list.iter().flat_map(|task| &task.slots);
    let slots = slots.chain(tasks.map(|slot| &slot.value));
    dead.extend(slot::dead(&lexicon, slots));
    if let Some(catalogue) = &pack.catalogue {
        let shelf = Shelf::new(&lexicon, catalogue.clone(), pack.catalogue_words.clone());
        dead.extend(shelf.dead(&lexicon));
    }
    if dead.is_empty() {
        return Ok(());
    }
    let accepted =
        "words that can match; a synonym's left side is replaced before phrases are tried";
    Err(bad(folder, "phrases", &dead.join("; "), accepted))
}
