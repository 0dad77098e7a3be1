//! `teller knowledge adopt` and `adopt-draft`: a caller's phrasing becomes a known way of asking for a document.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use database::{DraftAsk, DraftRepository};
use knowledge::KnowledgeBase;

use super::{Actor, UsageError};
use crate::config::DatabaseSettings;

/// `teller knowledge adopt`
#[derive(Debug, clap::Args)]
pub struct AdoptArgs {
    /// The question in a caller's words
    pub phrase: String,
    /// The document that answers it, by its source: library/opening-hours
    #[arg(long, value_name = "SOURCE")]
    pub document: String,
    /// Folder of the pack; PACK_DIR unless given
    #[arg(long)]
    pub pack: Option<PathBuf>,
}

/// `teller knowledge adopt-draft`
#[derive(Debug, clap::Args)]
pub struct AdoptDraftArgs {
    /// By whom
    #[command(flatten)]
    pub actor: Actor,
    /// Folder of the pack; PACK_DIR unless given
    #[arg(long)]
    pub pack: Option<PathBuf>,
}

/// Adds a caller's phrasing to the `asks` of a document of the pack.
///
/// # Errors
/// When the pack has no such document, or would be refused with the phrasing; nothing is changed then.
pub fn adopt(folder: &Path, phrase: &str, source: &str) -> anyhow::Result<bool> {
    let phrase = call::input::strict_line(phrase, 200)
        .map_err(|error| UsageError::because("the phrase", error))?;
    let (file, new) = put(&load(folder)?, folder, source, &[phrase])?;
    let file = file.display();
    if new == 0 {
        println!("{file} asks that already");
    } else {
        println!("{file} asks {phrase:?} now; teller knowledge test shows what it changes");
    }
    Ok(true)
}

/// Puts what was adopted on the supervisors' pages into the pack, and takes it out of the draft; `false` when some of it
/// could not be put there and stays.
///
/// # Errors
/// When the pack is malformed, a file cannot be written or the database is away. What was put into the pack until then is
/// there, and the rest is still in the draft.
pub async fn adopt_draft(
    config: &DatabaseSettings,
    folder: &Path,
    actor: &Actor,
) -> anyhow::Result<bool> {
    let base = load(folder)?;
    let pack = &base.pack().settings.name;
    let database = super::open(config)?;
    let reader = actor.through("teller knowledge adopt-draft");
    let lines = reader.draft(&database, pack).await?;
    let mut by_document: BTreeMap<&str, Vec<&DraftAsk>> = BTreeMap::new();
    for line in &lines {
        by_document.entry(&line.document).or_default().push(line);
    }
    let drafts = DraftRepository::new(&database);
    let mut stays = 0;
    for (source, lines) in by_document {
        let phrases: Vec<&str> = lines.iter().map(|line| &*line.phrasing).collect();
        match put(&base, folder, source, &phrases) {
            Ok((file, new)) => {
                println!("{}: {new} new ways of asking", file.display());
                // A line that is in both is put into the pack once.
                let ids: Vec<i64> = lines.iter().map(|line| line.id).collect();
                drafts.take_out(pack, &ids).await?;
            }
            Err(error) if error.is::<UsageError>() => {
                println!("{source}: {} lines stay in the draft: {error}", lines.len());
                stays += lines.len();
            }
            Err(error) => return Err(error),
        }
    }
    println!(
        "{} of {} lines are in the pack; teller knowledge test shows what they change",
        lines.len() - stays,
        lines.len()
    );
    Ok(stays == 0)
}

fn load(folder: &Path) -> Result<KnowledgeBase, UsageError> {
    KnowledgeBase::load(folder).map_err(|error| UsageError::because(folder.display(), error))
}

/// Adds ways of asking to a document's file, all or none; the file, and how many it did not have.
fn put(
    base: &KnowledgeBase,
    folder: &Path,
    source: &str,
    phrases: &[&str],
) -> anyhow::Result<(PathBuf, usize)> {
    let (file, text) = document(base, folder, source)?;
    let (mut adopted, mut new) = (text.clone(), 0);
    for phrase in phrases {
        if let Some(with) = with_ask(&adopted, phrase) {
            adopted = with;
            new += 1;
        }
    }
    if new > 0 {
        fs::write(&file, adopted)?;
        if let Err(error) = KnowledgeBase::load(folder) {
            fs::write(&file, text)?;
            return Err(UsageError::because(file.display(), error).into());
        }
    }
    Ok((file, new))
}

/// The file of the document with this source, and its text.
fn document(
    base: &KnowledgeBase,
    folder: &Path,
    source: &str,
) -> anyhow::Result<(PathBuf, String)> {
    let sources = base
        .pack()
        .documents
        .iter()
        .map(|document| &document.source);
    let line = format!("source = {}", toml::Value::from(source));
    let files = fs::read_dir(folder.join("documents"))?;
    for file in files {
        let file = file?.path();
        let is_document = file.extension().is_some_and(|extension| extension == "md");
        if let Some(text) = is_document.then(|| fs::read_to_string(&file)).transpose()?
            && text.lines().any(|known| known.trim() == line)
        {
            return Ok((file, text));
        }
    }
    if sources.clone().any(|known| known == source) {
        let why = format!(
            "{source} is fetched and written anew each time; put the phrase into a document of its own"
        );
        return Err(UsageError::because("--document", why).into());
    }
    let known: Vec<&str> = sources.map(String::as_str).take(5).collect();
    let accepted = format!(
        "no document is called {source}; there are {} …",
        known.join(", ")
    );
    Err(UsageError::because("--document", accepted).into())
}

/// The document with one more ask, `None` where it has it.
fn with_ask(text: &str, phrase: &str) -> Option<String> {
    let quoted = toml::Value::from(phrase).to_string();
    let (front, body) = text.split_once("\n+++\n")?;
    if front.contains(&quoted) {
        return None;
    }
    let front = match front.split_once("asks = [") {
        Some((before, after)) => format!("{before}asks = [\n  {quoted},{after}"),
        None => format!("{front}\nasks = [{quoted}]"),
    };
    Some(format!("{front}\n+++\n{body}"))
}

#[cfg(test)]
mod tests {
    use super::with_ask;

    #[test]
    fn a_phrase_becomes_an_ask_once() {
        let text = "+++\nsource = \"a/b\"\nasks = [\n  \"one\",\n]\n+++\n\nText.\n";
        let adopted = with_ask(text, "say \"two\"").unwrap();
        assert!(adopted.contains("asks = [\n  '"), "{adopted}");
        assert!(
            adopted.ends_with("\"one\",\n]\n+++\n\nText.\n"),
            "{adopted}"
        );
        assert!(with_ask(&adopted, "say \"two\"").is_none(), "it is there");
        let bare = with_ask("+++\nsource = \"a/b\"\n+++\nText.", "one").unwrap();
        assert_eq!(bare, "+++\nsource = \"a/b\"\nasks = [\"one\"]\n+++\nText.");
    }
}
