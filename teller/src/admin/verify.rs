//! `teller verify`

use std::path::PathBuf;

use clap::Args;
use database::{SessionId, verify::Verifier};
use uuid::Uuid;

use crate::config::{DatabaseSettings, Reader, maintenance};

/// Every finding is listed up to here; the rest is counted.
const SHOWN: usize = 50;

/// Recompute every hash of the record and compare with the signed anchors. Reads only; calls go on
/// meanwhile. Ends with 0 if the record is as it was written, with 1 and the places if not.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// This session alone; else all sessions, the audit log and the anchors
    #[arg(long)]
    session: Option<Uuid>,
    /// Folder of the anchor files; ANCHOR_DIR unless given. Workers on several hosts write files of
    /// their own: put copies of all of them into one folder
    #[arg(long)]
    anchors: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it; `false` when something was changed.
///
/// # Errors
/// When the database is away or an anchor file cannot be read.
pub async fn verify(config: &DatabaseSettings, args: VerifyArgs) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    if let Some(given) = args.anchors.as_deref().filter(|given| !given.is_dir()) {
        return Err(super::UsageError::because(given.display(), "--anchors is a folder").into());
    }
    let folder = args
        .anchors
        .unwrap_or_else(|| maintenance(&mut Reader::from_env()).anchors);
    let verifier = Verifier::new(&database, &folder)?;
    let report = match args.session {
        Some(session) => match verifier.session(SessionId(session)).await? {
            Some(report) => report,
            None => {
                println!("no such session");
                return Ok(false);
            }
        },
        None => verifier.all().await?,
    };
    let holds = report.findings.is_empty();
    if args.json {
        super::print(&report)?;
        return Ok(holds);
    }
    for finding in report.findings.iter().take(SHOWN) {
        println!("{finding}");
    }
    if report.findings.len() > SHOWN {
        println!(
            "… and {} more: --json lists them",
            report.findings.len() - SHOWN
        );
    }
    println!(
        "{}: {} sessions, {} messages, {} audit rows, {} anchors",
        if holds {
            "the record holds"
        } else {
            "THE RECORD WAS CHANGED"
        },
        report.sessions,
        report.messages,
        report.audit_rows,
        report.anchors
    );
    for (count, what) in [
        (
            report.unanchored,
            "sessions went on since the last anchor, or none covers them",
        ),
        (
            report.archived,
            "sessions are in archives: compare their files with message_archives.sha256",
        ),
        (
            report.orphans,
            "messages have no session; their chain is checked",
        ),
    ] {
        if count > 0 {
            println!("  {count} {what}");
        }
    }
    Ok(holds)
}
