//! The commands of `teller`.

mod exit;

use std::{io::IsTerminal as _, path::PathBuf};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[cfg(feature = "test-caller")]
use crate::test_caller::{self, CallArgs};
use crate::{
    admin::{
        self, Actor, CallbacksCommand, KeysCommand, LeadsCommand, ProfilesCommand, SessionsCommand,
        SpoolCommand, VerifyArgs,
    },
    config::{Config, Reader, backend_token, database_only, key_file, pack_or_setting, spool},
    demo_backend::{self, DemoBackendArgs},
    mcp, serve,
};

pub use exit::Exit;

/// A real-time voice agent server on LiveKit rooms.
#[derive(Debug, Parser)]
#[command(
    name = "teller",
    version,
    about,
    after_help = "Settings come from the environment; .env.example lists every key."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve calls: register as an agent worker, serve the pages (SIGTERM drains, a second signal ends at once)
    Start,
    /// Make a call without a browser
    #[cfg(feature = "test-caller")]
    Call(Box<CallArgs>),
    /// Bring the database to the newest schema; a second run changes nothing
    Migrate(admin::MigrateArgs),
    /// Import, ask, check, test and fetch for the knowledge pack
    #[command(subcommand)]
    Knowledge(KnowledgeCommand),
    /// Measure what is read in callers' turns
    #[command(subcommand)]
    Insight(InsightCommand),
    /// Look at, merge, unmerge, import, export and erase profiles
    #[command(subcommand)]
    Profiles(ProfilesCommand),
    /// Check that the record is as it was written: hashes, signed anchors, the audit log
    Verify(VerifyArgs),
    /// Look at sessions, close those a killed worker left open, write summaries, put old months away
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// What was promised to callers: look at it, take it, say that it is done
    #[command(subcommand)]
    Callbacks(CallbacksCommand),
    /// Who may take something that the company offers: hot, stuck, of high intent; with each part of their score and why.
    /// Exit code 1 when there is nobody
    #[command(subcommand, long_about = admin::LEADS_HELP)]
    Leads(LeadsCommand),
    /// Make the key file that everything stored is sealed with; list its keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at what waits on this host's disk for the database, and at what the database refused
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Ask the MCP servers that MCP_FILE lists what they offer, and say of each listed tool whether it can be used. Exit
    /// code 1 when one cannot
    Mcp,
    /// Answer look-ups and do deeds for a first try, from data of the pack
    #[command(long_about = demo_backend::HELP)]
    DemoBackend(DemoBackendArgs),
    /// What `knowledge fetch` calls for each file: parses standard input within limits
    #[command(name = admin::PARSE_FILE, hide = true)]
    ParseFile,
}

#[derive(Debug, Subcommand)]
enum KnowledgeCommand {
    /// Bring a pack's documents into the database; a second import changes nothing
    Import {
        /// Folder of the pack; PACK_DIR unless given
        pack: Option<PathBuf>,
        /// By whom
        #[command(flatten)]
        actor: Actor,
    },
    /// Show how a question is routed, what is found and what would be answered
    Ask {
        /// The question
        question: String,
        /// Folder of the pack; PACK_DIR unless given
        #[arg(long)]
        pack: Option<PathBuf>,
        /// By words alone, as without an embedding model
        #[arg(long)]
        words: bool,
    },
    /// What callers asked about the trade and no document answered, like questions together, the most asked first, with
    /// the nearest document; audited. Exit code 1 when there is anything
    Gaps(admin::GapsArgs),
    /// Add a caller's phrasing to the known ways of asking for a document of the pack
    Adopt(admin::AdoptArgs),
    /// Put the phrasings that were adopted on the supervisors' pages into the pack's documents and take them out of the
    /// draft; audited. Exit code 1 when some could not be put there
    AdoptDraft(admin::AdoptDraftArgs),
    /// Name what may be wrong in a pack: words that other trades say too, topics and documents that nobody reaches, figures
    /// that contradict each other; with the file and what to do
    Check(admin::CheckArgs),
    /// Hold the pack's own tests (tests/*.toml) against what it would answer; a score for each kind and topic
    Test(admin::TestArgs),
    /// Learn from the sets that the pack's training.toml names and from its ways of asking; writes learned.toml and a
    /// report, learned.md. Some minutes for 12,000 sentences
    Train(admin::TrainArgs),
    /// Judge route, topic and document on the sets of training.toml, whole labels left out in turn
    Eval(admin::TrainArgs),
    /// Make documents of the files and pages that the pack's sources.toml lists; only what changed is fetched again
    #[command(long_about = admin::FETCH_HELP)]
    Fetch(admin::FetchArgs),
}

#[derive(Debug, Subcommand)]
enum InsightCommand {
    /// Hold emotion, urgency, intent and sentiment of labelled lines against what is read in them
    #[command(long_about = admin::INSIGHT_EVAL_HELP)]
    Eval(admin::InsightEvalArgs),
}

