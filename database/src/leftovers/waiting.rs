//! How much waits to be sealed, in a schema of any version.

use std::collections::HashSet;

use serde::Serialize;

use crate::{Database, DatabaseError};

/// What an older schema or an older worker stored readable and nobody has sealed yet, of one tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unsealed {
    /// Telephone numbers and e-mail addresses.
    pub contacts: u64,
    /// Customers' names, names that callers stated, and what merges wrote down of them.
    pub names: u64,
    /// What was said.
    pub messages: u64,
    /// Why callbacks were asked for.
    pub reasons: u64,
}

#[derive(Clone, Copy)]
enum What {
    Contacts,
    Names,
    Messages,
    Reasons,
}

/// Where something readable may be: what, the table, a column that some versions lack, the rows.
type Place = (What, &'static str, &'static str, &'static str);

const TODAY: [Place; 7] = [
    (What::Contacts, "unsealed", "value", "true"),
    (
        What::Names,
        "user_profiles",
        "profile_metadata",
        IMPORTED_NAME,
    ),
    (
        What::Names,
        "user_profiles",
        "profile_metadata",
        STATED_TRAIT,
    ),
    (
        What::Names,
        "conversation_summaries",
        "extracted_info",
        STATED_NAME,
    ),
    (What::Names, "profile_merges", "imported", NAMED_IMAGE),
    (
        What::Messages,
        "conversation_messages",
        "content",
        "content IS NOT NULL",
    ),
    (What::Reasons, "callbacks", "reason", "reason IS NOT NULL"),
];
/// Columns that migration 15 emptied into `unsealed`.
const BEFORE: [Place; 4] = [
    (
        What::Contacts,
        "user_profiles",
        "phone_number",
        "phone_number IS NOT NULL",
    ),
    (
        What::Contacts,
        "user_profiles",
        "email",
        "email IS NOT NULL",
    ),
    (
        What::Contacts,
        "agent_sessions",
        "caller_number",
        "caller_number IS NOT NULL",
    ),
    (
        What::Contacts,
        "callbacks",
        "phone_number",
        "phone_number IS NOT NULL",
    ),
];

/// Rows of `user_profiles` with a customer's name.
pub(super) const IMPORTED_NAME: &str = "jsonb_typeof(profile_metadata -> 'name') = 'string'";
/// Rows of `user_profiles` with a copy of what a caller stated.
pub(super) const STATED_TRAIT: &str =
    "profile_metadata ? 'stated_name' OR metadata_provenance ? 'stated_name'";
/// Rows of summaries with what a caller stated; the predicate of an index.
pub(super) const STATED_NAME: &str = "jsonb_typeof(extracted_info -> 'user_name') = 'string'";
/// Rows of `profile_merges` with either name.
pub(super) const NAMED_IMAGE: &str = "imported ?| '{name,stated_name}'
    OR source_before -> 'profile_metadata' ?| '{name,stated_name}' OR target_before -> 'profile_metadata' ?| '{name,stated_name}'
    OR source_before -> 'metadata_provenance' ?| '{name,stated_name}' OR target_before -> 'metadata_provenance' ?| '{name,stated_name}'";

impl Unsealed {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.contacts + self.names + self.messages + self.reasons
    }

    fn of(&mut self, what: What) -> &mut u64 {
        match what {
            What::Contacts => &mut self.contacts,
            What::Names => &mut self.names,
            What::Messages => &mut self.messages,
            What::Reasons => &mut self.reasons,
        }
    }
}

impl Database {
    /// How much waits to be sealed, in any schema; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn unsealed(&self) -> Result<Unsealed, DatabaseError> {
        let places = TODAY.iter().chain(&BEFORE);
        let tables: Vec<&str> = places.clone().map(|place| place.1).collect();
        let columns: Vec<&str> = places.clone().map(|place| place.2).collect();
        let sql = "SELECT p.n::int FROM unnest($1::text[], $2::text[]) WITH ORDINALITY p(tab, col, n)
                     JOIN pg_attribute a ON a.attrelid = to_regclass(p.tab) AND a.attname = p.col AND NOT a.attisdropped";
        let there = self.query(sql, &[&tables, &columns]).await?;
        let there: HashSet<i32> = there.iter().map(|row| row.get(0)).collect();
        let mut unsealed = Unsealed::default();
        for ((what, table, _, rows), number) in places.zip(1..) {
            if there.contains(&number) {
                let sql = format!("SELECT count(*) FROM {table} WHERE {rows}");
                *unsealed.of(*what) += self.count(&sql).await?;
            }
        }
        Ok(unsealed)
    }

    /// The question whether anything waits, in the newest schema; it is answered at the first row.
    pub(crate) fn anything_unsealed() -> String {
        let rows =
            |(_, table, _, rows): &Place| format!("EXISTS (SELECT FROM {table} WHERE {rows})");
        let places: Vec<String> = TODAY.iter().map(rows).collect();
        format!("SELECT {}", places.join(" OR "))
    }

    async fn count(&self, sql: &str) -> Result<u64, DatabaseError> {
        let rows = self.query_slowly(sql, &[], 30).await?;
        let count = rows.first().map_or(0, |row| row.get::<_, i64>(0));
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
