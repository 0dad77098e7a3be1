//! Who has which key.

use std::{collections::HashMap, sync::Arc};

use super::{
    CryptorError,
    key::{Derivation, Key},
};
use crate::{engine::lock::LeafMutex, types::encryption::KeyProviderOptions};

/// Keys a ring has when the application says nothing sensible, and at most: an index is a byte.
const RING_SIZES: (usize, usize) = (16, 255);

/// Later keys tried at most. Each costs a derivation once and a kilobyte.
const MAX_WINDOW: usize = 256;

/// The keys of a room.
pub(crate) struct KeyStore {
    shared: bool,
    ring_size: usize,
    /// Later keys to try when a frame does not open.
    window: usize,
    /// Failures in a row before a key is given up; `None` for never.
    tolerance: Option<u32>,
    derivation: Arc<Derivation>,
    rings: LeafMutex<Rings>,
    server_trailer: LeafMutex<Arc<[u8]>>,
}

#[derive(Default)]
struct Rings {
    /// For everybody without a ring of their own, if keys are shared.
    shared: Option<Ring>,
    /// Of those for whom the application set a key, or whose key followed a ratchet. The
    /// network cannot add any without knowing a key.
    own: HashMap<String, Ring>,
}

#[derive(Clone)]
struct Ring {
    keys: Vec<Option<Arc<Key>>>,
    current: usize,
}

impl Ring {
    fn new(size: usize) -> Self {
        Self {
            keys: vec![None; size],
            current: 0,
        }
    }

    /// Sets a key and makes it the current one. A negative index is the current one's, one
    /// beyond the ring starts over.
    fn set(&mut self, index: i32, key: Arc<Key>) {
        if let Ok(index) = usize::try_from(index) {
            self.current = index % self.keys.len();
        }
        self.keys[self.current] = Some(key);
    }

    /// The key at an index; the current one at a negative index.
    fn get(&self, index: i32) -> Option<(usize, &Arc<Key>)> {
        let slot = usize::try_from(index).unwrap_or(self.current);
        self.keys.get(slot)?.as_ref().map(|key| (slot, key))
    }
}

impl Rings {
    fn of(&self, participant: &str) -> Option<&Ring> {
        self.own.get(participant).or(self.shared.as_ref())
    }

    /// A participant's own ring, begun as a copy of the shared one.
    fn own(&mut self, participant: String, ring_size: usize) -> &mut Ring {
        let Self { shared, own } = self;
        let begin = || shared.clone().unwrap_or_else(|| Ring::new(ring_size));
        own.entry(participant).or_insert_with(begin)
    }
}

impl KeyStore {
    pub(crate) fn new(options: KeyProviderOptions) -> Self {
        let ring_size = usize::try_from(options.key_ring_size).unwrap_or(0);
        Self {
            shared: options.shared_key,
            ring_size: if ring_size == 0 {
                RING_SIZES.0
            } else {
                ring_size.min(RING_SIZES.1)
            },
            window: usize::try_from(options.ratchet_window_size)
                .unwrap_or(0)
                .min(MAX_WINDOW),
            tolerance: u32::try_from(options.failure_tolerance).ok(),
            derivation: Arc::new(Derivation {
                algorithm: options.key_derivation_algorithm,
                salt: options.ratchet_salt,
            }),
            rings: LeafMutex::default(),
            server_trailer: LeafMutex::new(Arc::from([])),
        }
    }

    // ---- the application's side: derives, so takes its time -----------------

    /// Sets everybody's key. False unless keys are shared.
    pub(crate) fn set_shared(&self, index: i32, material: Vec<u8>) -> bool {
        self.shared
            && Key::new(material, &self.derivation)
                .map(|key| self.put_shared(index, &key))
                .is_ok()
    }

    /// Sets one participant's key.
    pub(crate) fn set(&self, participant: String, index: i32, material: Vec<u8>) -> bool {
        Key::new(material, &self.derivation)
            .map(|key| self.put(participant, index, key))
            .is_ok()
    }

