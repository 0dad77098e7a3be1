//! Reads the engine's own sources, as far as they are part of the product.

use std::{fs, path::Path};

/// One file, without its tests.
pub(super) struct Source {
    /// Below `src`, for messages.
    pub(super) path: String,
    /// The module that it is, from the crate's root on: `["engine", "receive", "red"]`.
    pub(super) module: Vec<String>,
    /// Its code with line numbers that begin at 1. Comments and the content of strings are left
    /// out.
    pub(super) lines: Vec<(usize, String)>,
}

/// The product's modules from this one on: those that a file declares and compiles without
/// `cfg(test)`.
pub(super) fn product(module: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(
        module.iter().map(|name| (*name).to_owned()).collect(),
        &mut found,
    );
    found
}

fn collect(module: Vec<String>, found: &mut Vec<Source>) {
    let path = format!("{}.rs", module.join("/"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(&path);
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{path}, which its parent declares: {error}"));
    let lines = without_tests(&text);
    let children: Vec<String> = lines
        .iter()
        .filter_map(|(_, line)| declared(line))
        .collect();
    found.push(Source {
        path,
        module: module.clone(),
        lines,
    });
    for child in children {
        let mut module = module.clone();
        module.push(child);
        collect(module, found);
    }
}

/// The module of a line like `pub(crate) mod red;`.
fn declared(line: &str) -> Option<String> {
    let (_, name) = line.split_once("mod ")?;
    name.strip_suffix(';').map(str::to_owned)
}

/// Code as rustfmt leaves it: an item ends at a semicolon on its first line, or at the closing
/// bracket of its own indent.
pub(super) fn without_tests(text: &str) -> Vec<(usize, String)> {
    let mut kept = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let attribute = line.trim_start();
        if attribute.starts_with("#[cfg(") && attribute.contains("test") {
            skip_item(&mut lines, line.len() - attribute.len());
        } else {
            kept.push((number, bare(line)));
        }
    }
    kept
}

fn skip_item<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>, indent: usize) {
    let end = format!("{}}}", " ".repeat(indent));
    for (_, line) in lines {
        if line.starts_with(&end) || (line.ends_with(';') && !line[indent..].starts_with(' ')) {
            return;
        }
    }
}

/// A line without its comment and without what its strings say.
fn bare(line: &str) -> String {
    let mut code = String::new();
    for (index, piece) in line.split('"').enumerate() {
        if index % 2 == 1 {
            code.push_str("\"\"");
            continue;
        }
        match piece.split_once("//") {
            Some((before, _)) => {
                code.push_str(before);
                break;
            }
            None => code.push_str(piece),
        }
    }
    code.trim_end().to_owned()
}

#[test]
fn every_module_is_read_and_no_test() {
    let sources = product(&["engine"]);
    let has = |path: &str| sources.iter().any(|source| source.path == path);
    assert!(
        has("engine/receive/voice/noise.rs"),
        "a deep module was missed"
    );
    assert!(
        !has("engine/receive/voice/tests.rs"),
        "tests were taken for the product"
    );
}

#[test]
fn tests_and_comments_are_left_out() {
    let text = "\
use a::b; // c
#[cfg(test)]
mod tests {
    fn f() {}
}
#[cfg(any(test, feature = \"fuzzing\"))]
pub(crate) mod fuzzing;
fn g() -> &str {
    \"// d\"
}";
    let kept = without_tests(text);
    let expected = [
        (1, "use a::b;"),
        (8, "fn g() -> &str {"),
        (9, "    \"\""),
        (10, "}"),
    ];
    let kept: Vec<(usize, &str)> = kept.iter().map(|(n, line)| (*n, line.as_str())).collect();
    assert_eq!(kept, expected);
}
