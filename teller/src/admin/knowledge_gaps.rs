//! `teller knowledge gaps` and `adopt`: what callers asked and nobody wrote down, and how it gets into a pack.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{Duration, Utc};
use database::MessageRepository;
use knowledge::KnowledgeBase;

use super::{Actor, UsageError, base};
use crate::config::DatabaseSettings;

/// Phrasings of one gap that are shown.
const SHOWN: usize = 3;

/// `teller knowledge gaps`
#[derive(Debug, clap::Args)]
pub struct GapsArgs {
    /// To whom
    #[command(flatten)]
    pub actor: Actor,
    /// Folder of the pack; PACK_DIR unless given
    #[arg(long)]
    pub pack: Option<PathBuf>,
    /// Of how many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub days: i64,
    /// Of how many questions, the newest
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub limit: i64,
    /// By words alone, as without an embedding model
    #[arg(long)]
    pub words: bool,
}

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

/// Shows what callers asked about the trade and no document answered; `false` when there is anything.
///
/// # Errors
/// When the pack is malformed or the database is away.
pub async fn gaps(
    config: &DatabaseSettings,
    folder: &Path,
    args: GapsArgs,
) -> anyhow::Result<bool> {
    let base = base(folder, args.words)?;
    let database = super::open(config)?;
    let pack = ("pack", &*base.pack().settings.name);
    let reader = args.actor.through("teller knowledge gaps");
    reader.note(&database, "knowledge.gaps", pack).await?;
    let since = Utc::now() - Duration::days(args.days);
    let messages = MessageRepository::new(&database);
    let questions = messages.unanswered(since, args.limit).await?;
    let gaps = base.gaps(&questions);
    for gap in &gaps {
        println!("{:>4}  {}", gap.asked.len(), gap.asked[0]);
        for also in gap.asked.iter().skip(1).take(SHOWN - 1) {
            println!("      {also}");
        }
        if let Some(nearest) = &gap.nearest {
            println!("      nearest: {}  {}", nearest.source, nearest.title);
        }
    }
    println!(
        "{} questions of {} days without an answer, {} different",
        questions.len(),
        args.days,
        gaps.len()
    );
    Ok(gaps.is_empty())
}

/// Adds a caller's phrasing to the `asks` of a document of the pack.
///
/// # Errors
/// When the pack has no such document, or would be refused with the phrasing; nothing is changed then.
pub fn adopt(folder: &Path, phrase: &str, source: &str) -> anyhow::Result<bool> {
    let phrase = call::input::strict_line(phrase, 200)
        .map_err(|error| UsageError::because("the phrase", error))?;
    let (file, text) = document(folder, source)?;
    let Some(adopted) = with_ask(&text, phrase) else {
        println!("{} asks that already", file.display());
        return Ok(true);
    };
    fs::write(&file, adopted)?;
    if let Err(error) = KnowledgeBase::load(folder) {
        fs::write(&file, text)?;
        return Err(UsageError::because(file.display(), error).into());
    }
    println!(
        "{} asks {phrase:?} now; teller knowledge test shows what it changes",
        file.display()
    );
    Ok(true)
}

/// The file of the document with this source, and its text.
fn document(folder: &Path, source: &str) -> anyhow::Result<(PathBuf, String)> {
    let base = KnowledgeBase::load(folder).map_err(|e| UsageError::because(folder.display(), e))?;
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
