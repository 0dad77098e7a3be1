//! Written text as it is read aloud: engines read "*236#" as nothing and a long code as millions.
//!
//! Word by word, with a look at the neighbours: nothing here needs more grammar than that.

mod clock;
mod markup;
mod money;

use clock::{date, is_half_of_day, time};
use markup::without_markup;

use crate::{
    english::english,
    numbers::{digits_in_words, in_words, ordinal_in_words},
};

/// The text for a voice: amounts, times, codes and addresses in words; markup and pictures gone.
#[must_use]
pub fn speakable(text: &str) -> String {
    let plain = without_markup(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut spoken: Vec<String> = Vec::with_capacity(words.len());
    let mut index = 0;
    while index < words.len() {
        let (text, taken) = speak_at(&words, index);
        if !text.is_empty() {
            spoken.push(text);
        }
        index += taken;
    }
    spoken.join(" ")
}

/// The words at `index` aloud, and how many of them were taken.
fn speak_at(words: &[&str], index: usize) -> (String, usize) {
    let (before, core, after) = split(words[index]);
    if core.is_empty() {
        // Punctuation on its own: a dash is a pause, the rest nothing.
        return (
            if matches!(words[index], "-" | "–" | "—") {
                ","
            } else {
                ""
            }
            .to_owned(),
            1,
        );
    }
    let run = unbroken(&words[index..]);
    let cores: Vec<&str> = run.iter().map(|word| word.1).collect();
    // A minus sign has to be heard: "-5 dollars" is a debt.
    let before = match before {
        "-" | "−" if core.starts_with(|c: char| c.is_ascii_digit() || "$£€₹".contains(c)) => {
            "minus "
        }
        other => other,
    };
    if let Some((amount, taken)) = money::amount(&cores) {
        return (format!("{before}{amount}{}", run[taken - 1].2), taken);
    }
    if let Some(&(_, next, next_after)) = run.get(1).filter(|next| is_half_of_day(next.1))
        && let Some(time) = time(core, Some(next))
    {
        return (format!("{before}{time}{next_after}"), 2);
    }
    let spoken = special(core).unwrap_or_else(|| plain_number(words, index, core));
    (format!("{before}{spoken}{after}"), 1)
}

/// What one word says by its own form, if that is not how it is written.
fn special(core: &str) -> Option<String> {
    service_code(core)
        .or_else(|| address(core))
        .or_else(|| {
            core.strip_suffix('%')
                .and_then(in_words)
                .map(|number| format!("{number} percent"))
        })
        .or_else(|| time(core, None))
        .or_else(|| date(core))
        .or_else(|| acronym(core))
        .or_else(|| ordinal_in_words(core))
        .or_else(|| (core == "&").then(|| "and".to_owned()))
}

/// The first words, as [`split`] parts them, up to the first punctuation between two; three at the most.
fn unbroken<'a>(words: &[&'a str]) -> Vec<(&'a str, &'a str, &'a str)> {
    let mut run: Vec<(&str, &str, &str)> = Vec::with_capacity(3);
    for word in words.iter().take(3).map(|word| split(word)) {
        let broken = run
            .last()
            .is_some_and(|last| !last.2.is_empty() || !word.0.is_empty());
        if broken {
            break;
        }
        run.push(word);
    }
    run
}

/// `*236#` and its kin, as keys.
fn service_code(core: &str) -> Option<String> {
    let keys = core.len() > 1
        && core
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
    let code = keys && core.contains(['*', '#']) && core.contains(|c: char| c.is_ascii_digit());
    code.then(|| {
        let key = |c: char| match c {
            '*' => "star".to_owned(),
            '#' => "hash".to_owned(),
            digit => digits_in_words(&digit.to_string()),
        };
        core.chars().map(key).collect::<Vec<_>>().join(" ")
    })
}

