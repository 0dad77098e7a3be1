//! The pack of most calls: the default one, with less to say. Calls last as long as what is said in them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::fixtures::root;

/// Lines that every caller hears to the end, and their short forms.
const LINES: [(&str, &str); 5] = [
    (
        "Welcome to {company}. I am an automated assistant, and what we say in this call is written down.",
        "This is an automated assistant.",
    ),
    (
        "Welcome to {company}. I am an automated assistant, and this call is recorded.",
        "This call is recorded.",
    ),
    (
        "My name is {agent}. How can I help you today?",
        "How can I help you?",
    ),
    (
        "It is {agent}. Welcome back. How can I help you today?",
        "Welcome back. How can I help you?",
    ),
    (
        "If those details match our records, a code is on its way to the phone number we hold. Please enter the code when it arrives, and do not say it aloud.",
        "If those details match our records, a code is on its way.",
    ),
];

/// Documents that calls ask for; their first sentence is enough.
const DOCUMENTS: [&str; 3] = ["banking-hours.md", "blocked-card.md", "lost-card.md"];

/// A copy of the default pack in this folder.
pub(super) fn copy(folder: &Path) -> PathBuf {
    let pack = folder.join("pack");
    let status = Command::new("cp")
        .arg("-r")
        .arg(root().join("packs/bank"))
        .arg(&pack)
        .status()
        .unwrap();
    assert!(status.success(), "the pack is copied");
    pack
}

/// Shortens what is said in it.
pub(super) fn shorten(pack: &Path) {
    edit(&pack.join("pack.toml"), &LINES);
    for name in DOCUMENTS {
        let file = pack.join("documents").join(name);
        let text = fs::read_to_string(&file).unwrap();
        let body = text.rfind("+++").expect("a document has a header") + 3;
        let end = text[body..].find(". ").expect("it has sentences") + body + 1;
        fs::write(&file, format!("{}\n", &text[..end])).unwrap();
    }
}

/// Replaces texts, all of which must be there.
pub(super) fn edit(file: &Path, changes: &[(&str, &str)]) {
    let mut text = fs::read_to_string(file).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} is not in {}", file.display());
        text = text.replace(from, to);
    }
    fs::write(file, text).unwrap();
}
