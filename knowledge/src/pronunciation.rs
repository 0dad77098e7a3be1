//! `lexicon.toml`: how the voice says the company's own words.

use std::path::Path;

use language::pronunciation::{
    IPA_FORM, Pronunciation, PronunciationError, Pronunciations, SAY_FORM, WORD_FORM,
};
use toml::{Table, Value};

use crate::{check::bad, error::PackError};

/// What a word may be given.
const ENTRY_FORM: &str =
    "letters that read right, \"tandy\", or { say = \"tandy\", ipa = \"ˈtændi\" } with one or both";

/// What the file says, checked; nothing without the file.
pub(crate) fn checked(file: &Path, table: Option<Table>) -> Result<Pronunciations, PackError> {
    let mut entries = Vec::new();
    for (key, value) in table.unwrap_or_default() {
        let ("words", Value::Table(words)) = (key.as_str(), &value) else {
            return Err(bad(file, &key, &value.to_string(), "a table [words]"));
        };
        for (word, said) in words {
            entries.push((word.clone(), entry(file, word, said)?));
        }
    }
    let values: Vec<(String, Pronunciation)> = entries.clone();
    Pronunciations::new(entries).map_err(|(word, error)| {
        let entry = values.into_iter().find(|(written, _)| *written == word);
        let Pronunciation { say, ipa } = entry.map(|(_, said)| said).unwrap_or_default();
        let key = |part: &str| format!("words.{word:?}{part}");
        match error {
            PronunciationError::Word => bad(file, "words", &word, WORD_FORM),
            PronunciationError::Empty => bad(file, &key(""), "empty", ENTRY_FORM),
            PronunciationError::Say => bad(file, &key(".say"), &say.unwrap_or_default(), SAY_FORM),
            PronunciationError::Ipa => bad(file, &key(".ipa"), &ipa.unwrap_or_default(), IPA_FORM),
        }
    })
}

fn entry(file: &Path, word: &str, said: &Value) -> Result<Pronunciation, PackError> {
    let mut pronunciation = Pronunciation::default();
    match said {
        Value::String(say) => pronunciation.say = Some(say.clone()),
        Value::Table(parts) => {
            for (key, value) in parts {
                let text = value.as_str().map(str::to_owned);
                match (key.as_str(), text) {
                    ("say", Some(text)) => pronunciation.say = Some(text),
                    ("ipa", Some(text)) => pronunciation.ipa = Some(text),
                    _ => {
                        let key = format!("words.{word:?}.{key}");
                        return Err(bad(file, &key, &value.to_string(), ENTRY_FORM));
                    }
                }
            }
        }
        other => {
            let key = format!("words.{word:?}");
            return Err(bad(file, &key, &other.to_string(), ENTRY_FORM));
        }
    }
    Ok(pronunciation)
}

#[cfg(test)]
mod tests {
    use language::pronunciation::in_letters;

    use super::*;

    fn read(text: &str) -> Result<Pronunciations, String> {
        let table = toml::from_str(text).expect("it is TOML");
        checked(Path::new("packs/x/lexicon.toml"), Some(table)).map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_said_as_the_file_says() {
        let lexicon = read(
            "[words]\nThandi = \"tandy\"\n\"Eco Cash\" = { say = \"eko cash\", ipa = \"ˈɛkoʊ kæʃ\" }",
        );
        let lexicon = lexicon.expect("it is right");
        assert_eq!(
            in_letters(&lexicon.speakable("Thandi: Eco Cash.")),
            "tandy: eko cash."
        );
        let none = checked(Path::new("lexicon.toml"), None).expect("a pack may have none");
        assert_eq!(none.fingerprint(), "");
    }

    #[test]
    fn a_mistake_is_named_with_file_key_value_and_form() {
        for (text, told) in [
            (
                "word = \"a\"",
                "word is \"\\\"a\\\"\"; accepted: a table [words]",
            ),
            (
                "[words]\nx = 5",
                "words.\"x\" is \"5\"; accepted: letters that read right",
            ),
            ("[words]\nx = { sai = \"a\" }", "words.\"x\".sai is"),
            (
                "[words]\nx = { ipa = \"/a/\" }",
                "words.\"x\".ipa is \"/a/\"; accepted: sounds in IPA",
            ),
            (
                "[words]\nx = \"<b>\"",
                "words.\"x\".say is \"<b>\"; accepted: letters",
            ),
            (
                "[words]\nx = {}",
                "words.\"x\" is \"empty\"; accepted: letters that read right",
            ),
            (
                "[words]\n\"a!\" = \"a\"",
                "words is \"a!\"; accepted: a word, or up to four",
            ),
        ] {
            let error = read(text).map(|_| ()).expect_err("it is wrong");
            assert!(
                error.contains(told) && error.starts_with("packs/x/lexicon.toml: "),
                "{error}"
            );
        }
    }
}
