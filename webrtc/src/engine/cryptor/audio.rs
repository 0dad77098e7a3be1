//! The frames of one track, sealed or opened.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

use super::{
    Background, CryptorError, KeyStore, check_cipher,
    frame::{self, Sealed},
    key::{IvSource, Key},
    reports::Reports,
};
use crate::{
    engine::lock::LeafMutex,
    types::encryption::{EncryptionAlgorithm, EncryptionState, OnStateChange},
};

/// Encrypts what one participant sends on a track, or decrypts what it sent.
pub(crate) struct AudioCryptor {
    algorithm: EncryptionAlgorithm,
    keys: Arc<KeyStore>,
    enabled: AtomicBool,
    /// Which key seals; negative for the one set last.
    key_index: AtomicI32,
    ivs: IvSource,
    progress: LeafMutex<Progress>,
    reports: Reports,
    background: Background,
}

/// How it fares.
struct Progress {
    state: EncryptionState,
    /// The key that frames do not open with, and how many in a row.
    failing: Option<(Arc<Key>, u32)>,
}

impl AudioCryptor {
    /// Passes frames as they are until it is enabled.
    pub(crate) fn new(
        participant: String,
        algorithm: EncryptionAlgorithm,
        keys: Arc<KeyStore>,
        background: Background,
    ) -> Self {
        Self {
            algorithm,
            keys,
            enabled: AtomicBool::new(false),
            key_index: AtomicI32::new(0),
            ivs: IvSource::new(),
            progress: LeafMutex::new(Progress {
                state: EncryptionState::New,
                failing: None,
            }),
            reports: Reports::new(participant, background),
            background,
        }
    }

    pub(crate) fn participant(&self) -> &str {
        self.reports.participant()
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    pub(crate) fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_key_index(&self, index: i32) {
        self.key_index.store(index, Ordering::Relaxed);
    }

    pub(crate) fn key_index(&self) -> i32 {
        self.key_index.load(Ordering::Relaxed)
    }

    pub(crate) fn set_callback(&self, callback: Option<OnStateChange>) {
        self.reports.set_callback(callback);
    }

    /// What to send for a frame; `None` for nothing at all, rather than speech in the clear.
    pub(crate) fn seal<'a>(&self, frame: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if frame.is_empty() || !self.enabled() {
            return Some(Cow::Borrowed(frame));
        }
        let sealed = self.try_seal(frame);
        self.enter(match sealed {
            Ok(_) => EncryptionState::Ok,
            Err(CryptorError::MissingKey(_)) => EncryptionState::MissingKey,
            Err(CryptorError::UnsupportedCipher) => EncryptionState::InternalError,
            Err(_) => EncryptionState::EncryptionFailed,
        });
        sealed.ok().map(Cow::Owned)
    }

    fn try_seal(&self, frame: &[u8]) -> Result<Vec<u8>, CryptorError> {
        check_cipher(self.algorithm)?;
        let wanted = self.key_index();
        let missing = CryptorError::MissingKey(u32::try_from(wanted).unwrap_or(0));
        let (slot, key) = self.keys.key(self.participant(), wanted).ok_or(missing)?;
        let index = u8::try_from(slot).map_err(|_| missing)?;
        frame::seal(frame, &key, index, self.ivs.next())
    }

    /// What to decode for a frame that arrived; `None` for nothing, as if it were lost.
    pub(crate) fn open<'a>(&self, frame: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if frame.is_empty() || !self.enabled() {
            return Some(Cow::Borrowed(frame));
        }
        if let Some(injected) = frame::strip_server_trailer(frame, &self.keys.server_trailer()) {
            return frame::is_server_silence(injected).then_some(Cow::Borrowed(injected));
        }
        match self.try_open(frame) {
            Ok(opened) => opened.map(Cow::Owned),
            Err(error) => {
                self.enter(match error {
                    CryptorError::MissingKey(_) => EncryptionState::MissingKey,
                    CryptorError::UnsupportedCipher => EncryptionState::InternalError,
                    _ => EncryptionState::DecryptionFailed,
                });
                None
            }
        }
    }

    /// `None` for a failure that is not to be reported (yet).
    fn try_open(&self, frame: &[u8]) -> Result<Option<Vec<u8>>, CryptorError> {
        check_cipher(self.algorithm)?;
        let sealed = Sealed::parse(frame)?;
        let index = u32::from(sealed.key_index);
        let key = self.keys.key_at(self.participant(), index)?;
        if self.given_up(&key) {
            return Ok(None);
        }
        if let Ok(opened) = sealed.open(&key) {
            self.succeed();
            return Ok(Some(opened));
        }
        let window = self.keys.window();
        let links = key.links(window);
        for link in &links {
            if let Ok(opened) = sealed.open(link) {
                let link = Arc::clone(link);
                self.keys.follow(self.participant(), index, &key, link);
                self.enter(EncryptionState::KeyRatcheted);
                self.succeed();
                return Ok(Some(opened));
            }
        }
        if links.len() < window {
            if key.order_links() {
                (self.background)(Box::new(move || key.derive_links(window)));
            }
            return Ok(None);
        }
        self.fail(key)
    }

    fn given_up(&self, key: &Arc<Key>) -> bool {
        let progress = self.progress.lock();
        matches!((&progress.failing, self.keys.tolerance()), (Some((failing, failures)), Some(tolerance))
            if Arc::ptr_eq(failing, key) && *failures > tolerance)
    }

    /// Counts a failure: an error once the tolerance is used up.
    fn fail(&self, key: Arc<Key>) -> Result<Option<Vec<u8>>, CryptorError> {
        let mut progress = self.progress.lock();
        let failures = match progress.failing.take() {
            Some((failing, failures)) if Arc::ptr_eq(&failing, &key) => failures.saturating_add(1),
            _ => 1,
        };
        progress.failing = Some((key, failures));
        if failures > self.keys.tolerance().unwrap_or(0) {
            Err(CryptorError::Unauthentic)
        } else {
            Ok(None)
        }
    }

    fn succeed(&self) {
        self.progress.lock().failing = None;
        self.enter(EncryptionState::Ok);
    }

    /// Reports a state unless it is the one reported last.
    fn enter(&self, state: EncryptionState) {
        let before = std::mem::replace(&mut self.progress.lock().state, state);
        if before != state {
            self.reports.report(state);
        }
    }
}