/// E-mail addresses and links.
fn address(core: &str) -> Option<String> {
    let bare = core
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("www.")
        .trim_end_matches('/');
    let host = bare.split(['/', '@']).next_back().unwrap_or_default();
    let mail = bare
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let link = bare.len() < core.len() && bare.contains('.');
    let label =
        |label: &str| label.len() > 1 && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let end = host.rsplit('.').next().unwrap_or_default();
    let named = host.contains('.')
        && host.split('.').all(label)
        && end.chars().all(|c| c.is_ascii_lowercase());
    (mail || link || named).then(|| {
        let mut out = String::new();
        for c in bare.chars() {
            match c {
                '.' => out.push_str(" dot "),
                '@' => out.push_str(" at "),
                '/' => out.push_str(" slash "),
                '-' => out.push_str(" dash "),
                '_' => out.push_str(" underscore "),
                _ => out.push(c),
            }
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn acronym(core: &str) -> Option<String> {
    let lists = &english().speaking;
    let holds = |list: &[String], word: &str| list.iter().any(|known| known == word);
    if core == "OK" {
        return Some("okay".to_owned());
    }
    if holds(&lists.as_words, core) {
        return Some(core.to_ascii_lowercase());
    }
    let plural = core
        .strip_suffix('s')
        .filter(|stem| holds(&lists.spelled, stem));
    let stem = plural.unwrap_or(core);
    holds(&lists.spelled, stem).then(|| {
        let spelled: String = stem.chars().map(|c| format!("{c}.")).collect();
        spelled + if plural.is_some() { "s" } else { "" }
    })
}

/// Digits as a quantity or one by one, by their length and their neighbours.
fn plain_number(words: &[&str], index: usize, core: &str) -> String {
    let only_digits = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let bare = core.trim_start_matches('+');
    let grouped = bare.split('-').all(only_digits) && bare.contains('-');
    if core.starts_with('+') && only_digits(&bare.replace('-', "")) || grouped {
        let groups = bare
            .split('-')
            .map(digits_in_words)
            .collect::<Vec<_>>()
            .join(", ");
        return if core.starts_with('+') {
            format!("plus {groups}")
        } else {
            groups
        };
    }
    if !only_digits(core) {
        return in_words(core).unwrap_or_else(|| core.to_owned());
    }
    let neighbour =
        |other: Option<usize>| other.and_then(|at| words.get(at)).map(|word| split(word).1);
    let (previous, next) = (neighbour(index.checked_sub(1)), neighbour(Some(index + 1)));
    let part_of_phone = |word: Option<&str>| {
        word.is_some_and(|word| only_digits(word.trim_start_matches('+')) && word.len() >= 2)
    };
    let before_codes = &english().speaking.before_codes;
    let after_code_word =
        previous.is_some_and(|word| before_codes.contains(&word.to_ascii_lowercase()));
    let code = core.len() >= 5
        || core.len() > 1 && core.starts_with('0')
        || core.len() >= 2 && (part_of_phone(previous) || part_of_phone(next))
        || core.len() == 4
            && after_code_word
            && !next.is_some_and(|next| next.starts_with(char::is_lowercase));
    if code {
        // A group of a spoken phone number ends with a pause.
        let pause = if part_of_phone(next) { "," } else { "" };
        return format!("{}{pause}", digits_in_words(core));
    }
    // Years are read in pairs by the engines.
    if core.len() == 4 {
        core.to_owned()
    } else {
        in_words(core).unwrap_or_else(|| core.to_owned())
    }
}

/// A word's opening punctuation, itself, and its closing punctuation.
fn split(word: &str) -> (&str, &str, &str) {
    let start = word
        .find(|c: char| c.is_alphanumeric() || "*#$£€₹+&".contains(c))
        .unwrap_or(word.len());
    let rest = &word[start..];
    let end = rest
        .char_indices()
        .rfind(|(_, c)| c.is_alphanumeric() || "#%/&".contains(*c));
    let end = end.map_or(0, |(at, c)| at + c.len_utf8());
    (&word[..start], &rest[..end], &rest[end..])
}

#[cfg(test)]
mod tests;
