//! Markdown, and plain text as the simplest kind of it. It is made a page first: what Markdown may contain of HTML,
//! scripts included, then goes the same way as in any page.

use serde::Deserialize;

use super::{Parsed, html};

/// What the file says of itself between `+++` lines, as a pack's documents do, or between `---` lines.
#[derive(Debug, Default, Deserialize)]
struct Front {
    title: Option<String>,
    date: Option<String>,
    topic: Option<String>,
    #[serde(default)]
    asks: Vec<String>,
}

pub(super) fn parse(text: &str) -> Result<Parsed, String> {
    let text = text.replace("\r\n", "\n");
    let (front, body) = front(&text)?;
    let mut options = pulldown_cmark::Options::empty();
    options.insert(pulldown_cmark::Options::ENABLE_TABLES);
    options.insert(pulldown_cmark::Options::ENABLE_STRIKETHROUGH);
    let mut page = String::new();
    pulldown_cmark::html::push_html(&mut page, pulldown_cmark::Parser::new_ext(body, options));
    let parsed = html::parse(&page, None);
    Ok(Parsed {
        title: front.title.or(parsed.title),
        date: front.date,
        topic: front.topic,
        asks: front.asks,
        ..parsed
    })
}

fn front(text: &str) -> Result<(Front, &str), String> {
    if let Some((front, body)) = between(text, "+++") {
        let front = toml::from_str(front).map_err(|error| {
            format!(
                "what it says between +++ lines is no TOML: {}",
                error.message()
            )
        })?;
        return Ok((front, body));
    }
    let Some((lines, body)) = between(text, "---") else {
        return Ok((Front::default(), text));
    };
    // YAML, of which single values are read.
    let value = |name: &str| {
        let line = lines.lines().find_map(|line| line.strip_prefix(name))?;
        let value = line.strip_prefix(':')?.trim().trim_matches(['"', '\'']);
        Some(value.to_owned()).filter(|value| !value.is_empty())
    };
    let front = Front {
        title: value("title"),
        date: value("date"),
        topic: value("topic"),
        asks: Vec::new(),
    };
    Ok((front, body))
}

fn between<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(mark)?.strip_prefix('\n')?;
    let (front, body) = rest.split_once(&format!("\n{mark}\n"))?;
    Some((front, body))
}
