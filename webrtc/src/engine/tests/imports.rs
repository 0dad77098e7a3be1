//! The paths that a file imports.

use super::sources::Source;

/// Every single path that a file imports, from the crate's root on, with its line.
pub(super) fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = source.lines.iter();
    while let Some((number, line)) = lines.next() {
        let Some((before, tree)) = line.split_once("use ") else {
            continue;
        };
        if !before.trim().is_empty() && !before.trim_start().starts_with("pub") {
            continue;
        }
        let mut prefixes = vec![String::new()];
        let (mut number, mut tree) = (*number, tree);
        loop {
            read_tree(tree, number, &mut prefixes, &mut found);
            if tree.ends_with(';') {
                break;
            }
            let Some((next, more)) = lines.next() else {
                break;
            };
            (number, tree) = (*next, more);
        }
    }
    for (_, path) in &mut found {
        *path = from_root(path, &source.module);
    }
    found
}

/// One line of a tree of imports; `prefixes` has the path of each brace that is open.
fn read_tree(
    line: &str,
    number: usize,
    prefixes: &mut Vec<String>,
    found: &mut Vec<(usize, String)>,
) {
    let mut name = String::new();
    let mut end = |name: &mut String, prefixes: &[String]| {
        let name = std::mem::take(name);
        let name = name.split(" as ").next().unwrap_or_default().trim();
        if !name.is_empty() {
            found.push((number, format!("{}{name}", prefixes.concat())));
        }
    };
    for letter in line.chars() {
        match letter {
            '{' => prefixes.push(std::mem::take(&mut name).trim().to_owned()),
            '}' => {
                end(&mut name, prefixes);
                prefixes.pop();
            }
            ',' | ';' => end(&mut name, prefixes),
            other => name.push(other),
        }
    }
}

/// A path with `super` and `self` replaced.
fn from_root(path: &str, module: &[String]) -> String {
    let ups = path.split("::").take_while(|name| *name == "super").count();
    let is_own = path.starts_with("self::");
    if ups == 0 && !is_own {
        return path.to_owned();
    }
    let depth = module.len().saturating_sub(ups);
    let base = module[..depth].iter().map(String::as_str);
    let rest = path.split("::").skip(ups.max(usize::from(is_own)));
    let names: Vec<&str> = std::iter::once("crate").chain(base).chain(rest).collect();
    names.join("::")
}

/// Whether a path is this one or goes on from it.
pub(super) fn leads_to(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}
