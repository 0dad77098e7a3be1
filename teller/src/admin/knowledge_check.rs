//! `teller knowledge check`: what an author should look at in a pack.

use std::path::{Path, PathBuf};

use knowledge::{Callers, KnowledgeBase, PackError};

use super::UsageError;

/// `teller knowledge check [PACK]`
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Folder of the pack; PACK_DIR unless given
    pub pack: Option<PathBuf>,
    /// A pack that callers must not be taken for this one's; can be given several times. Those beside it in its folder
    /// unless given
    #[arg(long, value_name = "PACK")]
    pub beside: Vec<PathBuf>,
    /// Fail when there is a remark
    #[arg(long)]
    pub strict: bool,
}

/// Names what may be wrong in a pack that loads; `false` when there is anything and `strict` is set.
///
/// # Errors
/// When the pack, its tests or a pack beside it are malformed.
pub fn check(folder: &Path, args: &CheckArgs) -> anyhow::Result<bool> {
    let (base, own) = read(folder)?;
    let files = knowledge::document_files(folder)
        .map_err(|error| UsageError::because(folder.display(), error))?;
    let beside = match &args.beside[..] {
        [] => packs_beside(folder)?,
        given => given.to_vec(),
    };
    let mut others = Vec::new();
    for other in beside {
        others.push(read(&other)?.1);
    }
    let remarks = base.review(&own, &others, &files);
    for remark in &remarks {
        let file = folder.join(&remark.file);
        println!("{}: {}", file.display(), remark.found);
        println!("    {}", remark.advice);
    }
    let pack = base.pack();
    println!(
        "remarks: {} on {} topics and {} documents",
        remarks.len(),
        pack.topics.len(),
        pack.documents.len()
    );
    Ok(remarks.is_empty() || !args.strict)
}

/// A pack, and what its callers say.
fn read(folder: &Path) -> Result<(KnowledgeBase, Callers), UsageError> {
    let refused = |error: PackError| UsageError::because(folder.display(), error);
    let base = KnowledgeBase::load(folder).map_err(refused)?;
    let tests = base.tests(folder).map_err(refused)?;
    let own = Callers::of(&base, &tests);
    Ok((base, own))
}

/// The other packs in the folder that holds this one.
fn packs_beside(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = folder.canonicalize()?;
    let Some(parent) = folder.parent() else {
        return Ok(Vec::new());
    };
    let mut packs = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let path = entry?.path();
        if path != folder && path.join("pack.toml").is_file() {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}
