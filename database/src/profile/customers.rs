//! Customers from an administrator's list.

use call::{PhoneNumber, input::clean_line};
use serde::Deserialize;
use uuid::Uuid;

use super::ProfileRepository;
use crate::{
    DatabaseError, ProfileId,
    keys::{IndexKind, KeyError, Keyring, PersonKey},
};

/// As a user name, which `user_profiles` limits.
const LONGEST_NAME: usize = 255;

/// One customer of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerRow {
    /// The name to log in with; unique without regard to case.
    pub username: String,
    /// International form, as people write it.
    pub phone_number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// How to address them.
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
                Err(error @ DatabaseError::Erased) => {
                    report.refused.push((index, error.to_string()));
                }
                Err(other) => return Err(other),
            }
        }
        let detail = serde_json::json!({"created": report.created, "updated": report.updated, "refused": report.refused.len()});
        let sql = "SELECT audit($1, 'profile.import', NULL, NULL, $2)";
        self.db.run(sql, &[&actor, &detail]).await?;
        Ok(report)
    }

    async fn import_customer(&self, row: &CustomerRow) -> Result<bool, DatabaseError> {
        let (profile, created) = self.ensure_customer(row, true).await?;
        if !created {
            // A known customer has a key: what is sealed with the candidate's would not open.
            let key = self.db.person_key(profile).await?;
            let key = key.ok_or(DatabaseError::Erased)?;
            let sealed = Contact::of(row)?.seal(&key, profile, self.db.keys())?;
            self.db
                .run(
                    "SELECT set_contact($1, $2, $3, $4, $5, $6)",
                    &[
                        &profile,
                        &sealed.name,
                        &sealed.phone,
                        &sealed.phone_index,
                        &sealed.email,
                        &sealed.email_index,
                    ],
                )
                .await?;
        }
        Ok(created)
    }

    /// The customer of this name, and whether it was made now, with what the row says. Of a known
    /// one nothing but the customer number changes, and that only if `overwrite`.
    pub(crate) async fn ensure_customer(
        &self,
        row: &CustomerRow,
        overwrite: bool,
    ) -> Result<(ProfileId, bool), DatabaseError> {
        let number = row.customer_number.as_deref();
        let number = number.map(customer_number).transpose()?;
        let contact = Contact::of(row)?;
        let candidate = ProfileId(Uuid::new_v4());
        let key = self.db.keys().new_person_key()?;
        let wrapped = self.db.keys().wrap_person(&key, candidate)?;
        let sealed = contact.seal(&key, candidate, self.db.keys())?;
        let found = self
            .db
            .one(
                "SELECT profile, created FROM ensure_customer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                &[
                    &candidate,
                    &wrapped.key_id,
                    &wrapped.bytes,
                    &clean_line(&row.username),
                    &sealed.name,
                    &sealed.phone,
                    &sealed.phone_index,
                    &sealed.email,
                    &sealed.email_index,
                    &number,
                    &overwrite,
                ],
            )
            .await?;
        Ok((found.get(0), found.get(1)))
    }
}

/// How to reach a customer, checked and in the form that is stored.
#[derive(Default)]
pub(crate) struct Contact {
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
}

/// [`Contact`] as a profile's columns.
pub(crate) struct SealedContact {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) phone_index: Option<Vec<u8>>,
    pub(crate) email: Option<Vec<u8>>,
    pub(crate) email_index: Option<Vec<u8>>,
}

impl Contact {
    fn of(row: &CustomerRow) -> Result<Self, DatabaseError> {
        let given = |text: &Option<String>| {
            let text = clean_line(text.as_deref().unwrap_or_default());
            (!text.is_empty()).then_some(text)
        };
        Ok(Self {
            name: given(&row.name).map(name).transpose()?,
            phone: given(&row.phone_number).as_deref().map(phone).transpose()?,
            email: given(&row.email).map(email).transpose()?,
        })
    }

    /// Sealed for this profile, with its key; numbers and addresses also as their indexes.
    pub(crate) fn seal(
        &self,
        key: &PersonKey,
        profile: ProfileId,
        keys: &Keyring,
    ) -> Result<SealedContact, KeyError> {
        let seal = |column: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| key.seal_field(column, profile, text))
                .transpose()
        };
        let index = |kind, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| keys.index(kind, text).to_vec())
        };
        Ok(SealedContact {
            name: seal("name_ct", &self.name)?,
            phone: seal("phone_ct", &self.phone)?,
            phone_index: index(IndexKind::Phone, &self.phone),
            email: seal("email_ct", &self.email)?,
            email_index: index(IndexKind::Email, &self.email),
        })
    }
}

fn email(text: String) -> Result<String, DatabaseError> {
    let parts = text.split_once('@');
    // The longest path of RFC 5321, 4.5.3.1.
    if text.len() <= 320 && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
        Ok(text)
    } else {
        let form = "an e-mail address is of the form name@host and has at most 320 bytes";
        Err(DatabaseError::Invalid(form.to_owned()))
    }
}

fn name(text: String) -> Result<String, DatabaseError> {
    if text.chars().count() <= LONGEST_NAME {
        Ok(text)
    } else {
        let form = format!("a name has at most {LONGEST_NAME} characters");
        Err(DatabaseError::Invalid(form))
    }
}

fn phone(text: &str) -> Result<String, DatabaseError> {
    let number = text.parse::<PhoneNumber>();
    let number = number.map_err(|error| DatabaseError::Invalid(error.to_string()));
    number.map(String::from)
}

fn customer_number(text: &str) -> Result<String, DatabaseError> {
    let number = clean_line(text);
    // What a keypad can send.
    if !number.is_empty() && number.len() <= 20 && number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(number)
    } else {
        let form = "a customer number has 1 to 20 digits";
        Err(DatabaseError::Invalid(form.to_owned()))
    }
}
