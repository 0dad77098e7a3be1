//! The keys of what people said and who they are: making, wrapping, sealing, looking up.
//!
//! ```text
//! key file (0600, outside the database): wrapping keys by number, index, spool, signing key
//!   wraps person keys          one for each profile
//!     wraps session keys       under the key of the profile the session began with
//!       seals message texts, the caller's number, the name they state, callbacks,
//!       lines of drafts
//!     seals name, phone number, e-mail address of that profile
//! ```
//!
//! A merge moves no key. Destroying a person's wrapped key makes everything under it unreadable.
//! Everything is AES-256-GCM with a random nonce; what is sealed is bound to its place (table,
//! column, tenant, row), so that a value moved to another row does not open. Knows no SQL.

mod cipher;
mod data;
mod error;
mod file;
#[cfg(feature = "test-support")]
mod test_support;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

pub use self::{
    cipher::SealingKey,
    data::{PersonKey, SessionKey, WrappedKey},
    error::KeyError,
    file::WrappingKeyInfo,
};
use self::{
    cipher::{Secret, mac, place},
    file::Material,
};
use crate::{ProfileId, SessionId, TenantId};

/// The keys of a key file, as one tenant's. Cheap to clone; shows nothing when printed.
///
/// Wrapping and index keys are derived for the tenant: another tenant's keyring of the same file
/// opens nothing of this one's and finds nobody of it. Spool and signing key are the worker's.
#[derive(Clone)]
pub struct Keyring {
    tenant: TenantId,
    shared: Arc<Shared>,
}

struct Shared {
    /// Replaced as a whole when the file gained a wrapping key.
    material: RwLock<Arc<Material>>,
    signing: Ed25519KeyPair,
}

/// What kind of value is looked up by its index. The same value of two kinds has two indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// A telephone number, E.164.
    Phone,
    /// An e-mail address, see [`Keyring::index`].
    Email,
    /// A device's or a participant's id.
    Device,
    /// What a caller said to be known by.
    Claim,
    /// A network address.
    Address,
    /// A question that was adopted for a pack.
    Phrasing,
}

impl IndexKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Device => "device",
            Self::Claim => "claim",
            Self::Address => "address",
            Self::Phrasing => "phrasing",
        }
    }
}

