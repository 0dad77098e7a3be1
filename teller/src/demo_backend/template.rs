//! Texts with places for values: `{reference}`, and `{loans.{book}.due}` for a name that is a value itself.

use std::fmt;

use serde::Deserialize;

/// A text with places in it. What is put in is not looked at again.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    /// What stands between the braces.
    Value(Template),
}

impl Template {
    /// The text with a value for each name.
    pub(super) fn fill(&self, value: &impl Fn(&str) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(name) => value(&name.fill(value)),
        });
        parts.collect()
    }

    /// What its names begin with, up to the first dot; names within names too. One that begins with a value of its own
    /// is only known when it is filled in.
    pub(super) fn roots(&self) -> Vec<&str> {
        let values = self.0.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name),
            Part::Text(_) => None,
        });
        let roots = values.flat_map(|name| {
            let own = match name.0.first() {
                Some(Part::Text(text)) => Some(root(text)),
                _ => None,
            };
            own.into_iter().chain(name.roots())
        });
        roots.collect()
    }

    /// What it begins with as a name itself.
    pub(super) fn own_root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Part::Text(text)) => Some(root(text)),
            _ => None,
        }
    }
}

/// The part of a name before its first dot.
pub(super) fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// Braces that do not pair.
#[derive(Debug)]
pub(super) struct Unpaired(String);

impl fmt::Display for Unpaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "{text:?} has a brace too many; accepted: text with names in braces, such as {{reference}}"
        )
    }
}

impl TryFrom<String> for Template {
    type Error = Unpaired;

    fn try_from(text: String) -> Result<Self, Unpaired> {
        let mut rest = text.chars();
        match parts(&mut rest, false) {
            Some(template) => Ok(template),
            None => Err(Unpaired(text)),
        }
    }
}

/// The parts up to the end, or to the brace that closes.
fn parts(rest: &mut std::str::Chars<'_>, within: bool) -> Option<Template> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let whole = |text: &mut String, parts: &mut Vec<Part>| {
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(text)));
        }
    };
    loop {
        match rest.next() {
            None if within => return None,
            Some('}') if !within => return None,
            None | Some('}') => break,
            Some('{') => {
                whole(&mut text, &mut parts);
                parts.push(Part::Value(self::parts(rest, true)?));
            }
            Some(c) => text.push(c),
        }
    }
    whole(&mut text, &mut parts);
    let is_empty = within && parts.is_empty();
    (!is_empty).then_some(Template(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template::try_from(text.to_owned()).expect(text)
    }

    #[test]
    fn names_are_filled_in_once_and_may_hold_names() {
        let value = |name: &str| match name {
            "book" => "atlas".to_owned(),
            "loans.atlas.due" => "{book}".to_owned(),
            _ => String::new(),
        };
        let text = template("{book} is due {loans.{book}.due}{nothing}.");
        assert_eq!(text.fill(&value), "atlas is due {book}.");
        assert_eq!(text.roots(), ["book", "loans", "book", "nothing"]);
        assert_eq!(template("loans.{book}").own_root(), Some("loans"));
        assert_eq!(template("{book}.x").own_root(), None);
    }

    #[test]
    fn braces_pair() {
        for wrong in ["{", "}", "{a", "a}", "{a{b}", "{}", "{{}}"] {
            let error = Template::try_from(wrong.to_owned()).expect_err(wrong);
            assert!(error.to_string().contains("{reference}"), "{error}");
        }
    }
}
