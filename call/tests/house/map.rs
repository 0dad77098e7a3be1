//! Documents stay true: a path that one names exists.

use std::path::Path;

use crate::sources::{files, read, root};

/// Folders that a checkout does not have before something was built or fetched.
const MADE: &[&str] = &[
    ".data",
    "models/",
    "target/",
    "web/dist",
    "web/node_modules",
];

#[test]
fn every_path_in_the_documents_exists() {
    let mut missing = Vec::new();
    for document in files(root(), "md") {
        for (index, line) in read(&document).lines().enumerate() {
            for path in paths(line).filter(|path| !exists(path, &document)) {
                missing.push(format!("{}:{}: {path}", document.display(), index + 1));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "named and not there:\n{}",
        missing.join("\n")
    );
}

/// What looks like a path from the top of the repository.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let tokens = line.split(|c: char| c.is_whitespace() || "`'\"()[],;|<>#".contains(c));
    let trimmed = tokens.map(|token| token.trim_end_matches(['.', ':', '/']));
    trimmed.filter(|token| {
        let top = token.split_once('/').map(|(top, _)| top);
        let named_whole = !token.contains(['*', '{', '$', '…', '=']);
        named_whole
            && top.is_some_and(|top| !top.is_empty() && root().join(top).is_dir())
            && !MADE
                .iter()
                .any(|made| token.starts_with(made.trim_end_matches('/')))
    })
}

/// From the top, or from the folder of the document.
fn exists(path: &str, document: &Path) -> bool {
    let beside = document.parent().expect("a file lies in a folder");
    root().join(path).exists() || beside.join(path).exists()
}
