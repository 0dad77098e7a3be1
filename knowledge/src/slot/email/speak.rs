//! An address of e-mail as it is read back.

use language::numbers::digits_in_words;

use crate::slot::words::EmailWords;

/// What stands before the sign letter by letter, and the domain's labels as words where people say them so.
pub(super) fn spoken(address: &str, words: &EmailWords) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let (at, dot) = (words.at.first()?, words.dot.first()?);
    let labels: Vec<String> = domain
        .split('.')
        .map(|label| {
            let is_word =
                words.ends.iter().any(|end| end == label) || words.domains.contains_key(label);
            match is_word {
                true => label.to_owned(),
                false => spelled(label, words),
            }
        })
        .collect();
    let domain = labels.join(&format!(" {dot} "));
    Some(format!("{}, {at} {domain}", spelled(local, words)))
}

/// "S A R A H, dot, M O Y O, nine nine".
fn spelled(text: &str, words: &EmailWords) -> String {
    let mut groups: Vec<String> = Vec::new();
    let mut kind = None;
    for c in text.chars() {
        let (this, said) = match c {
            '0'..='9' => ("digits", digits_in_words(&c.to_string())),
            c if c.is_ascii_alphabetic() => ("letters", c.to_ascii_uppercase().to_string()),
            mark => {
                let names = words.marks.get(&mark.to_string());
                groups.extend(names.and_then(|names| names.first().cloned()));
                kind = None;
                continue;
            }
        };
        match groups.last_mut() {
            Some(group) if kind == Some(this) => {
                group.push(' ');
                group.push_str(&said);
            }
            _ => groups.push(said),
        }
        kind = Some(this);
    }
    groups.join(", ")
}
