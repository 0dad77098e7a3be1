//! Bringing a database to the current schema, from the program or from psql.

use std::fmt::Write as _;

use crate::{Database, DatabaseError, tls};

pub(crate) mod embedded {
    refinery::embed_migrations!("../migrations");
}

/// What a migration run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// Names of the migrations that were applied now, in order; empty if nothing was missing.
    pub applied: Vec<String>,
}

impl Database {
    /// Applies the migrations that are missing, each in a transaction. Safe when several processes
    /// start it at once: one migrates, the others wait and find nothing to do.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] if the database is away; [`DatabaseError::Setup`] if a
    /// migration fails or an applied one was edited.
    pub async fn migrate(&self) -> Result<MigrationReport, DatabaseError> {
        // Not from the pool: migrations may take longer than a statement may.
        let mut config = self.config().connection()?;
        let options = format!(
            "{} -c statement_timeout=0",
            config.get_options().unwrap_or_default()
        );
        config.options(options.as_str());
        let connector = tls::connector(&config, self.config().ca_file.as_deref())?;
        let (mut client, connection) = config.connect(connector).await?;
        let work = async {
            // Released when this connection closes, whatever happens.
            client
                .batch_execute("SELECT pg_advisory_lock(7000, 0)")
                .await?;
            let report = embedded::migrations::runner()
                .run_async(&mut client)
                .await
                .map_err(|error| describe(&error))?;
            if !report.applied_migrations().is_empty() {
                // No role has rights on what was added yet.
                client.batch_execute("SELECT grant_roles()").await?;
            }
            Ok(MigrationReport {
                applied: report
                    .applied_migrations()
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            })
        };
        tokio::select! {
            result = work => result,
            closed = connection => Err(closed.map_or_else(Into::into, |()| DatabaseError::Unavailable("connection closed".to_owned()))),
        }
    }
}

impl Database {
    /// The migrations that [`Database::migrate`] would apply, in order; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] if the database is away.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DatabaseError> {
        let kept = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
        let applied: Vec<i32> = if self.one(kept, &[]).await?.get(0) {
            let versions = self.query("SELECT version FROM refinery_schema_history", &[]);
            versions.await?.iter().map(|row| row.get(0)).collect()
        } else {
            Vec::new()
        };
        let runner = embedded::migrations::runner();
        let mut pending: Vec<_> = runner
            .get_migrations()
            .iter()
            .filter(|migration| !applied.contains(&migration.version()))
            .collect();
        pending.sort_by_key(|migration| migration.version());
        Ok(pending.iter().map(ToString::to_string).collect())
    }
}

fn describe(error: &refinery::Error) -> DatabaseError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _infallible = write!(text, ": {cause}");
        source = cause.source();
    }
    DatabaseError::Setup(text)
}
