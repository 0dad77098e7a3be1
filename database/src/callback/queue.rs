//! The list of promises, and who keeps them.

use std::str::FromStr;

use call::{Reference, input::clean_line, text_enum};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Callback, CallbackRepository, NOTE, seal};
use crate::{DatabaseError, SessionId, pool::Params};

text_enum! {
    /// Which promises to list.
    pub enum CallbackFilter {
        /// Not kept yet.
        Open = "open",
        /// Not kept, and the day is over.
        Overdue = "overdue",
        /// Not kept, and somebody has it.
        Taken = "taken",
        /// Kept, or of an erased person.
        Done = "done",
        /// All there are.
        All = "all",
    }
}

impl CallbackFilter {
    fn condition(self) -> &'static str {
        match self {
            Self::Open => "done_at IS NULL",
            Self::Overdue => "done_at IS NULL AND due < now()",
            Self::Taken => "done_at IS NULL AND taken_at IS NOT NULL",
            Self::Done => "done_at IS NOT NULL",
            Self::All => "true",
        }
    }

    /// What is still to be kept comes by when it must be; what is looked up, by when it was promised.
    fn is_history(self) -> bool {
        matches!(self, Self::Done | Self::All)
    }
}

/// A place in the list. Stays right while promises are added and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackCursor {
    /// Of the last promise seen.
    pub urgent: bool,
    /// Until when it is to be kept; of those that are looked up: when it was promised.
    pub at: DateTime<Utc>,
    /// Its id, which decides between promises of the same instant.
    pub id: Uuid,
}

/// How a person names a promise: by its id or its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackName {
    /// [`Callback::id`].
    Id(Uuid),
    /// [`Callback::reference`].
    Reference(Reference),
}

/// A text that names no promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a reference, such as KM482915, or an id")]
pub struct CallbackNameError;

impl FromStr for CallbackName {
    type Err = CallbackNameError;

    fn from_str(text: &str) -> Result<Self, CallbackNameError> {
        let reference = || text.parse().map(Self::Reference);
        let id = text.trim().parse().map(Self::Id);
        id.or_else(|_| reference()).map_err(|_| CallbackNameError)
    }
}

/// What became of taking or keeping a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackChange {
    /// It is as was asked, now or since the same person asked before.
    Changed,
    /// Somebody else has it.
    Taken {
        /// Who.
        by: String,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It was kept before, or its person erased.
    Done {
        /// Who kept it; `erased`: nobody.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// There is no such promise.
    NotFound,
}

impl Callback {
    /// Its place in this list, to continue after it.
    #[must_use]
    pub fn cursor(&self, filter: CallbackFilter) -> CallbackCursor {
        CallbackCursor {
            urgent: self.urgent,
            at: if filter.is_history() {
                self.requested_at
            } else {
                self.due_at
            },
            id: self.id,
        }
    }

    /// Whether it should have been kept by now, and was not.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.done_at.is_none() && self.due_at < now
    }
}

impl CallbackRepository {
    /// Promises to be kept: the urgent first, then what is due soonest. Those that were kept, and all: the newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(
        &self,
        filter: CallbackFilter,
        after: Option<CallbackCursor>,
        limit: i64,
    ) -> Result<Vec<Callback>, DatabaseError> {
        let condition = filter.condition();
        let order = if filter.is_history() {
            "($1::timestamptz IS NULL OR $2::boolean IS NULL OR (requested_at, callback_id) < ($1, $3::uuid))
             ORDER BY requested_at DESC, callback_id DESC"
        } else {
            "($1::timestamptz IS NULL OR (NOT urgent, due, callback_id) > (NOT $2::boolean, $1, $3::uuid))
             ORDER BY NOT urgent, due, callback_id"
        };
        let (at, urgent) = after.map(|after| (after.at, after.urgent)).unzip();
        let id = after.map(|after| after.id);
        let condition = format!("{condition} AND {order} LIMIT $4");
        self.opened(&condition, &[&at, &urgent, &id, &limit]).await
    }

    /// The id of the promise of this name.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn id_of(&self, name: &CallbackName) -> Result<Option<Uuid>, DatabaseError> {
        let (id, reference) = match name {
            CallbackName::Id(id) => (Some(id), None),
            CallbackName::Reference(reference) => (None, Some(reference.as_str())),
        };
        let sql = "SELECT callback_id FROM callbacks WHERE tenant_id = current_tenant() AND (callback_id = $1 OR reference = $2)";
        let row = self.db.optional(sql, &[&id, &reference]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Makes a promise this person's, if nobody else has it.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn take(&self, id: Uuid, by: &str) -> Result<CallbackChange, DatabaseError> {
        let sql = "UPDATE callbacks SET taken_at = coalesce(taken_at, now()), taken_by = $2
                    WHERE callback_id = $1 AND done_at IS NULL AND coalesce(taken_by, $2) = $2 RETURNING 1";
        if self.db.count(sql, &[&id, &by]).await? > 0 {
            return Ok(CallbackChange::Changed);
        }
        self.standing(id).await
    }

    /// Notes who kept a promise, whoever has taken it, and what there is to say of it, which is sealed.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn done(
        &self,
        id: Uuid,
        by: &str,
        note: Option<&str>,
    ) -> Result<CallbackChange, DatabaseError> {
        let sql = "SELECT session_id FROM callbacks WHERE callback_id = $1";
        let Some(row) = self.db.optional(sql, &[&id]).await? else {
            return Ok(CallbackChange::NotFound);
        };
        let session: SessionId = row.get(0);
        let key = match note {
            None => None,
            Some(_) => self.db.session_key(session).await?,
        };
        let note = seal(key.as_ref(), session, NOTE, note.map(clean_line))?;
        let sql = "UPDATE callbacks SET done_at = now(), done_by = $2, note_ct = $3 WHERE callback_id = $1 AND done_at IS NULL RETURNING 1";
        let params: Params<'_> = &[&id, &by, &note];
        if self.db.count(sql, params).await? > 0 {
            return Ok(CallbackChange::Changed);
        }
        Ok(match self.standing(id).await? {
            CallbackChange::Done { by: before, .. } if before == by => CallbackChange::Changed,
            standing => standing,
        })
    }

    /// Who has a promise that was not changed.
    async fn standing(&self, id: Uuid) -> Result<CallbackChange, DatabaseError> {
        let sql = "SELECT coalesce(done_by, taken_by) AS by, coalesce(done_at, taken_at) AS at, done_at IS NOT NULL AS is_done
                     FROM callbacks WHERE callback_id = $1 AND coalesce(done_by, taken_by) IS NOT NULL";
        let Some(row) = self.db.optional(sql, &[&id]).await? else {
            return Ok(CallbackChange::NotFound);
        };
        let (by, at) = (row.get("by"), row.get("at"));
        Ok(match row.get("is_done") {
            true => CallbackChange::Done { by, at },
            false => CallbackChange::Taken { by, at },
        })
    }
}