impl Keyring {
    /// Reads a key file, as tenant 1's; see [`Self::for_tenant`].
    ///
    /// # Errors
    /// [`KeyError`] if it is missing, readable by others, or malformed.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::of(Material::read(path)?)
    }

    /// Makes a key file with new keys, mode 0600, and reads it.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if something is there; otherwise if it cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let material = Material::generate(Some(path))?;
        material.write_new()?;
        Self::of(material)
    }

    fn of(material: Material) -> Result<Self, KeyError> {
        let signing = Ed25519KeyPair::from_seed_unchecked(material.signing.bytes())
            .map_err(|_rejected| material.malformed("the signing key is not an Ed25519 seed"))?;
        Ok(Self {
            tenant: TenantId::default(),
            shared: Arc::new(Shared {
                material: RwLock::new(Arc::new(material)),
                signing,
            }),
        })
    }

    /// The same file's keys as another tenant's. [`Database`](crate::Database) does this by itself.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self {
            tenant,
            shared: Arc::clone(&self.shared),
        }
    }

    /// Names the file's keys without revealing them: 16 hexadecimal digits that stay the same when
    /// a wrapping key is added.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let material = self.material();
        let tag = mac(&material.index, &[b"fingerprint", self.public_key()]);
        hex::encode(&tag[..8])
    }

    /// The wrapping keys, oldest first.
    #[must_use]
    pub fn wrapping_keys(&self) -> Vec<WrappingKeyInfo> {
        self.material().wrapping_keys()
    }

    /// The number of the key that wraps from now on: the newest.
    #[must_use]
    pub fn newest_wrapping_key(&self) -> i32 {
        self.material().newest().0
    }

    /// Adds a wrapping key to the file, which is replaced in one step. The older ones stay: what
    /// they wrapped, and back-ups, still open. Returns the new key's number.
    ///
    /// # Errors
    /// [`KeyError`] if the file cannot be written, or another process is adding one.
    pub fn add_wrapping_key(&self) -> Result<i32, KeyError> {
        let grown = self.material().with_another_wrapping_key()?;
        grown.replace()?;
        let id = grown.newest().0;
        self.put(grown);
        Ok(id)
    }

    /// A key for a new session.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn new_session_key(&self) -> Result<SessionKey, KeyError> {
        Ok(SessionKey::new(Secret::generate()?, self.tenant))
    }

    /// A key for a new profile.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn new_person_key(&self) -> Result<PersonKey, KeyError> {
        Ok(PersonKey::new(Secret::generate()?, self.tenant))
    }

    /// Wraps a person's key with the newest wrapping key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn wrap_person(&self, key: &PersonKey, profile: ProfileId) -> Result<WrappedKey, KeyError> {
        let material = self.material();
        let (key_id, wrapping) = material.newest();
        let bytes = self
            .wrapping(wrapping)
            .seal(&self.person_place(profile), key.secret().bytes())?;
        Ok(WrappedKey { key_id, bytes })
    }

    /// Unwraps a person's key.
    ///
    /// # Errors
    /// [`KeyError::UnknownKey`] if the file lacks the wrapping key; [`KeyError::Unreadable`] if
    /// the bytes were changed or belong to another profile, tenant or file.
    pub fn unwrap_person(
        &self,
        wrapped: &WrappedKey,
        profile: ProfileId,
    ) -> Result<PersonKey, KeyError> {
        let opened = self
            .wrapping(&self.wrapping_key(wrapped.key_id)?)
            .open(&self.person_place(profile), &wrapped.bytes)?;
        Ok(PersonKey::new(Secret::from_bytes(&opened)?, self.tenant))
    }

    /// Wraps a session's key with the newest wrapping key, for the record that waits on disk
    /// until the session's person is known: the wrapping key's number (4 bytes) and the wrapped key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn wrap_session_for_spool(
        &self,
        key: &SessionKey,
        session: SessionId,
    ) -> Result<Vec<u8>, KeyError> {
        let material = self.material();
        let (key_id, wrapping) = material.newest();
        let sealed = self
            .wrapping(wrapping)
            .seal(&self.spool_place(session), key.secret().bytes())?;
        Ok([&key_id.to_be_bytes()[..], &sealed].concat())
    }

    /// Unwraps what [`Self::wrap_session_for_spool`] wrapped.
    ///
    /// # Errors
    /// As [`Self::unwrap_person`].
    pub fn unwrap_session_from_spool(
        &self,
        wrapped: &[u8],
        session: SessionId,
    ) -> Result<SessionKey, KeyError> {
        let (id, sealed) = wrapped.split_first_chunk().ok_or(KeyError::Unreadable)?;
        let opened = self
            .wrapping(&self.wrapping_key(i32::from_be_bytes(*id))?)
            .open(&self.spool_place(session), sealed)?;
        Ok(SessionKey::new(Secret::from_bytes(&opened)?, self.tenant))
    }

    /// By what a value is found without being stored: an HMAC-SHA-256 that only this tenant's
    /// keyring can make. The value must be normalised: numbers as E.164; the rest is trimmed and
    /// lower-cased here.
    #[must_use]
    pub fn index(&self, kind: IndexKind, value: &str) -> [u8; 32] {
        let value = value.trim().to_lowercase();
        let tenant = self.tenant.0.to_be_bytes();
        mac(
            &self.material().index,
            &[
                b"index",
                &tenant,
                kind.as_str().as_bytes(),
                value.as_bytes(),
            ],
        )
    }

    /// The key from which the spool derives one for each segment.
    #[must_use]
    pub fn spool_key(&self) -> SealingKey {
        SealingKey::derived(&self.material().spool, &[b"spool"])
    }

    /// Signs what is written outside the database.
    #[must_use]
    pub fn signing_key(&self) -> &Ed25519KeyPair {
        &self.shared.signing
    }

    /// Verifies what [`Self::signing_key`] signed: 32 bytes, no secret.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.shared.signing.public_key().as_ref()
    }

    /// A wrapping key, read again from the file when the number is new to us: somebody may have
    /// added it while this process runs.
    fn wrapping_key(&self, id: i32) -> Result<Secret, KeyError> {
        if let Some(key) = self.material().wrapping(id) {
            return Ok(key.clone());
        }
        let renewed = self.material().read_again()?;
        let key = renewed
            .wrapping(id)
            .cloned()
            .ok_or(KeyError::UnknownKey(id))?;
        self.put(renewed);
        Ok(key)
    }

    fn wrapping(&self, key: &Secret) -> SealingKey {
        SealingKey::derived(key, &[b"wrap", &self.tenant.0.to_be_bytes()])
    }

    fn person_place(&self, profile: ProfileId) -> Vec<u8> {
        place(self.tenant, &[b"person_keys", profile.0.as_bytes()])
    }

    fn spool_place(&self, session: SessionId) -> Vec<u8> {
        place(self.tenant, &[b"spool", session.0.as_bytes()])
    }

    fn material(&self) -> Arc<Material> {
        let material = self.shared.material.read();
        Arc::clone(&material.unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, material: Material) {
        let held = self.shared.material.write();
        *held.unwrap_or_else(PoisonError::into_inner) = Arc::new(material);
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}
