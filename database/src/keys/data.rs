//! The keys of a person and of a session, and what they seal.

use std::fmt;

use super::{
    cipher::{SealingKey, Secret, place},
    error::KeyError,
};
use crate::{ProfileId, SessionId, TenantId};

/// A person's key as it is stored in `person_keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The number of the wrapping key.
    pub key_id: i32,
    /// `nonce ‖ ciphertext ‖ tag`.
    pub bytes: Vec<u8>,
}

/// The key of one profile: seals its name, number and address, and wraps its sessions' keys.
#[derive(Clone)]
pub struct PersonKey {
    secret: Secret,
    tenant: TenantId,
}

/// The key of one session: seals the texts of its messages.
#[derive(Clone)]
pub struct SessionKey {
    secret: Secret,
    tenant: TenantId,
}

impl PersonKey {
    pub(super) fn new(secret: Secret, tenant: TenantId) -> Self {
        Self { secret, tenant }
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Wraps a session's key for `session_keys`.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn wrap_session(&self, key: &SessionKey, session: SessionId) -> Result<Vec<u8>, KeyError> {
        self.sealing(b"wrap")
            .seal(&self.session_place(session), key.secret().bytes())
    }

    /// Unwraps what [`Self::wrap_session`] wrapped.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it was changed, or is another session's or person's.
    pub fn unwrap_session(
        &self,
        wrapped: &[u8],
        session: SessionId,
    ) -> Result<SessionKey, KeyError> {
        let opened = self
            .sealing(b"wrap")
            .open(&self.session_place(session), wrapped)?;
        Ok(SessionKey::new(Secret::from_bytes(&opened)?, self.tenant))
    }

    /// Seals a column of a profile's row.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn seal_field(
        &self,
        column: &str,
        profile: ProfileId,
        text: &str,
    ) -> Result<Vec<u8>, KeyError> {
        self.sealing(b"fields")
            .seal(&self.field_place(column, profile), text.as_bytes())
    }

    /// Opens what [`Self::seal_field`] sealed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it was changed, or is of another column or row.
    pub fn open_field(
        &self,
        column: &str,
        profile: ProfileId,
        sealed: &[u8],
    ) -> Result<String, KeyError> {
        let opened = self
            .sealing(b"fields")
            .open(&self.field_place(column, profile), sealed)?;
        String::from_utf8(opened).map_err(|_not_text| KeyError::Unreadable)
    }

    fn sealing(&self, use_of: &[u8]) -> SealingKey {
        SealingKey::derived(&self.secret, &[b"person", use_of])
    }

    fn session_place(&self, session: SessionId) -> Vec<u8> {
        place(self.tenant, &[b"session_keys", session.0.as_bytes()])
    }

    fn field_place(&self, column: &str, profile: ProfileId) -> Vec<u8> {
        place(
            self.tenant,
            &[b"user_profiles", column.as_bytes(), profile.0.as_bytes()],
        )
    }
}

impl SessionKey {
    pub(super) fn new(secret: Secret, tenant: TenantId) -> Self {
        Self { secret, tenant }
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Seals what was said: `nonce ‖ ciphertext ‖ tag`, as it is stored in `content_ct`.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn seal_message(
        &self,
        session: SessionId,
        seq: i32,
        text: &str,
    ) -> Result<Vec<u8>, KeyError> {
        SealingKey::of(&self.secret).seal(&self.message_place(session, seq), text.as_bytes())
    }

    /// Opens what [`Self::seal_message`] sealed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it was changed, or is of another row.
    pub fn open_message(
        &self,
        session: SessionId,
        seq: i32,
        sealed: &[u8],
    ) -> Result<String, KeyError> {
        let opened =
            SealingKey::of(&self.secret).open(&self.message_place(session, seq), sealed)?;
        String::from_utf8(opened).map_err(|_not_text| KeyError::Unreadable)
    }

    /// Seals a value of the session's own, or of a row that belongs to it.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn seal_field(
        &self,
        column: &str,
        session: SessionId,
        text: &str,
    ) -> Result<Vec<u8>, KeyError> {
        let place = self.field_place(column, session);
        SealingKey::of(&self.secret).seal(&place, text.as_bytes())
    }

    /// Opens what [`Self::seal_field`] sealed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it was changed, or is of another column or session.
    pub fn open_field(
        &self,
        column: &str,
        session: SessionId,
        sealed: &[u8],
    ) -> Result<String, KeyError> {
        let place = self.field_place(column, session);
        let opened = SealingKey::of(&self.secret).open(&place, sealed)?;
        String::from_utf8(opened).map_err(|_not_text| KeyError::Unreadable)
    }

    /// Seals a segment of the session's recording.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn seal_sound(
        &self,
        session: SessionId,
        number: i32,
        sound: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        SealingKey::of(&self.secret).seal(&self.sound_place(session, number), sound)
    }

    /// Opens what [`Self::seal_sound`] sealed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it was changed, or is another segment's or session's.
    pub fn open_sound(
        &self,
        session: SessionId,
        number: i32,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        SealingKey::of(&self.secret).open(&self.sound_place(session, number), sealed)
    }

    fn sound_place(&self, session: SessionId, number: i32) -> Vec<u8> {
        place(
            self.tenant,
            &[
                b"recording_segments",
                b"sound_ct",
                session.0.as_bytes(),
                &number.to_be_bytes(),
            ],
        )
    }

    fn field_place(&self, column: &str, session: SessionId) -> Vec<u8> {
        let parts: [&[u8]; 3] = [b"session_keys", column.as_bytes(), session.0.as_bytes()];
        place(self.tenant, &parts)
    }

    fn message_place(&self, session: SessionId, seq: i32) -> Vec<u8> {
        place(
            self.tenant,
            &[
                b"conversation_messages",
                b"content_ct",
                session.0.as_bytes(),
                &seq.to_be_bytes(),
            ],
        )
    }
}

impl PartialEq for SessionKey {
    fn eq(&self, other: &Self) -> bool {
        self.tenant == other.tenant && self.secret.bytes() == other.secret.bytes()
    }
}

impl Eq for SessionKey {}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey").finish_non_exhaustive()
    }
}
