//! One-time codes: who may get one, how often, and whether one is right.

use std::{fmt, time::Duration};

use call::input::{PhoneNumber, ascii_digits, clean_line};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Database, DatabaseError, ProfileId, SessionId, keys::IndexKind, pool::Params,
    stored_keys::person_key,
};

/// All SQL about authentication.
#[derive(Clone, Debug)]
pub struct AuthRepository {
    db: Database,
    limits: AuthLimits,
}

/// How much trying is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthLimits {
    /// How long a code lives. 5 minutes.
    pub expires: Duration,
    /// Attempts at one code. 3.
    pub max_attempts: u16,
    /// The window of the next three limits. 1 hour.
    pub window: Duration,
    /// Challenges for one claimed name or number. 5.
    pub per_claim: u32,
    /// Challenges from one address. 20.
    pub per_address: u32,
    /// Codes sent to one customer, by whatever name they were asked for. 5.
    pub per_profile: u32,
    /// Codes sent to one customer in a day. 10.
    pub per_profile_day: u32,
}

impl Default for AuthLimits {
    fn default() -> Self {
        Self {
            expires: Duration::from_secs(5 * 60),
            max_attempts: 3,
            window: Duration::from_secs(60 * 60),
            per_claim: 5,
            per_address: 20,
            per_profile: 5,
            per_profile_day: 10,
        }
    }
}

/// Who the caller says they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// From the page: the number, if given, must be the stored one.
    Username {
        /// Their name.
        username: String,
        /// Their number, as they write it.
        phone_number: Option<String>,
    },
    /// From a keypad: a customer number, or a telephone number in national or international form.
    Digits(String),
}

/// A caller asks for a code.
#[derive(Clone)]
pub struct NewChallenge {
    /// In which call.
    pub session: SessionId,
    /// Who they say they are.
    pub claim: Claim,
    /// Where they call from: an IP address, or a SIP caller's number.
    pub address: Option<String>,
    /// The code that would be sent. Random digits from the caller of this function.
    pub code: String,
}

impl fmt::Debug for NewChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewChallenge")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// The answer to [`AuthRepository::start`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeStart {
    /// Say that a code was sent if the details are right, whatever `delivery` is.
    Started {
        /// Send the code there. `None`: the claim is wrong, and only we know.
        delivery: Option<Delivery>,
    },
    /// Too many attempts by this name or from this address. May be said.
    Limited {
        /// When to try again.
        retry_after: Duration,
    },
}

/// Where a code goes: always the number that was stored before.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// E.164. Personal.
    pub phone_number: String,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delivery(…)")
    }
}

/// The answer to [`AuthRepository::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The caller is this customer. The code is spent.
    Verified(ProfileId),
    /// A wrong code.
    Wrong {
        /// How many more this challenge allows.
        attempts_left: u16,
    },
    /// Too late: ask for a new code.
    Expired,
    /// Too many wrong codes: ask for a new one.
    Exhausted,
    /// No code was asked for in this call, or it is spent.
    NoChallenge,
}

impl AuthRepository {
    /// Uses this database with these limits.
    #[must_use]
    pub fn new(db: &Database, limits: AuthLimits) -> Self {
        Self {
            db: db.clone(),
            limits,
        }
    }

    /// How long a code lives.
    #[must_use]
    pub const fn code_lives(&self) -> Duration {
        self.limits.expires
    }

