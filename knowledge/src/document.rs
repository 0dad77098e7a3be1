//! A document as it is written in a pack's folder.

use std::{collections::BTreeMap, path::Path};

use call::input::clean_text;
use serde::Deserialize;

use crate::{
    answer::sentences,
    check::bad,
    error::PackError,
    pack::{DocumentText, Topic},
    trust::day,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    source: String,
    title: String,
    topic: String,
    #[serde(default)]
    asks: Vec<String>,
    date: Option<String>,
    credibility: Option<f32>,
    address: Option<String>,
    /// Of what it was made of; for whoever fetches it again.
    #[serde(rename = "hash")]
    _hash: Option<String>,
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
    if let Some(date) = front.date.as_deref().filter(|date| day(date).is_none()) {
        return Err(bad(file, "date", date, "a day such as \"2026-01-31\""));
    }
    if let Some(value) = front
        .credibility
        .filter(|value| !(0.0..=1.0).contains(value))
    {
        return Err(bad(file, "credibility", &value.to_string(), "0.0 to 1.0"));
    }
    let mut asks = front.asks;
    let text = without_headings(&clean_text(body.trim()), &front.title, &mut asks);
    if text.is_empty() {
        let message = "the document has no text below its +++";
        return Err(malformed(message.to_owned()));
    }
    Ok(DocumentText {
        source: front.source,
        title: front.title,
        topic: Some(front.topic),
        asks,
        phrasings: Vec::new(),
        answered_by: BTreeMap::new(),
        misquoted: Vec::new(),
        date: front.date,
        credibility: front.credibility,
        address: front.address,
        text,
    })
}

/// Reads what callers say who ask for the document, one a line. A line that begins with `> ` quotes the sentence of the document that
/// answers those below it, word for word; where it is not there any more, none does in particular, which a review of the
/// pack remarks on. What begins with `#` is a comment.
pub(crate) fn add_phrasings(text: &str, document: &mut DocumentText) {
    let known = sentences(&document.text);
    let mut answer: Option<&String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(quoted) = line.strip_prefix("> ") {
            answer = known.iter().find(|sentence| *sentence == quoted);
            if answer.is_none() {
                document.misquoted.push(quoted.to_owned());
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            document.phrasings.push(line.to_owned());
            if let Some(answer) = answer {
                document.answered_by.insert(line.to_owned(), answer.clone());
            }
        }
    }
}

/// The text as it can be spoken: a heading (`## Fees`) begins the paragraph below it ("Fees: …"), so that it is found
/// and said with it. One that repeats the title says nothing new, and a question is another way of asking.
fn without_headings(body: &str, title: &str, asks: &mut Vec<String>) -> String {
    let mut text = String::new();
    let mut heading: Option<&str> = None;
    for line in body.lines() {
        let marks = line.bytes().take_while(|byte| *byte == b'#').count();
        let said = line[marks..]
            .strip_prefix(' ')
            .filter(|_| (1..=6).contains(&marks));
        if let Some(said) = said.map(str::trim) {
            heading = None;
            if said.ends_with('?') {
                asks.push(said.to_owned());
            } else if !said.eq_ignore_ascii_case(title.trim()) {
                heading = Some(said);
            }
            continue;
        }
        if let Some(heading) = heading.take_if(|_| !line.trim().is_empty()) {
            text.push_str(heading.trim_end_matches(['.', ':', '!']));
            text.push_str(": ");
        }
        text.push_str(line);
        text.push('\n');
    }
    // What a heading leaves behind is an empty line too many.
    let paragraphs = text.split("\n\n").map(str::trim);
    let paragraphs: Vec<&str> = paragraphs.filter(|text| !text.is_empty()).collect();
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_begin_what_stands_below_them() {
        let body = "# Cards\n\nCards are free.\nAll of them.\n\n## Fees abroad.\n\nTwo percent.\n\n\n### How do I pay?\n\nAt once. Dial *1#.\n# Last\n#5 is out.";
        let mut asks = vec!["known".to_owned()];
        let text = without_headings(body, "cards", &mut asks);
        assert_eq!(
            text,
            "Cards are free.\nAll of them.\n\nFees abroad: Two percent.\n\nAt once. Dial *1#.\nLast: #5 is out."
        );
        assert_eq!(asks, ["known", "How do I pay?"]);
    }

    #[test]
    fn further_ways_of_asking_may_say_which_sentence_answers_them() {
        let mut document = DocumentText {
            text: "Cards are free. They come by post.".to_owned(),
            ..DocumentText::default()
        };
        let text = "# a comment\nabout cards\n\n> They come by post.\nhow do i get it\n> They cost much.\nwhat is it";
        add_phrasings(text, &mut document);
        assert_eq!(
            document.phrasings,
            ["about cards", "how do i get it", "what is it"]
        );
        assert_eq!(document.misquoted, ["They cost much."]);
        let answered: Vec<(&String, &String)> = document.answered_by.iter().collect();
        assert_eq!(
            answered,
            [(
                &"how do i get it".to_owned(),
                &"They come by post.".to_owned()
            )]
        );
    }
}
