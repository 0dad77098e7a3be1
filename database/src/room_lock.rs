//! One agent a room, even when two jobs arrive.

use std::time::Duration;

use call::input::clean_identifier;

use crate::{DatabaseError, pool::Params};

repository!(
    /// Locks on rooms, each with a lease.
    RoomLock
);

impl RoomLock {
    /// Takes or renews the lock on a room, if nobody else holds it. `room` is best the room's
    /// `sid`, which a later room of the same name does not share; `holder` names one job.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn take(
        &self,
        room: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<bool, DatabaseError> {
        let sql = "INSERT INTO room_locks (room, holder, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
                   ON CONFLICT (tenant_id, room) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
                          taken_at = CASE WHEN room_locks.holder = excluded.holder THEN room_locks.taken_at ELSE now() END
                    WHERE room_locks.holder = excluded.holder OR room_locks.expires_at < now()
                   RETURNING 1";
        let params: Params<'_> = &[&clean_identifier(room), &holder, &lease.as_secs_f64()];
        Ok(self.db.count(sql, params).await? > 0)
    }

    /// Gives the lock back. Also clears away locks that ran out long ago.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn release(&self, room: &str, holder: &str) -> Result<(), DatabaseError> {
        let sql = "DELETE FROM room_locks WHERE (room = $1 AND holder = $2) OR expires_at < now() - interval '1 day'";
        self.db.run(sql, &[&clean_identifier(room), &holder]).await
    }
}
