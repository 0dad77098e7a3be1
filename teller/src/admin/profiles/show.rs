//! `teller profiles show`, `history` and `export`

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use database::{AuditRepository, Database, MergeRecord, Profile, ProfileId, ProfileRepository};
use record::AuditedReader;
use serde_json::json;
use uuid::Uuid;

use crate::admin::{UsageError, print};

/// A profile by id or user name; says so when there is none.
pub(super) async fn find(
    profiles: &ProfileRepository,
    wanted: &str,
) -> anyhow::Result<Option<Profile>> {
    let found = match wanted.parse::<Uuid>() {
        Ok(id) => profiles.get_by_id(ProfileId(id)).await?,
        Err(_) => profiles.get_by_username(wanted).await?,
    };
    if found.is_none() {
        eprintln!("no such profile");
    }
    Ok(found)
}

/// The profile that somebody asks for, once the audit log says so.
pub(super) async fn opened(
    database: &Database,
    reader: AuditedReader<'_>,
    wanted: &str,
) -> anyhow::Result<Option<Profile>> {
    let found = find(&ProfileRepository::new(database), wanted).await?;
    if let Some(profile) = &found {
        let id = profile.id.to_string();
        reader
            .note(database, "profile.opened", ("profile", &*id))
            .await?;
    }
    Ok(found)
}

pub(super) async fn show(
    database: &Database,
    reader: AuditedReader<'_>,
    wanted: &str,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(profile) = opened(database, reader, wanted).await? else {
        return Ok(false);
    };
    let profiles = ProfileRepository::new(database);
    let merges = profiles.history(profile.id).await?;
    let stated_name = profiles.stated_name(profile.id).await?;
    if json {
        print(&json!({"profile": profile, "stated_name": stated_name, "merges": merges}))?;
        return Ok(true);
    }
    print(&profile)?;
    if let Some(name) = stated_name {
        println!("stated name, by nobody proved: {name}");
    }
    merges.iter().for_each(line);
    Ok(true)
}

pub(super) async fn history(
    database: &Database,
    reader: AuditedReader<'_>,
    wanted: &str,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(profile) = opened(database, reader, wanted).await? else {
        return Ok(false);
    };
    let merges = ProfileRepository::new(database).history(profile.id).await?;
    match merges.as_slice() {
        merges if json => print(&json!(merges))?,
        [] => println!("no merges"),
        merges => merges.iter().for_each(line),
    }
    Ok(true)
}

fn line(merge: &MergeRecord) {
    let reverted = if merge.reverted_at.is_some() {
        ", undone since"
    } else {
        ""
    };
    println!(
        "{}  {}  {} -> {}  by {}: {} sessions, {} messages{reverted}",
        merge.merged_at.format("%F %T"),
        merge.outcome.as_str(),
        merge.requested.0,
        merge.requested.1,
        merge.actor,
        merge.sessions_moved,
        merge.messages_moved,
    );
}

pub(super) async fn export(
    database: &Database,
    wanted: &str,
    actor: &str,
    output: Option<&Path>,
) -> anyhow::Result<bool> {
    let profiles = ProfileRepository::new(database);
    let Some(profile) = find(&profiles, wanted).await? else {
        return Ok(false);
    };
    if let Some(path) = output.filter(|path| path.exists()) {
        return Err(UsageError::because(path.display(), "it exists and is not overwritten").into());
    }
    // Before anything is shown: what was not written down must not have been seen.
    let id = profile.id.to_string();
    AuditRepository::new(database)
        .record(actor, "profile.export", Some(("profile", &id)), &json!({}))
        .await?;
    let Some(export) = profiles.export(profile.id).await? else {
        return Ok(false);
    };
    let Some(path) = output else {
        print(&json!(export))?;
        return Ok(true);
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} is not written", path.display()))?;
    file.write_all(&serde_json::to_vec_pretty(&export)?)?;
    file.sync_all()?;
    println!("{}", path.display());
    Ok(true)
}
