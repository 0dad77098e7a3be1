//! `teller profiles import`

use database::{CustomerRow, ProfileRepository};
use serde::Deserialize;

use crate::admin::WrongUse;

/// One line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    #[serde(default)]
    phone_number: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    customer_number: Option<String>,
}

impl From<Line> for CustomerRow {
    fn from(line: Line) -> Self {
        Self {
            username: line.username,
            phone_number: line.phone_number,
            email: line.email,
            name: line.name,
            customer_number: line.customer_number,
        }
    }
}

/// Runs the command; `false` when a row was refused.
pub(super) async fn import(
    profiles: &ProfileRepository,
    file: &std::path::Path,
    actor: &str,
) -> anyhow::Result<bool> {
    let wrong = |error: csv::Error| WrongUse::because(file.display(), error);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(file)
        .map_err(wrong)?;
    let rows: Vec<CustomerRow> = reader
        .deserialize::<Line>()
        .map(|line| line.map(CustomerRow::from))
        .collect::<Result<_, _>>()
        .map_err(|error| {
            let columns = "columns are username,phone_number,email,name,customer_number";
            WrongUse::because(file.display(), format!("{columns}: {error}"))
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
