//! A document as it is written in a pack's folder.

use std::path::Path;

use call::input::clean_text;
use serde::Deserialize;

use crate::{
    check::bad,
    error::PackError,
    pack::{DocumentText, Topic},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    source: String,
    title: String,
    topic: String,
    #[serde(default)]
    asks: Vec<String>,
}

/// Reads TOML between two `+++` lines, then prose.
pub(crate) fn parse(file: &Path, text: &str, topics: &[Topic]) -> Result<DocumentText, PackError> {
    let malformed = |message: String| PackError::Malformed {
        file: file.to_owned(),
        message,
    };
    let shape = "a document begins with +++, then source, title and topic, then +++, then its text";
    let (front, body) = text
        .strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"))
        .ok_or_else(|| malformed(shape.to_owned()))?;
    let front: FrontMatter = toml::from_str(front).map_err(|error| malformed(error.to_string()))?;
    if front.source.is_empty() || front.source.contains(char::is_whitespace) {
        let accepted = "a name without spaces, such as library/opening-hours";
        return Err(bad(file, "source", &front.source, accepted));
    }
    if front.title.trim().is_empty() {
        return Err(bad(file, "title", &front.title, "a title"));
    }
    if !topics.iter().any(|known| known.id == front.topic) {
        return Err(bad(file, "topic", &front.topic, "an id of topics.toml"));
    }
    if body.trim().is_empty() {
        let message = "the document has no text below its +++";
        return Err(malformed(message.to_owned()));
    }
    Ok(DocumentText {
        source: front.source,
        title: front.title,
        topic: Some(front.topic),
        asks: front.asks,
        text: clean_text(body.trim()).into_owned(),
    })
}