impl Cli {
    /// What this process was called with; ends it when that makes no sense, or asks for help.
    #[must_use]
    pub fn from_command_line() -> Self {
        let matches = Self::command()
            .mut_subcommands(with_exit_codes)
            .get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Every command's help ends with what its exit code means.
fn with_exit_codes(command: clap::Command) -> clap::Command {
    command
        .after_help(exit::HELP)
        .mut_subcommands(with_exit_codes)
}

/// Runs one command; `false` when it ran and the answer is no.
///
/// # Errors
/// When the configuration is wrong or the command cannot be carried out.
pub fn run(cli: Cli) -> anyhow::Result<bool> {
    match cli.command {
        Command::Start => {
            let config = Config::from_env()?;
            start_logging(&config.log, config.log_json);
            runtime()?.block_on(serve::serve(config))?;
            Ok(true)
        }
        #[cfg(feature = "test-caller")]
        Command::Call(args) => {
            start_logging(&log_filter("warn"), false);
            runtime()?.block_on(test_caller::run(*args))
        }
        Command::Migrate(args) => runtime()?.block_on(admin::migrate(&database()?, args)),
        Command::Knowledge(command) => knowledge(command),
        Command::Insight(InsightCommand::Eval(args)) => {
            admin::insight_eval(&pack_or_setting(args.pack.clone())?, &args)
        }
        Command::DemoBackend(args) => {
            let token = backend_token(&mut Reader::from_env());
            let pack = pack_or_setting(args.pack.clone())?;
            runtime()?.block_on(demo_backend::run(pack, args, token))
        }
        Command::Mcp => runtime()?.block_on(mcp::check(mcp::settings(&mut Reader::from_env()))),
        Command::ParseFile => Ok(sources::serve_child() == std::process::ExitCode::SUCCESS),
        Command::Profiles(command) => runtime()?.block_on(admin::profiles(&database()?, command)),
        Command::Callbacks(command) => runtime()?.block_on(admin::callbacks(&database()?, command)),
        Command::Leads(command) => runtime()?.block_on(admin::leads(&database()?, command)),
        Command::Keys(command) => {
            runtime()?.block_on(admin::keys(&key_file(&mut Reader::from_env()), command))
        }
        Command::Verify(args) => runtime()?.block_on(admin::verify(&database()?, args)),
        Command::Spool(command) => {
            let settings = spool(&mut Reader::from_env());
            runtime()?.block_on(admin::spool(&database()?, &settings, command))
        }
        Command::Sessions(command) => runtime()?.block_on(admin::sessions(&database()?, command)),
    }
}

fn knowledge(command: KnowledgeCommand) -> anyhow::Result<bool> {
    match command {
        KnowledgeCommand::Import { pack, actor } => {
            let pack = pack_or_setting(pack)?;
            runtime()?.block_on(admin::import_knowledge(&database()?, &pack, &actor))
        }
        KnowledgeCommand::Ask {
            question,
            pack,
            words,
        } => admin::ask(&admin::base(&pack_or_setting(pack)?, words)?, &question),
        KnowledgeCommand::Gaps(args) => {
            let pack = pack_or_setting(args.pack.clone())?;
            runtime()?.block_on(admin::gaps(&database()?, &pack, args))
        }
        KnowledgeCommand::Adopt(args) => {
            admin::adopt(&pack_or_setting(args.pack)?, &args.phrase, &args.document)
        }
        KnowledgeCommand::AdoptDraft(args) => {
            let pack = pack_or_setting(args.pack)?;
            runtime()?.block_on(admin::adopt_draft(&database()?, &pack, &args.actor))
        }
        KnowledgeCommand::Check(args) => admin::check(&pack_or_setting(args.pack.clone())?, &args),
        KnowledgeCommand::Test(args) => admin::test(&pack_or_setting(args.pack.clone())?, &args),
        KnowledgeCommand::Train(args) => admin::train(&pack_or_setting(args.pack.clone())?, &args),
        KnowledgeCommand::Eval(args) => admin::eval(&pack_or_setting(args.pack.clone())?, &args),
        KnowledgeCommand::Fetch(args) => {
            let pack = pack_or_setting(args.pack.clone())?;
            runtime()?.block_on(admin::fetch(&pack, args))
        }
    }
}

fn database() -> anyhow::Result<crate::config::DatabaseSettings> {
    start_logging(&log_filter("warn"), false);
    Ok(database_only(&mut Reader::from_env())?)
}

fn log_filter(default: &str) -> String {
    Reader::from_env().text("RUST_LOG", default)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("teller")
        .build()
}

/// Logs go to standard error: standard output is for what a command answers.
pub fn start_logging(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let mut layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        // Colours are for people: a file or a journal gets none.
        layer.set_ansi(false);
    }
    let started = if json {
        registry.with(layer.json()).try_init()
    } else {
        registry.with(layer).try_init()
    };
    if started.is_err() {
        eprintln!("logging was started before");
    }
}
