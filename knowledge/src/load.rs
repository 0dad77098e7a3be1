//! A pack read from its folder, and refused with a sentence that helps when something is wrong in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::PackError;
use crate::pack::{Actions, BankingWords, DocumentText, Pack, Settings, SmallTalk, Topic};
use crate::router::Router;
use language::Lexicon;
use language::phrase::{Phrase, Utterance};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicsFile {
    topic: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmallTalkFile {
    kind: Vec<SmallTalk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    source: String,
    title: String,
    topic: String,
    #[serde(default)]
    asks: Vec<String>,
}

impl Pack {
    /// Reads `pack.toml`, `topics.toml`, `banking_words.toml`, `small_talk.toml`, `actions.toml` and
    /// `documents/*.md` from `folder`.
    ///
    /// # Errors
    /// When a file cannot be read, is not UTF-8, is malformed, or names something that is not there;
    /// the message names the file, the key and what would be accepted.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        let settings_file = folder.join("pack.toml");
        let mut settings: Settings = toml_file(&settings_file)?;
        check_settings(&settings_file, &settings)?;
        settings
            .lines
            .fill(&settings_file, &settings.bank_name, &settings.agent_name)?;

        let topics_file = folder.join("topics.toml");
        let topics = toml_file::<TopicsFile>(&topics_file)?.topic;
        unique(
            &topics_file,
            "topic.id",
            topics.iter().map(|topic| topic.id.as_str()),
        )?;
        for topic in &topics {
            check_id(&topics_file, "topic.id", &topic.id)?;
        }
        let words: BankingWords = toml_file(&folder.join("banking_words.toml"))?;
        let small_talk_file = folder.join("small_talk.toml");
        let mut small_talk = toml_file::<SmallTalkFile>(&small_talk_file)?.kind;
        unique(
            &small_talk_file,
            "kind.kind",
            small_talk.iter().map(|talk| talk.kind.as_str()),
        )?;
        for talk in &mut small_talk {
            let key = format!("kind {:?}: answers", talk.kind);
            not_empty(&small_talk_file, &key, &talk.answers)?;
            for answer in &mut talk.answers {
                *answer = fill(
                    &small_talk_file,
                    &key,
                    answer,
                    &settings.bank_name,
                    &settings.agent_name,
                    false,
                )?;
            }
        }
        let actions: Actions = toml_file(&folder.join("actions.toml"))?;
        let documents = documents(&folder.join("documents"), &topics)?;
        let pack = Self {
            settings,
            topics,
            words,
            small_talk,
            actions,
            documents,
        };
        check_cues(folder, &pack)?;
        Ok(pack)
    }
}

fn read(file: &Path) -> Result<String, PackError> {
    let bytes = std::fs::read(file).map_err(|source| PackError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| PackError::NotUtf8 {
        file: file.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

fn toml_file<T: DeserializeOwned>(file: &Path) -> Result<T, PackError> {
    let text = read(file)?;
    toml::from_str(&text).map_err(|error| malformed(file, error.to_string()))
}

fn malformed(file: &Path, message: String) -> PackError {
    PackError::Malformed {
        file: file.to_owned(),
        message,
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

fn unique<'a>(
    file: &Path,
    key: &str,
    values: impl Iterator<Item = &'a str>,
) -> Result<(), PackError> {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(bad(file, key, value, "an id used once"));
        }
    }
    Ok(())
}

fn check_id(file: &Path, key: &str, id: &str) -> Result<(), PackError> {
    let good = !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if good {
        Ok(())
    } else {
        Err(bad(
            file,
            key,
            id,
            "lower-case letters, digits and _, such as lost_card",
        ))
    }
}

pub(crate) fn not_empty(file: &Path, key: &str, list: &[String]) -> Result<(), PackError> {
    if list.is_empty() || list.iter().any(|line| line.trim().is_empty()) {
        return Err(bad(
            file,
            key,
            &list.join(" / "),
            "one sentence or more, none of them empty",
        ));
    }
    Ok(())
}

fn check_settings(file: &Path, settings: &Settings) -> Result<(), PackError> {
    check_id(file, "name", &settings.name)?;
    let silence = settings.silence;
    if silence.away_s == 0 {
        return Err(bad(file, "silence.away_s", "0", "seconds, 1 or more"));
    }
    if silence.hangup_s <= silence.away_s {
        let value = silence.hangup_s.to_string();
        return Err(bad(
            file,
            "silence.hangup_s",
            &value,
            &format!("seconds, more than silence.away_s = {}", silence.away_s),
        ));
    }
    if !(0.5..=2.0).contains(&settings.voice.rate) {
        return Err(bad(
            file,
            "voice.rate",
            &settings.voice.rate.to_string(),
            "a number from 0.5 to 2.0",
        ));
    }
    let e164 = |number: &str| {
        number.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
        })
    };
    match &settings.transfer_number {
        Some(number) if !e164(number) => Err(bad(
            file,
            "transfer_number",
            number,
            "a number in E.164 form, such as +263771234567",
        )),
        _ => Ok(()),
    }
}

