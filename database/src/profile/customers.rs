//! Customers from an administrator's list.

use serde_json::{Map, Value};

use super::ProfileRepository;
use crate::clean::clean_text;
use crate::{DatabaseError, normalize_phone_number};

/// One customer of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerRow {
    /// The name to log in with; unique without regard to case.
    pub username: String,
    /// International form, as people write it.
    pub phone_number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// How to address them; goes into the metadata as `name`.
    pub name: Option<String>,
    /// What they can type on a keypad: digits.
    pub customer_number: Option<String>,
}

/// What an import did. A refused row stops none of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomersImported {
    /// New customers.
    pub created: usize,
    /// Known customers, whose number, e-mail, name and customer number are now as in the list.
    pub updated: usize,
    /// Index of the row within the list, and why it was refused.
    pub refused: Vec<(usize, String)>,
}

impl ProfileRepository {
    /// Creates or updates customers; fields that a row leaves out stay. Audited with `actor`.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`]: rows before it are stored, and repeating the whole import
    /// is right.
    pub async fn import_customers(
        &self,
        rows: &[CustomerRow],
        actor: &str,
    ) -> Result<CustomersImported, DatabaseError> {
        let mut report = CustomersImported::default();
        for (index, row) in rows.iter().enumerate() {
            match self.import_customer(row).await {
                Ok(true) => report.created += 1,
                Ok(false) => report.updated += 1,
                Err(DatabaseError::Invalid(reason)) => report.refused.push((index, reason)),
                Err(other) => return Err(other),
            }
        }
        let detail = serde_json::json!({"created": report.created, "updated": report.updated, "refused": report.refused.len()});
        self.db
            .one(
                "SELECT audit($1, 'profile.import', NULL, NULL, $2)",
                &[&actor, &detail],
            )
            .await?;
        Ok(report)
    }

    async fn import_customer(&self, row: &CustomerRow) -> Result<bool, DatabaseError> {
        let phone = row.phone_number.as_deref().map(phone).transpose()?;
        let number = row
            .customer_number
            .as_deref()
            .map(customer_number)
            .transpose()?;
        let mut traits = Map::new();
        if let Some(name) = row
            .name
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            traits.insert("name".to_owned(), Value::String(clean_text(name)));
        }
        let found = self
            .db
            .one(
                "SELECT created FROM ensure_customer(btrim($1), $2, $3, $4, $5, true)",
                &[
                    &row.username,
                    &phone,
                    &row.email,
                    &number,
                    &Value::Object(traits),
                ],
            )
            .await?;
        Ok(found.get(0))
    }
}

pub(super) fn phone(text: &str) -> Result<String, DatabaseError> {
    normalize_phone_number(text).map_err(|error| DatabaseError::Invalid(error.to_string()))
}

fn customer_number(text: &str) -> Result<String, DatabaseError> {
    let number = text.trim();
    // What a keypad can send.
    if !number.is_empty() && number.len() <= 20 && number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(number.to_owned())
    } else {
        Err(DatabaseError::Invalid(
            "a customer number has 1 to 20 digits".to_owned(),
        ))
    }
}
