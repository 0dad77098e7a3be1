//! The schema for psql, made from the migrations.

use std::fmt::Write as _;

use crate::migrate::embedded::migrations;

/// The text of `database/migrate_profiles.sql`: the migrations for psql. It keeps the same
/// history table as [`Database::migrate`](crate::Database::migrate), so either can follow the other.
#[must_use]
pub fn migration_script() -> String {
    let runner = migrations::runner();
    let mut migrations: Vec<_> = runner.get_migrations().iter().collect();
    migrations.sort_by_key(|migration| migration.version());
    let mut out = String::from(SCRIPT_HEAD);
    for migration in migrations {
        let (version, name) = (migration.version(), migration.name());
        let sql = migration.sql().unwrap_or_default().trim_end();
        let checksum = migration.checksum();
        let _infallible = write!(
            out,
            "\n-- {rule}\nSELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = {version}) AS pending \\gset\n\
             \\if :pending\n\\echo applying {version} {name}\n\n{sql}\n\n\
             INSERT INTO refinery_schema_history (version, name, applied_on, checksum)\n\
             VALUES ({version}, '{name}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '{checksum}');\n\
             \\else\n\\echo already migrated: {version} {name}\n\\endif\n",
            rule = "-".repeat(90),
        );
    }
    out.push_str(SCRIPT_TAIL);
    out
}

const SCRIPT_HEAD: &str = "\
-- All tables, triggers and functions, for psql:
--
--   psql -d voice_agent -f database/migrate_profiles.sql
--
-- Generated from migrations/; after adding a file there: UPDATE=1 cargo test -p database --test postgres migrations
-- Running it again applies what is missing and says what was there. All or nothing.

\\set ON_ERROR_STOP on
\\set QUIET on
SET client_min_messages = warning;
BEGIN;
-- Waits for a worker that is migrating at this moment.
SELECT pg_advisory_xact_lock(7000, 0) \\gset
CREATE TABLE IF NOT EXISTS refinery_schema_history (
  version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
RESET client_min_messages;
";

const SCRIPT_TAIL: &str = "
COMMIT;
\\echo the database is up to date
";
