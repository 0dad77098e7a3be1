//! Files of this host: found below a folder, never outside of those that were allowed.

use std::path::{Path, PathBuf};

use crate::{LeftOut, parse::FileKind};

/// A larger file is not read.
const LARGEST: u64 = 50_000_000;
/// More files are another program's work.
const MOST_FILES: usize = 10_000;
/// A folder in folders, this deep.
const DEEPEST: usize = 16;

/// A file that was found, and the name that it is known by.
pub(crate) struct Found {
    /// The source's path and the file's below it.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

/// Where files may lie: the pack's folder, and those that whoever runs the program names.
#[derive(Debug, Clone)]
pub(crate) struct Roots(Vec<PathBuf>);

impl Roots {
    pub(crate) fn new(pack: &Path, more: &[PathBuf]) -> Self {
        let all = std::iter::once(pack).chain(more.iter().map(PathBuf::as_path));
        Self(all.filter_map(|root| root.canonicalize().ok()).collect())
    }

    /// The real path of a file, links followed, when it lies where files may.
    pub(crate) fn real(&self, file: &Path) -> Result<PathBuf, LeftOut> {
        let real = file.canonicalize().map_err(LeftOut::because)?;
        if self.0.iter().any(|root| real.starts_with(root)) {
            return Ok(real);
        }
        Err(LeftOut::because(
            "it lies outside the pack's folder: --folder allows others",
        ))
    }
}

/// The files below a folder, sorted; hidden ones and those of unknown kinds are passed over.
pub(crate) fn files_below(folder: &Path, shown: &Path) -> Result<Vec<Found>, LeftOut> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), shown.to_owned(), 0)];
    while let Some((folder, shown, depth)) = waiting.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| LeftOut::because(format!("{}: {error}", shown.display())))?;
        for entry in entries {
            let entry = entry.map_err(LeftOut::because)?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let (file, shown) = (entry.path(), shown.join(&name));
            // A linked folder may contain itself; a linked file is looked at when it is read.
            let kind = entry.file_type().map_err(LeftOut::because)?;
            if kind.is_dir() && depth < DEEPEST {
                waiting.push((file, shown, depth + 1));
            } else if !kind.is_dir() && FileKind::of_name(&name.to_string_lossy()).is_some() {
                let name = shown.to_string_lossy().into_owned();
                found.push(Found { name, file });
            }
            if found.len() > MOST_FILES {
                return Err(LeftOut::because(format!(
                    "it has more than {MOST_FILES} files"
                )));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A file's bytes. Devices, pipes and the like are refused, they may have no end.
pub(crate) fn read(file: &Path, roots: &Roots) -> Result<Vec<u8>, LeftOut> {
    let real = roots.real(file)?;
    let about = std::fs::metadata(&real).map_err(LeftOut::because)?;
    if !about.is_file() {
        return Err(LeftOut::because("it is no file"));
    }
    if about.len() > LARGEST {
        return Err(LeftOut::because(format!(
            "it is larger than {LARGEST} bytes"
        )));
    }
    std::fs::read(&real).map_err(LeftOut::because)
}