    /// Opens a challenge. What the caller hears does not distinguish a right claim from a wrong one.
    /// A newer challenge of the same call replaces an older one.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating opens another challenge.
    pub async fn start(&self, new: &NewChallenge) -> Result<ChallengeStart, DatabaseError> {
        let keys = self.db.keys();
        let (kind, claimed, phones) = match &new.claim {
            Claim::Username {
                username,
                phone_number,
            } => {
                // A number we cannot read matches nobody's; it must not count as absent.
                let phones = phone_number.as_deref().map(|text| {
                    let number = text.parse::<PhoneNumber>().ok();
                    number.into_iter().map(String::from).collect::<Vec<_>>()
                });
                ("username", clean_line(username), phones)
            }
            Claim::Digits(digits) => {
                let digits = ascii_digits(digits);
                let phones = meant_numbers(&digits);
                ("digits", digits, Some(phones))
            }
        };
        let phones: Option<Vec<Vec<u8>>> = phones.map(|numbers| {
            let index = |number: &String| keys.index(IndexKind::Phone, number).to_vec();
            numbers.iter().map(index).collect()
        });
        let claim = keys.index(IndexKind::Claim, &format!("{kind}:{claimed}"));
        let salt = Uuid::new_v4().into_bytes().to_vec();
        let hash = code_hash(&salt, &new.code);
        let row = self
            .db
            .one(
                "SELECT * FROM start_challenge($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[
                    &new.session,
                    &kind,
                    &claimed,
                    &phones,
                    &&claim[..],
                    &self.address(new.address.as_deref()),
                    &salt,
                    &hash,
                    &self.limits.to_json(),
                ],
            )
            .await?;
        if row.get::<_, &str>("outcome") == "limited" {
            let seconds: i32 = row.get("retry_after_s");
            return Ok(ChallengeStart::Limited {
                retry_after: Duration::from_secs(u64::try_from(seconds).unwrap_or(1)),
            });
        }
        let mut delivery = None;
        if let (Some(customer), Some(sealed)) = (row.get("send_to"), row.get("phone_ct")) {
            let person = person_key(keys, &row, customer)?.ok_or(DatabaseError::Erased)?;
            let phone_number = person.open_field("phone_ct", customer, sealed)?;
            delivery = Some(Delivery { phone_number });
        }
        Ok(ChallengeStart::Started { delivery })
    }

    /// Where somebody calls from, as it is stored: only its being the same matters.
    fn address(&self, address: Option<&str>) -> Option<Vec<u8>> {
        let index = |address| self.db.keys().index(IndexKind::Address, address);
        address.map(|address| index(address).to_vec())
    }

    /// Judges a code against the newest challenge of a call. Counts as an attempt whatever
    /// happens after; a right code is good once.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is another attempt.
    pub async fn verify(
        &self,
        session: SessionId,
        code: &str,
        address: Option<&str>,
    ) -> Result<Verification, DatabaseError> {
        let address = self.address(address);
        let take = "SELECT * FROM take_attempt($1, $2)";
        let row = self.db.one(take, &[&session, &address]).await?;
        match row.get::<_, &str>("outcome") {
            "open" => {}
            "expired" => return Ok(Verification::Expired),
            "exhausted" => return Ok(Verification::Exhausted),
            _ => return Ok(Verification::NoChallenge),
        }
        let challenge: Uuid = row.get("challenge");
        let (salt, hash): (Vec<u8>, Vec<u8>) = (row.get("code_salt"), row.get("hash"));
        let attempts_left = u16::try_from(row.get::<_, i32>("attempts_left")).unwrap_or(0);
        let attempt: Params<'_> = &[&challenge, &session, &address];
        // Spaces and dashes are how people read codes out.
        if equal(&code_hash(&salt, &ascii_digits(code)), &hash) {
            let spend = "SELECT spend_challenge($1, $2, $3)";
            let spent = self.db.value(spend, attempt).await?;
            if let Some(customer) = spent {
                return Ok(Verification::Verified(customer));
            }
        } else {
            let log = "SELECT log_attempt($1, $2, $3, 'wrong')::text";
            self.db.run(log, attempt).await?;
        }
        Ok(Verification::Wrong { attempts_left })
    }
}

impl AuthLimits {
    fn to_json(&self) -> serde_json::Value {
        json!({
            "expires_s": self.expires.as_secs(),
            "max_attempts": self.max_attempts,
            "window_s": self.window.as_secs(),
            "per_claim": self.per_claim,
            "per_address": self.per_address,
            "per_profile": self.per_profile,
            "per_profile_day": self.per_profile_day,
        })
    }
}

/// The numbers that digits on a keypad may mean, E.164: the international form, with or without
/// 00; of a national one (0 and at least seven digits) that number in every country. Country
/// codes have one to three digits (ITU-T E.164).
fn meant_numbers(digits: &str) -> Vec<String> {
    let international = digits.strip_prefix("00").unwrap_or(digits);
    let mut numbers = vec![format!("+{international}")];
    let national = digits
        .strip_prefix('0')
        .filter(|rest| rest.len() >= 7 && rest.len() <= 14 && !rest.starts_with('0'));
    if let Some(rest) = national {
        numbers.extend((1..1000).map(|country| format!("+{country}{rest}")));
    }
    numbers
}

fn code_hash(salt: &[u8], code: &str) -> Vec<u8> {
    Sha256::new()
        .chain_update(salt)
        .chain_update(code.as_bytes())
        .finalize()
        .to_vec()
}

/// Compares in constant time, so that the time does not show where they differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .fold(0, |differences, (x, y)| differences | (x ^ y))
            == 0
}
