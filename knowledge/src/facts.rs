//! A pack's `facts.toml`: what is remembered of its callers, checked, with the values of the catalogue put in.

use std::path::Path;

use language::{FactForm, FactKey, FactValue, FactWords, Lexicon, phrase::Phrase};
use serde::Deserialize;

use crate::{
    catalogue::{Catalogue, Value},
    check::{Names, bad, ids},
    error::PackError,
};

/// Keys of a pack at most.
const MOST_KEYS: usize = 30;
/// Values of a choice at most.
const MOST_VALUES: usize = 200;
/// Characters of a value at most.
const MOST_CHARS: usize = 100;
/// Days that a fact can hold at most.
const MOST_DAYS: u32 = 3650;
/// Keys of our own.
const OWN: [&str; 2] = ["selling", "everything"];

/// Words of the language for what is said of what is remembered: `[recall]` of `packs/languages/en.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallLines {
    /// What is known, with `{facts}`.
    pub known: String,
    /// Nothing is.
    pub known_nothing: String,
    /// The caller has not proved who they are; behind it comes how they do.
    pub not_proven: String,
    /// What was named is forgotten, with `{what}`.
    pub forgotten: String,
    /// All is.
    pub forgotten_all: String,
    /// What this call said is, of a caller who has not proved who they are.
    pub forgotten_here: String,
    /// Nobody knows what "that" is.
    pub forget_what: String,
    /// Nothing is offered any more.
    pub selling_off: String,
    /// It is again.
    pub selling_on: String,
    /// What was asked last, with `{question}`.
    pub asked: String,
    /// What the last call was about, with `{topics}`, where its words are not there.
    pub asked_about: String,
    /// There was no call, or nothing was asked.
    pub asked_nothing: String,
    /// What earlier calls said, with `{facts}`.
    pub told: String,
    /// They said nothing.
    pub told_nothing: String,
    /// What the last call was about, with `{topics}`.
    pub last_call: String,
    /// It was not settled.
    pub unresolved: String,
    /// What was promised and is not done, with `{references}`.
    pub open: String,
    /// The short form.
    pub welcome_back: String,
    /// Behind a welcome that asks nothing.
    pub what_for: String,
    /// Between the last two of several.
    pub and: String,
}

/// Refuses what cannot be, and puts the names of the company and of the catalogue in.
pub(crate) fn check(
    file: &Path,
    names: Names<'_>,
    catalogue: Option<&Catalogue>,
    words: &mut FactWords,
) -> Result<(), PackError> {
    if words.fact.len() > MOST_KEYS {
        let accepted = format!("{MOST_KEYS} keys at most");
        return Err(bad(file, "fact", &words.fact.len().to_string(), &accepted));
    }
    ids(
        file,
        "fact.key",
        words.fact.iter().map(|fact| fact.key.as_str()),
    )?;
    for fact in &mut words.fact {
        if OWN.contains(&fact.key.as_str()) {
            return Err(bad(
                file,
                "fact.key",
                &fact.key,
                "a key that is not our own",
            ));
        }
        if fact.holds_days == 0 || fact.holds_days > MOST_DAYS {
            let accepted = format!("days, 1 to {MOST_DAYS}");
            let value = fact.holds_days.to_string();
            return Err(bad(file, "fact.holds_days", &value, &accepted));
        }
        said(file, names, fact)?;
        from_catalogue(file, catalogue, fact)?;
        values(file, fact)?;
    }
    Ok(())
}

/// How it is called and spoken back.
fn said(file: &Path, names: Names<'_>, fact: &mut FactKey) -> Result<(), PackError> {
    names.fill(file, "fact.label", &mut fact.label, &[])?;
    let is_yes_no = fact.form == FactForm::YesNo;
    let later: &[&str] = if is_yes_no { &[] } else { &["value"] };
    let has_value = fact.say.contains("{value}");
    if has_value == is_yes_no || fact.say_not.is_some() != is_yes_no {
        let accepted = "a sentence with {value}; of a yes_no without it, and say_not beside it";
        return Err(bad(file, "fact.say", &fact.say, accepted));
    }
    names.fill(file, "fact.say", &mut fact.say, later)?;
    match &mut fact.say_not {
        Some(line) => names.fill(file, "fact.say_not", line, &[]),
        None => Ok(()),
    }
}

/// The values of the field that it names, beside its own.
fn from_catalogue(
    file: &Path,
    catalogue: Option<&Catalogue>,
    fact: &mut FactKey,
) -> Result<(), PackError> {
    let Some(of) = fact.of.clone() else {
        return Ok(());
    };
    let unknown = || {
        bad(
            file,
            "fact.of",
            &of,
            "table.field of names in the catalogue",
        )
    };
    let (table, key) = of.split_once('.').ok_or_else(unknown)?;
    let listing = catalogue.and_then(|catalogue| catalogue.listing(table));
    let listing = listing.ok_or_else(unknown)?;
    let field = listing.table.field(key).ok_or_else(unknown)?;
    for row in &listing.rows {
        let names = match listing.value(row, key) {
            Some(Value::Name(name)) => std::slice::from_ref(name),
            Some(Value::List(names)) => names.as_slice(),
            _ => continue,
        };
        for name in names {
            let value = fact.values.entry(name.clone());
            value.or_insert_with(|| {
                let others = field.values.get(name).into_iter().flatten().cloned();
                let own = [name.split_whitespace().collect::<Vec<_>>().join("+")];
                FactValue {
                    say: name.clone(),
                    phrases: own.into_iter().chain(others).collect(),
                }
            });
        }
    }
    Ok(())
}

fn values(file: &Path, fact: &FactKey) -> Result<(), PackError> {
    let is_choice = fact.form == FactForm::Choice;
    if is_choice == fact.values.is_empty() || fact.values.len() > MOST_VALUES {
        let accepted = format!("1 to {MOST_VALUES} of a choice, and none of another form");
        let count = fact.values.len().to_string();
        return Err(bad(file, "fact.values", &count, &accepted));
    }
    if !is_choice && fact.many {
        return Err(bad(file, "fact.many", "true", "of a choice alone"));
    }
    if !is_choice && fact.phrases.is_empty() {
        return Err(bad(file, "fact.phrases", "[]", "one phrase or more"));
    }
    let too_long = |text: &&String| text.is_empty() || text.chars().count() > MOST_CHARS;
    let mut names = fact.values.keys();
    if let Some(name) = names.find(too_long) {
        let accepted = format!("1 to {MOST_CHARS} characters");
        return Err(bad(file, "fact.values", name, &accepted));
    }
    Ok(())
}

/// Every phrase holds a word that can match.
pub(crate) fn check_phrases(
    file: &Path,
    lexicon: &Lexicon,
    words: &FactWords,
) -> Result<(), PackError> {
    for fact in &words.fact {
        let of_values = fact.values.values().flat_map(|value| &value.phrases);
        let mut all = fact
            .phrases
            .iter()
            .chain(&fact.denied)
            .chain(&fact.unless)
            .chain(&fact.called)
            .chain(of_values);
        if let Some(empty) = all.find(|phrase| Phrase::parse(lexicon, phrase).is_none()) {
            return Err(bad(file, "fact.phrases", empty, "a phrase with a word"));
        }
    }
    Ok(())
}
