//! `teller spool inspect`

use std::path::Path;

use database::{
    Database, SessionId, SessionRepository, StoredRecord, keys::SealingKey, spool::letters,
};
use serde_json::Value;

use super::{about, line};
use crate::admin::print;
use record::AuditedReader;

/// Shows one dead letter; with a reader's name also the record and what was said.
pub(super) async fn inspect(
    dir: &Path,
    key: &SealingKey,
    database: &Database,
    id: &str,
    reader: Option<&str>,
    as_json: bool,
) -> anyhow::Result<bool> {
    let Some(letter) = letters::read(dir, key, id)? else {
        println!("there is no letter {id}; teller spool list names them");
        return Ok(false);
    };
    let mut shown = about(&letter);
    if let Some(reader) = reader {
        let audited = note(database, reader, &letter).await?;
        shown["audited"] = audited.into();
        let payload: Value = serde_json::from_slice(&letter.record.payload).unwrap_or_default();
        shown["record"] = payload.get("record").cloned().unwrap_or(payload);
        // The key of the words is in the database.
        if audited {
            shown["words"] = words(database, &letter).await?.into();
        }
    }
    if as_json {
        print(&shown)?;
    } else {
        println!("{}", line(&shown));
        for part in ["words", "record"] {
            if !shown[part].is_null() {
                println!("{part}: {}", shown[part]);
            }
        }
    }
    Ok(true)
}

/// Puts on record who looks, before anything is shown; `false` if the database is away. An
/// operator looks at dead letters because something is broken, so that must not keep them from it:
/// they hold the key file and the folder and could read the record without this command. What the
/// database answers with a no is a no.
async fn note(
    database: &Database,
    reader: &str,
    letter: &letters::DeadLetter,
) -> anyhow::Result<bool> {
    let opener = AuditedReader {
        actor: reader,
        through: "teller spool inspect --reveal",
        address: None,
    };
    let session = letter.record.id.session.to_string();
    let subject = ("session", session.as_str());
    match opener.note(database, "letter.opened", subject).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_unavailable() => {
            eprintln!(
                "not audited: {error}. Write down that {reader} opened a record of session {session}; its words are not shown, their key is in the database"
            );
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// What was said, if this is a message and its session has a key that opens it.
async fn words(
    database: &Database,
    letter: &letters::DeadLetter,
) -> anyhow::Result<Option<String>> {
    let Some(StoredRecord::Message(message)) = StoredRecord::from_spool(&letter.record.payload)
    else {
        return Ok(None);
    };
    let session = SessionId(letter.record.id.session);
    let key = SessionRepository::new(database).key(session).await?;
    Ok(key.and_then(|key| {
        key.open_message(session, message.seq, &message.content_ct)
            .ok()
    }))
}
