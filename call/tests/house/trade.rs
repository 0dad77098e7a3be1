//! The trade is data: no type, statement, prompt, page or line of code speaks of one. Packs do.

use crate::sources::{files, product_lines, read, root};

/// Words of the first trade, as parts of a name or of a text.
const OF_A_TRADE: &[&str] = &[
    "account",
    "accounts",
    "balance",
    "balances",
    "bank",
    "banker",
    "banking",
    "banks",
    "deposit",
    "deposits",
    "loan",
    "loans",
    "mortgage",
    "overdraft",
];

#[test]
fn no_line_of_the_product_speaks_of_a_trade() {
    let mut found = Vec::new();
    let kinds = ["rs", "sql", "ts", "html", "toml"];
    for file in kinds.iter().flat_map(|kind| files(root(), kind)) {
        let place = file.strip_prefix(root()).expect("below the root");
        let place = place.display().to_string();
        // Packs are the data; the media engine balances load; benches play a pack.
        let elsewhere = ["packs/", "webrtc/", "netlab/", "knowledge/tests/"];
        if elsewhere.iter().any(|folder| place.starts_with(folder)) || place.contains("/benches/") {
            continue;
        }
        let text = read(&file);
        for (number, line) in product_lines(&text) {
            if let Some(word) = words(line)
                .into_iter()
                .find(|word| OF_A_TRADE.contains(&word.as_str()))
            {
                found.push(format!("{place}:{number}: {word}"));
            }
        }
    }
    assert!(
        found.is_empty(),
        "words of a trade belong in a pack:\n{}",
        found.join("\n")
    );
}

/// The words of a line in lower case; `fooBar` and `foo_bar` are two each.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in line.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if c.is_alphabetic() {
            let word = words.last_mut().expect("one was begun");
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words
}
