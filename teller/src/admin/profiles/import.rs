//! `teller profiles import`

use std::fmt::Display;

use call::input::decode_file;
use database::{CustomerRow, ProfileRepository};

use crate::admin::UsageError;

/// Without the comments above the header. Below it no line is one: a user name may begin with `#`.
pub(crate) fn table(text: &str) -> &str {
    let mut table = text;
    while table.starts_with('#') {
        table = table.split_once('\n').map_or("", |(_, below)| below);
    }
    table
}

/// Runs the command; `false` when a row was refused.
pub(super) async fn import(
    profiles: &ProfileRepository,
    file: &std::path::Path,
    actor: &str,
) -> anyhow::Result<bool> {
    let wrong = |error: &dyn Display| UsageError::because(file.display(), error);
    let bytes = std::fs::read(file).map_err(|error| wrong(&error))?;
    let text = decode_file(&bytes).map_err(|error| wrong(&error))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(table(&text).as_bytes());
    let rows = reader
        .deserialize()
        .collect::<Result<Vec<CustomerRow>, _>>();
    let rows = rows.map_err(|error| {
        let columns = "columns are username,phone_number,email,name,customer_number";
        wrong(&format!("{columns}: {error}"))
    })?;
    let report = profiles.import_customers(&rows, actor).await?;
    println!(
        "{} created, {} updated, {} refused",
        report.created,
        report.updated,
        report.refused.len()
    );
    for (row, reason) in &report.refused {
        println!("  row {}: {reason}", row + 1);
    }
    Ok(report.refused.is_empty())
}
