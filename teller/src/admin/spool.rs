//! `teller spool`

mod inspect;

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use database::{
    Database, StoredRecord,
    keys::SealingKey,
    spool::{Damage, Lost, damaged_files, letters, segments},
};
use serde_json::{Value, json};

use super::{Actor, print};
use crate::config::{DatabaseSettings, SpoolSettings};
use record::{AuditedReader, NothingAfterEnd, Writer};

/// Look at what waits on this host's disk for the database, and at what the database refused.
///
/// Nothing here disturbs a worker that runs. Words are shown by `inspect --reveal` alone.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Segments, damaged places and dead letters; the answer is no (1) when something needs a look
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The records of one segment: session, number, time and size
    Show {
        /// Number of the segment, as `list` names it
        segment: u64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One dead letter: which record, and why the database refused it
    Inspect {
        /// Its id, as `list` names it
        letter: String,
        /// Also the record itself, with what was said: personal data. It is noted in the audit log;
        /// while the database is away it is shown all the same, and the command says so
        #[arg(long, requires = "actor")]
        reveal: bool,
        /// Who looks: a name by which a colleague can be asked; needed with --reveal, kept in the
        /// audit log for good
        #[arg(long, value_parser = record::actor_name)]
        actor: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring dead letters to the database again; one that is taken is removed. The answer is no
    /// (1) while one is refused. Each try is audited
    Retry {
        /// Its id; all of them unless given
        letter: Option<String>,
        /// By whom
        #[command(flatten)]
        actor: Actor,
        /// Say what would be tried
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs one command.
///
/// # Errors
/// When the folder or the key file cannot be read, the database is away (`retry`) or refuses to
/// note who looks (`--reveal`).
pub async fn spool(
    config: &DatabaseSettings,
    settings: &SpoolSettings,
    command: SpoolCommand,
) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    let key = database.keys().spool_key();
    let dir = settings.dir.as_path();
    if !dir.is_dir() {
        let text = format!("SPOOL_DIR: there is no folder {}", dir.display());
        return Err(super::UsageError::new(text).into());
    }
    match command {
        SpoolCommand::List { json } => list(dir, &key, json),
        SpoolCommand::Show { segment, json } => show(dir, &key, segment, json),
        SpoolCommand::Inspect {
            letter,
            reveal,
            actor,
            json,
        } => {
            // The command line takes --reveal with a name alone.
            let reader = actor.as_deref().filter(|_| reveal);
            inspect::inspect(dir, &key, &database, &letter, reader, json).await
        }
        SpoolCommand::Retry {
            letter,
            actor,
            dry_run,
            json,
        } => {
            let by = (!dry_run).then(|| actor.through("teller spool retry"));
            retry(dir, &key, &database, letter, by, json).await
        }
    }
}

fn list(dir: &Path, key: &SealingKey, as_json: bool) -> anyhow::Result<bool> {
    let mut needs_a_look = false;
    let mut shown = Vec::new();
    for segment in segments(dir, key)? {
        // The end of the newest one may be a record that is being written.
        needs_a_look |= !segment.readable
            || segment
                .damage
                .iter()
                .any(|damage| !matches!(damage.lost, Lost::TornTail { .. }));
        shown.push(json!({
            "segment": segment.number, "bytes": segment.bytes, "records": segment.records.len(),
            "readable": segment.readable, "damage": segment.damage.iter().map(damage).collect::<Vec<_>>(),
        }));
    }
    let mut dead = Vec::new();
    for id in letters::ids(dir)? {
        needs_a_look = true;
        dead.push(match letters::read(dir, key, &id) {
            Ok(Some(letter)) => about(&letter),
            Ok(None) => continue,
            Err(error) => json!({ "letter": id, "unreadable": error.to_string() }),
        });
    }
    let damaged = damaged_files(dir)?;
    needs_a_look |= !damaged.is_empty();
    if as_json {
        print(&json!({ "segments": shown, "dead_letters": dead, "damaged_files": damaged }))?;
        return Ok(!needs_a_look);
    }
    for segment in &shown {
        println!(
            "segment {:>6}  {:>8} bytes  {:>6} records{}",
            segment["segment"],
            segment["bytes"],
            segment["records"],
            if segment["readable"] == json!(true) {
                ""
            } else {
                "  not readable with this key file"
            }
        );
    }
    for letter in &dead {
        println!("{}", line(letter));
    }
    for file in &damaged {
        println!("damaged  {file}");
    }
    if shown.is_empty() && dead.is_empty() && damaged.is_empty() {
        println!("nothing waits in {}", dir.display());
    }
    Ok(!needs_a_look)
}

fn line(letter: &Value) -> String {
    let text = |key: &str| letter[key].as_str().unwrap_or_default().to_owned();
    format!(
        "letter {}  {:<8} session {} seq {}  {}  {}{}",
        text("letter"),
        text("kind"),
        text("session"),
        letter["seq"],
        text("at"),
        text("reason"),
        text("unreadable")
    )
}

fn about(letter: &letters::DeadLetter) -> Value {
    let record = &letter.record;
    json!({
        "letter": letter.id, "kind": StoredRecord::from_spool(&record.payload).map_or("unknown", |stored| stored.kind()), "session": record.id.session.to_string(),
        "seq": record.id.seq, "at": time(record.at_micros), "bytes": record.payload.len(), "reason": letter.reason,
    })
}

fn damage(damage: &Damage) -> Value {
    let (session, seq) = match damage.lost {
        Lost::Record(record)
        | Lost::Records { last: record, .. }
        | Lost::TornTail {
            record: Some(record),
        } => (Some(record.session), Some(record.seq)),
        Lost::TornTail { record: None } | Lost::Segment => (None, None),
    };
    json!({ "offset": damage.offset, "bytes": damage.bytes, "session": session, "seq": seq,
            "torn": matches!(damage.lost, Lost::TornTail { .. }) })
}

fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map_or_else(
        || micros.to_string(),
        |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
    )
}

fn show(dir: &Path, key: &SealingKey, number: u64, as_json: bool) -> anyhow::Result<bool> {
    let all = segments(dir, key)?;
    let Some(segment) = all.into_iter().find(|segment| segment.number == number) else {
        println!("there is no segment {number}; teller spool list names them");
        return Ok(false);
    };
    let records: Vec<Value> = segment
        .records
        .iter()
        .map(|(id, at, bytes)| {
            json!({ "session": id.session.to_string(), "seq": id.seq, "at": time(*at), "bytes": bytes })
        })
        .collect();
    if as_json {
        print(&records)?;
    } else {
        for ((id, at, bytes), _) in segment.records.iter().zip(&records) {
            println!(
                "{}  seq {:>6}  {}  {bytes} bytes",
                id.session,
                id.seq,
                time(*at)
            );
        }
    }
    Ok(segment.readable)
}

/// Without a name nothing is tried: a dry run.
async fn retry(
    dir: &Path,
    key: &SealingKey,
    database: &Database,
    only: Option<String>,
    by: Option<AuditedReader<'_>>,
    as_json: bool,
) -> anyhow::Result<bool> {
    // A worker writes the summaries that are pending from then on: it has the pack's topics.
    let writer = Writer::new(database, std::sync::Arc::new(NothingAfterEnd));
    let ids = match only {
        Some(id) => vec![id],
        None => letters::ids(dir)?,
    };
    let (mut outcomes, mut all_taken) = (Vec::new(), true);
    for id in ids {
        let Some(letter) = letters::read(dir, key, &id)? else {
            all_taken = false;
            outcomes.push(json!({ "letter": id, "outcome": "there is no such letter" }));
            continue;
        };
        let mut outcome = about(&letter);
        if let Some(by) = by {
            let session = letter.record.id.session.to_string();
            by.note(database, "letter.retried", ("session", &*session))
                .await?;
            let record = [StoredRecord::from_spool(&letter.record.payload)];
            let written = writer.write(&record).await?;
            match written.refused.first() {
                Some((_, why)) => {
                    all_taken = false;
                    outcome["outcome"] = format!("refused: {why}").into();
                }
                None => {
                    letters::remove(dir, &id)?;
                    outcome["outcome"] = "stored".into();
                }
            }
        } else {
            outcome["outcome"] = "would be tried".into();
        }
        outcomes.push(outcome);
    }
    if as_json {
        print(&outcomes)?;
    } else {
        for outcome in &outcomes {
            let text = |key: &str| outcome[key].as_str().unwrap_or_default().to_owned();
            println!("letter {}: {}", text("letter"), text("outcome"));
        }
    }
    Ok(all_taken)
}
