//! Text as words: the one tokeniser that summary, sentiment and topics share.

/// What follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The next word of the same clause, or a hyphen.
    None,
    /// A comma, colon, semicolon or dash.
    Clause,
    /// A full stop, exclamation mark, or the end of the text.
    Sentence,
    /// A question mark.
    Question,
}

/// One word of a text.
#[derive(Debug, Clone)]
pub struct Word<'a> {
    /// As written.
    pub text: &'a str,
    /// Lower case, with a straight apostrophe.
    pub key: String,
    /// What follows it.
    pub after: Break,
}

impl Word<'_> {
    /// The word opens with a capital letter.
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

/// Splits `text` into words. Apostrophes inside a word belong to it ("don't").
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if !c.is_alphanumeric() {
            if let Some(word) = found.last_mut() {
                word.after = stronger(word.after, c);
            }
            continue;
        }
        let mut end = start + c.len_utf8();
        while let Some(&(at, next)) = chars.peek() {
            let inside = is_apostrophe(next)
                && text[at + next.len_utf8()..]
                    .chars()
                    .next()
                    .is_some_and(char::is_alphanumeric);
            if !next.is_alphanumeric() && !inside {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        let written = &text[start..end];
        let key = written
            .chars()
            .map(|c| if is_apostrophe(c) { '\'' } else { c });
        found.push(Word {
            text: written,
            key: key.flat_map(char::to_lowercase).collect(),
            after: Break::None,
        });
    }
    if let Some(last) = found.last_mut()
        && last.after != Break::Question
    {
        last.after = Break::Sentence;
    }
    found
}

fn stronger(present: Break, c: char) -> Break {
    match c {
        '?' => Break::Question,
        '.' | '!' | '…' if present != Break::Question => Break::Sentence,
        ',' | ';' | ':' | '–' | '—' if present == Break::None => Break::Clause,
        _ => present,
    }
}

/// The root shared by the common forms of an English word: "hours" and "hour", "opening" and "open".
pub fn stem(word: &str) -> String {
    let mut root = word.trim_end_matches("'s").to_owned();
    if root.len() > 3 && root.ends_with("ies") {
        root.truncate(root.len() - 3);
        root.push('y');
    } else if root.len() > 3 && root.ends_with('s') && !root.ends_with("ss") {
        root.pop();
    }
    for suffix in ["ing", "ed", "al"] {
        if root.len() > suffix.len() + 3 && root.ends_with(suffix) {
            root.truncate(root.len() - suffix.len());
            let bytes = root.as_bytes();
            if bytes.len() > 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] {
                root.pop();
            }
            break;
        }
    }
    if root.len() > 4 && root.ends_with('e') {
        root.pop();
    }
    root
}

/// Where `phrase` begins in `words`, as consecutive words. Both are already in the same form.
pub fn find_phrase<S: AsRef<str>>(words: &[S], phrase: &[&str]) -> Option<usize> {
    if phrase.is_empty() || phrase.len() > words.len() {
        return None;
    }
    (0..=words.len() - phrase.len()).find(|&at| {
        phrase
            .iter()
            .zip(&words[at..])
            .all(|(p, w)| *p == w.as_ref())
    })
}

/// Whether the words of `text` hold any of `phrases` (each lower case, words apart by one space).
pub fn says_any(text: &str, phrases: &[&str]) -> bool {
    let keys: Vec<String> = words(text).into_iter().map(|w| w.key).collect();
    phrases.iter().any(|phrase| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        find_phrase(&keys, &parts).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown: Vec<String> = words(text)
            .into_iter()
            .map(|w| {
                let mark = match w.after {
                    Break::None => "",
                    Break::Clause => ",",
                    Break::Sentence => ".",
                    Break::Question => "?",
                };
                format!("{}{mark}", w.key)
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "words of {text:?}");
    }

    #[test]
    fn a_text_falls_into_words_and_the_breaks_between_them() {
        check("", "");
        check("... !", "");
        check("Hello", "hello.");
        check("Hi, I'm Sarah. You?", "hi, i'm sarah. you?");
        check("Don’t — please - go!?", "don't, please go?");
        check("'quoted' a-b", "quoted a b.");
    }

    #[test]
    fn the_forms_of_a_word_share_a_root() {
        for (a, b) in [
            ("hours", "hour"),
            ("opening", "open"),
            ("transferred", "transfer"),
            ("withdrawal", "withdraw"),
            ("closing", "close"),
            ("queries", "query"),
            ("bank's", "bank"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} and {b} should share a root");
        }
        assert_ne!(
            stem("pin"),
            stem("pine"),
            "short words keep their end apart"
        );
    }
}
