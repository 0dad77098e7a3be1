//! The worker's locks in PostgreSQL: one agent a room, one watcher.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use database::{Database, Leader, LeaderRole, RoomLock};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use agent::worker::{Lock, LockGuard, LockName, Locks};

/// A killed worker's room is free for another agent after this long.
const ROOM_LEASE: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(5);

/// Locks kept in the database.
#[derive(Debug, Clone)]
pub(super) struct DatabaseLocks {
    database: Database,
    tasks: TaskTracker,
}

impl DatabaseLocks {
    pub(super) fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            tasks: TaskTracker::new(),
        }
    }

    async fn room(&self, room: &str) -> Result<Option<Held>, database::DatabaseError> {
        let locks = RoomLock::new(&self.database);
        let holder = uuid::Uuid::new_v4().to_string();
        if !locks.take(room, &holder, ROOM_LEASE).await? {
            return Ok(None);
        }
        let held = Held::default();
        let (alive, room) = (held.clone(), room.to_owned());
        self.tasks.spawn(async move {
            let renew = async {
                loop {
                    sleep(RENEWAL).await;
                    // An outage leaves the lock as it is: nobody else can take it meanwhile either.
                    if let Ok(ours) = locks.take(&room, &holder, ROOM_LEASE).await {
                        alive.held.store(ours, Ordering::Relaxed);
                    }
                }
            };
            tokio::select! {
                () = alive.released.cancelled() => {}
                () = renew => {}
            }
            if let Err(error) = locks.release(&room, &holder).await {
                tracing::debug!(%error, "a room's lock runs out by itself");
            }
        });
        Ok(Some(held))
    }

    async fn watcher(&self) -> Result<Option<Held>, database::DatabaseError> {
        let Some(leader) = self.database.lead(LeaderRole::AgentWatcher).await? else {
            return Ok(None);
        };
        let held = Held::default();
        self.tasks.spawn(keep(leader, held.clone()));
        Ok(Some(held))
    }
}

/// Holds the leader's connection until it breaks or the guard is dropped.
async fn keep(leader: Leader, held: Held) {
    loop {
        tokio::select! {
            () = held.released.cancelled() => return,
            () = sleep(RENEWAL) => {
                if !leader.still_leads().await {
                    held.held.store(false, Ordering::Relaxed);
                    return;
                }
            }
        }
    }
}

/// A lock that is held; the last clone of the guard's side releases it.
#[derive(Debug, Clone)]
struct Held {
    held: Arc<AtomicBool>,
    released: CancellationToken,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            held: Arc::new(AtomicBool::new(true)),
            released: CancellationToken::new(),
        }
    }
}

/// Released when dropped.
#[derive(Debug)]
pub(super) struct Guard(Held);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.released.cancel();
    }
}

impl LockGuard for Guard {
    fn is_held(&self) -> bool {
        self.0.held.load(Ordering::Relaxed)
    }
}

impl Locks for DatabaseLocks {
    type Guard = Guard;

    async fn try_lock(&self, name: LockName<'_>) -> Lock<Guard> {
        let tried = match name {
            LockName::Room(room) => self.room(room).await,
            LockName::Watcher => self.watcher().await,
        };
        match tried {
            Ok(Some(held)) => Lock::Held(Guard(held)),
            Ok(None) => Lock::Taken,
            Err(error) => {
                tracing::debug!(%error, "a lock could not be tried");
                Lock::Unknown
            }
        }
    }
}
