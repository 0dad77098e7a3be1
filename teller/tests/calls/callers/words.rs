//! Words compared as a listener would: letter case, punctuation and spelling of contractions do not count.

/// Lower case, letters and digits, `'` kept inside words.
pub(crate) fn plain(text: &str) -> Vec<String> {
    let kept = |c: char| {
        if c.is_alphanumeric() || c == '\'' {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let spaced: String = text.replace('’', "'").chars().map(kept).collect();
    let words = spaced
        .replace("i'm", "i am")
        .replace("it's", "it is")
        .replace("that's", "that is");
    words
        .split_whitespace()
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Words to change, add or drop to get from one to the other.
pub(crate) fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in heard.iter().enumerate() {
            let changed = row[j] + usize::from(word != other);
            next.push(changed.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[heard.len()]
}

/// Words of `said` that occur in `heard` in the same order.
pub(crate) fn in_order(said: &[String], heard: &[String]) -> usize {
    let mut row = vec![0; heard.len() + 1];
    for word in said {
        let mut next = vec![0];
        for (j, other) in heard.iter().enumerate() {
            let both = row[j] + usize::from(word == other);
            next.push(both.max(row[j + 1]).max(next[j]));
        }
        row = next;
    }
    row[heard.len()]
}