/// Puts the pack's names in; `{name}` stays where the speaker fills it.
pub(crate) fn fill(
    file: &Path,
    key: &str,
    line: &str,
    bank: &str,
    agent: &str,
    name: bool,
) -> Result<String, PackError> {
    let filled = line.replace("{bank}", bank).replace("{agent}", agent);
    let rest = if name {
        filled.replace("{name}", "")
    } else {
        filled.clone()
    };
    if rest.trim().is_empty() || rest.contains(['{', '}']) {
        let accepted = if name {
            "a sentence; {bank}, {agent} and {name} are filled in"
        } else {
            "a sentence; {bank} and {agent} are filled in"
        };
        return Err(bad(file, key, line, accepted));
    }
    Ok(filled)
}

fn documents(folder: &Path, topics: &[Topic]) -> Result<Vec<DocumentText>, PackError> {
    let unreadable = |source| PackError::Unreadable {
        file: folder.to_owned(),
        source,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "md") {
            files.push(file);
        }
    }
    files.sort();
    let mut by_source: BTreeMap<String, (PathBuf, DocumentText)> = BTreeMap::new();
    for file in files {
        let document = document(&file, &read(&file)?)?;
        let topic = document.topic.as_deref().unwrap_or_default();
        if !topics.iter().any(|known| known.id == topic) {
            return Err(bad(&file, "topic", topic, "an id of topics.toml"));
        }
        if let Some((other, _)) = by_source.get(&document.source) {
            let accepted = format!("a source of its own; {} has this one", other.display());
            return Err(bad(&file, "source", &document.source, &accepted));
        }
        by_source.insert(document.source.clone(), (file, document));
    }
    Ok(by_source
        .into_values()
        .map(|(_, document)| document)
        .collect())
}

/// One document: TOML between two `+++` lines, then prose.
fn document(file: &Path, text: &str) -> Result<DocumentText, PackError> {
    let text = text.replace("\r\n", "\n");
    let shape = "a document begins with +++, then source, title and topic, then +++, then its text";
    let (front, body) = text
        .strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"))
        .ok_or_else(|| malformed(file, shape.to_owned()))?;
    let front: FrontMatter =
        toml::from_str(front).map_err(|error| malformed(file, error.to_string()))?;
    let source_ok = !front.source.is_empty() && !front.source.contains(char::is_whitespace);
    if !source_ok {
        return Err(bad(
            file,
            "source",
            &front.source,
            "a name without spaces, such as bank/lost-card",
        ));
    }
    if front.title.trim().is_empty() {
        return Err(bad(file, "title", &front.title, "a title"));
    }
    if body.trim().is_empty() {
        return Err(malformed(
            file,
            "the document has no text below its +++".to_owned(),
        ));
    }
    Ok(DocumentText {
        source: front.source,
        title: front.title,
        topic: Some(front.topic),
        asks: front.asks,
        text: body.trim().to_owned(),
    })
}

/// A cue that cannot match even its own words is a slip (a filler word, a synonym's left side).
fn check_cues(folder: &Path, pack: &Pack) -> Result<(), PackError> {
    let lexicon = Lexicon::new(&pack.words.synonyms, &pack.words.whole);
    let dead = |cue: &Phrase| {
        cue.find(&Utterance::new(lexicon.terms(&cue.sample())))
            .is_none()
    };
    let router = Router::new(&lexicon, pack);
    let found: Vec<&str> = router
        .groups()
        .flat_map(|cues| cues.all())
        .filter(|cue| dead(cue))
        .map(Phrase::written)
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let accepted = "words that can match; a synonym's left side is replaced before cues are tried";
    Err(bad(folder, "cues", &found.join("; "), accepted))
}
