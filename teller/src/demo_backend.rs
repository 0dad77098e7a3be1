//! `teller demo-backend`: a company's systems to try deeds and look-ups with. What it knows and does lies in the pack.

mod calendar;
mod declared;
mod desk;
mod format;
mod journal;
mod scope;
mod server;
mod template;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::admin::UsageError;
use declared::Declared;
use desk::Desk;

/// What `--help` teaches.
pub const HELP: &str = "\
Answer look-ups and do deeds for a first try, as a company's own systems would (docs/backend.md).

What it knows and does is data: demo/backend.toml of the pack, with the list of customers beside it. It honours
Idempotency-Key: a key that was answered is answered so again and nothing is done twice; with --state this holds
when it is killed and started anew, since each deed is on the disk before it is answered.

  the head            customers = \"customers.csv\", utc_offset = \"+02:00\", spoken_date = \"%-d %B\"
  a record            [records.ana.books.atlas] due = \"4 May\"          {books.atlas.due}, or {books.{book}.due}
  a look-up           [[lookup]] name = \"due_date\", answer = { due = \"{books.atlas.due}\" }
  a deed              [[deed]] name = \"renew_book\"
                      arguments = { book = { values = [\"atlas\"] }, note = { optional = true } }
                      set = { \"books.{book}.due\" = \"{date+14}\" }
                      answer = { reference = \"{reference}\", due = \"{books.{book}.due}\" }
  a rule of it        [[deed.rule]] when = { \"books.{book}.due\" = \"\" }, decline = \"You do not have that book.\"
                      with answer = { … } in place of decline: it was done before
  a customer's own    [records.ana.declined] renew_book = \"It is reserved for somebody else.\"
  free times          [[calendar]] with opening hours, and [deed.calendar] for what books, moves and cancels

The pack that comes with the program has all of it in its demo/backend.toml.

Each deed leaves a line on standard output: when, which, its key, what came of it; nothing of a person. With BACKEND_TOKEN
set only requests with that bearer token are answered.

Examples:
  teller demo-backend &
  BACKEND_URL=http://127.0.0.1:8090 teller start
  teller demo-backend packs/library --listen 127.0.0.1:9000 --state .data/backend.jsonl";

/// `teller demo-backend [PACK]`
#[derive(Debug, Args)]
pub struct DemoBackendArgs {
    /// Folder of the pack; PACK_DIR unless given
    pub pack: Option<PathBuf>,
    /// Where it listens; another address than loopback only with BACKEND_TOKEN set
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// A file that keeps what was done over a restart; made where it is not there. It holds what customers asked for
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// Serves until SIGTERM or SIGINT; a deed under way then is on the disk or was never answered.
///
/// # Errors
/// When the pack's file is wrong, the address is taken, or the state file cannot be used.
pub async fn run(
    pack: PathBuf,
    args: DemoBackendArgs,
    token: Option<SecretString>,
) -> anyhow::Result<bool> {
    if !args.listen.ip().is_loopback() && token.is_none() {
        let reason = "accepted without BACKEND_TOKEN: a loopback address such as 127.0.0.1:8090";
        return Err(UsageError::because(format!("--listen is {}", args.listen), reason).into());
    }
    let declared = Declared::load(&pack)?;
    let desk = Desk::open(declared, args.state.as_deref());
    let desk = desk.with_context(|| match &args.state {
        Some(file) => format!("the state file {}", file.display()),
        None => String::new(),
    })?;
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("listening at {}", args.listen))?;
    println!("listening at http://{}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        served = axum::serve(listener, server::router(desk, token)) => served?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(true)
}