    /// Moves everybody on to the key after the shared one; returns what it is derived from.
    pub(crate) fn ratchet_shared(&self, index: i32) -> Option<Vec<u8>> {
        let key = self.shared_key(index)?.next().ok()?;
        self.put_shared(index, &key);
        Some(key.material.clone())
    }

    /// Moves one participant on to the next key; returns what it is derived from.
    pub(crate) fn ratchet(&self, participant: String, index: i32) -> Option<Vec<u8>> {
        let (_, current) = self.key(&participant, index)?;
        let key = current.next().ok()?;
        let material = key.material.clone();
        self.put(participant, index, key);
        Some(material)
    }

    /// What a shared key is derived from.
    pub(crate) fn shared_material(&self, index: i32) -> Option<Vec<u8>> {
        self.shared_key(index).map(|key| key.material.clone())
    }

    /// What a participant's key is derived from.
    pub(crate) fn material(&self, participant: &str, index: i32) -> Option<Vec<u8>> {
        self.key(participant, index)
            .map(|(_, key)| key.material.clone())
    }

    /// What the server ends its own frames with; nothing for "it has none".
    pub(crate) fn set_server_trailer(&self, trailer: Vec<u8>) {
        *self.server_trailer.lock() = trailer.into();
    }

    fn shared_key(&self, index: i32) -> Option<Arc<Key>> {
        let rings = self.rings.lock();
        let (_, key) = rings.shared.as_ref()?.get(index)?;
        Some(Arc::clone(key))
    }

    fn put_shared(&self, index: i32, key: &Arc<Key>) {
        let mut rings = self.rings.lock();
        let Rings { shared, own } = &mut *rings;
        shared
            .get_or_insert_with(|| Ring::new(self.ring_size))
            .set(index, Arc::clone(key));
        for ring in own.values_mut() {
            ring.set(index, Arc::clone(key));
        }
    }

    fn put(&self, participant: String, index: i32, key: Arc<Key>) {
        let mut rings = self.rings.lock();
        rings.own(participant, self.ring_size).set(index, key);
    }

    // ---- the cryptors' side: looks up ----------------------------------------

    /// A participant's key and its index; the current one at a negative index.
    pub(super) fn key(&self, participant: &str, index: i32) -> Option<(usize, Arc<Key>)> {
        let rings = self.rings.lock();
        let (slot, key) = rings.of(participant)?.get(index)?;
        Some((slot, Arc::clone(key)))
    }

    /// [`Self::key`] for an index of the network.
    ///
    /// # Errors
    ///
    /// [`CryptorError::MissingKey`].
    pub(super) fn key_at(&self, participant: &str, index: u32) -> Result<Arc<Key>, CryptorError> {
        i32::try_from(index)
            .ok()
            .and_then(|index| self.key(participant, index))
            .map(|(_, key)| key)
            .ok_or(CryptorError::MissingKey(index))
    }

    /// A frame proved that a participant moved on from one key to another. Does nothing if the
    /// application has set another key meanwhile.
    pub(super) fn follow(&self, participant: &str, index: u32, from: &Arc<Key>, to: Arc<Key>) {
        let Ok(index) = i32::try_from(index) else {
            return;
        };
        let mut rings = self.rings.lock();
        let current = rings.of(participant).and_then(|ring| ring.get(index));
        if current.is_some_and(|(_, key)| Arc::ptr_eq(key, from)) {
            rings
                .own(participant.to_owned(), self.ring_size)
                .set(index, to);
        }
    }

    pub(super) const fn window(&self) -> usize {
        self.window
    }

    pub(super) const fn tolerance(&self) -> Option<u32> {
        self.tolerance
    }

    pub(super) fn server_trailer(&self) -> Arc<[u8]> {
        Arc::clone(&self.server_trailer.lock())
    }
}
