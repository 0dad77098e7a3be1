//! The repository's files, as the tests of this program read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder, however deep, whose names end in `.{kind}`; none where there is no such folder.
/// Tests, fixtures and what is built are left out.
pub(crate) fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    const LEFT_OUT: &[&str] = &["dist", "fixtures", "node_modules", "target", "tests"];
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.unwrap_or_default();
        if LEFT_OUT.contains(&stem) || stem.starts_with('.') || stem.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, kind));
        } else if path.extension().is_some_and(|ext| ext == kind) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines before the tests of a file, without comments, numbered from 1.
pub(crate) fn product_lines(text: &str) -> Vec<(usize, &str)> {
    let numbered = text.lines().enumerate();
    let product = numbered.map(|(index, line)| (index + 1, line));
    product
        .take_while(|(_, line)| !line.contains("#[cfg(test)]"))
        .filter(|(_, line)| {
            !["//", "--"]
                .iter()
                .any(|mark| line.trim_start().starts_with(mark))
        })
        .collect()
}
