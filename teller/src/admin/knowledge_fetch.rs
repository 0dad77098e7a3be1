//! `teller knowledge fetch`

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use outbound::{Client, HostList, Limits, Settings};
use sources::{Event, Fetch, Parser, Sources, SourcesError};

use super::UsageError;

/// The hidden command that parses a file in a process of its own.
pub const PARSE_FILE: &str = "parse-file";

/// What `--help` teaches.
pub const FETCH_HELP: &str = "\
Make documents of the files and pages that the pack's sources.toml lists; only what changed is fetched again.

The list is sources.toml in the pack's folder:

  [[source]]
  id = \"help\"                                # documents are cited as fetched/help/...
  kind = \"web\"                               # or \"folder\", \"file\" with path = \"handbook\"
  address = \"https://www.example.com/help/\"
  hosts = [\"www.example.com\"]                # whom it may ask; the address's own host unless given
  pages = 40                                 # follow links up to so many pages; 1 unless given
  topic = \"help\"                             # an id of topics.toml
  credibility = 0.9                          # 0 to 1; 1 unless given
  freshness_policy = { ttl_days = 7, recrawl = \"changed\", priority = \"high\" }

sources/README.md describes every key. Markdown, HTML, PDF and Word files are read. What becomes of each is written to
documents/fetched/ of the pack; look at it before you import it (teller knowledge import). What is broken, hostile or
refused is named with its reason and left out: the rest goes in, the exit code is 1, and what was fetched of it before stays.

Examples:
  teller knowledge fetch packs/library                     what is due
  teller knowledge fetch packs/library --all --only help   one source, whether it is due or not
  teller knowledge fetch packs/library --folder /srv/shelf --private-host wiki.internal";

/// `teller knowledge fetch [PACK]`
#[derive(Debug, clap::Args)]
pub struct FetchArgs {
    /// Folder of the pack; PACK_DIR unless given
    pub pack: Option<PathBuf>,
    /// Only the source of this id
    #[arg(long, value_name = "ID")]
    pub only: Option<String>,
    /// Ask for everything, also for what is still fresh
    #[arg(long)]
    pub all: bool,
    /// A host that may be asked though its address is private; can be given several times
    #[arg(long, value_name = "HOST")]
    pub private_host: Vec<String>,
    /// A folder beside the pack's own in which sources may lie; can be given several times
    #[arg(long, value_name = "FOLDER")]
    pub folder: Vec<PathBuf>,
    /// How long is waited for a page
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout_s: u64,
    /// How long is waited between two pages of a source
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 500)]
    pub pause_ms: u64,
    /// Name only what changed or was left out
    #[arg(long, short)]
    pub quiet: bool,
}

/// Fetches what is due; `false` when something was left out.
///
/// # Errors
/// When the list or an argument is wrong, or the pack's folder cannot be written.
pub async fn fetch(folder: &Path, args: FetchArgs) -> anyhow::Result<bool> {
    let wrong = |error: &dyn std::fmt::Display| UsageError::because(folder.display(), error);
    let topics = knowledge::topic_ids(folder).map_err(|error| wrong(&error))?;
    let list = Sources::load(folder, &topics).map_err(|error| match error {
        SourcesError::Disk { .. } => anyhow::Error::from(error),
        error => wrong(&error).into(),
    })?;
    if let Some(only) = &args.only
        && list.source.iter().all(|source| source.id != *only)
    {
        return Err(UsageError::because("--only", format!("no source has the id {only:?}")).into());
    }
    let private = HostList::new(&args.private_host);
    let client = Client::new(Settings {
        private_hosts: private.map_err(|error| UsageError::because("--private-host", error))?,
        ..Settings::default()
    })?;
    let how = Fetch {
        pack: folder.to_owned(),
        folders: args.folder,
        client,
        limits: Limits {
            time: Duration::from_secs(args.timeout_s),
            ..Limits::default()
        },
        pause: Duration::from_millis(args.pause_ms),
        parser: Parser::new(std::env::current_exe()?, vec![PARSE_FILE.to_owned()]),
        now: chrono::Utc::now(),
        all: args.all,
        only: args.only,
    };
    let report = sources::fetch(&list, &how, &mut |event| show(event, args.quiet)).await?;
    println!(
        "{} added, {} changed, {} unchanged, {} removed, {} left out",
        report.added, report.changed, report.unchanged, report.removed, report.left_out
    );
    // What was fetched is of no use in a pack that is refused, and a person has to mend that.
    let refused = knowledge::Pack::load(folder).err();
    if let Some(error) = &refused {
        println!("the pack as it is now is refused: {error}");
    }
    Ok(report.left_out == 0 && refused.is_none())
}

fn show(event: &Event, quiet: bool) {
    match event {
        Event::Source(id) => println!("source     {id}"),
        Event::Added(of) => println!("added      {of}"),
        Event::Changed(of) => println!("changed    {of}"),
        Event::Unchanged(of) if !quiet => println!("unchanged  {of}"),
        Event::Fresh(of) if !quiet => println!("fresh      {of}"),
        Event::Same(of, other) if !quiet => println!("same       {of} is {other}"),
        Event::Unchanged(_) | Event::Fresh(_) | Event::Same(..) => {}
        Event::LeftOut(of, reason) => println!("left out   {of}: {reason}"),
        Event::Removed(of) => println!("removed    {of}"),
    }
}
