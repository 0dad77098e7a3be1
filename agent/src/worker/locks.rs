//! Locks that hold across workers: one agent a room, one watcher at a time.

use std::future::Future;

/// What came of trying a lock.
#[derive(Debug)]
pub enum Lock<G> {
    /// Ours until the guard is dropped.
    Held(G),
    /// Another holder has it.
    Taken,
    /// Nobody knows: there is no database, or it is away.
    Unknown,
}

/// A lock that is held.
pub trait LockGuard: Send + Sync + 'static {
    /// Whether it is still ours: the connection that carries it may have died.
    fn is_held(&self) -> bool;
}

/// What one worker at a time may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockName<'a> {
    /// The agent of the room with this id.
    Room(&'a str),
    /// The watcher for callers whom nobody serves.
    Watcher,
}

/// Where locks are kept. One holder for each name over all workers.
///
/// With PostgreSQL it is a session advisory lock, so a worker that dies frees
/// what it held.
pub trait Locks: Clone + Send + Sync + 'static {
    /// A held lock.
    type Guard: LockGuard;

    /// Tries to take a lock without waiting for its holder.
    fn try_lock(&self, name: LockName<'_>) -> impl Future<Output = Lock<Self::Guard>> + Send;
}
