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
    if let Some(date) = front.date.as_deref().filter(|date| !is_day(date)) {
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
        date: front.date,
        credibility: front.credibility,
        address: front.address,
        text,
    })
}

/// Whether a text is a day as `2026-01-31`.
pub(crate) fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let within = |part: &str, length: usize, accepted: std::ops::RangeInclusive<u32>| {
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number && part.parse().is_ok_and(|number| accepted.contains(&number))
    };
    within(year, 4, 1..=9_999) && within(month, 2, 1..=12) && within(day, 2, 1..=31)
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
    fn a_day_is_written_in_one_way() {
        for (text, is_one) in [
            ("2026-01-31", true),
            ("2026-1-31", false),
            ("2026-13-01", false),
            ("31.01.2026", false),
            ("2026-01-31T10:00", false),
        ] {
            assert_eq!(is_day(text), is_one, "{text}");
        }
    }
}
