//! Opening what was kept of a call, for a person who reads or changes it: the pages and the commands
//! alike.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use database::{
    AuditRepository, Callback, CallbackChange, CallbackCursor, CallbackFilter, CallbackName,
    CallbackRepository, Database, DatabaseError, DraftAsk, DraftRepository, LeadCursor, LeadList,
    LeadScoreRepository, Message, MessageRepository, RecordingRepository, Session, SessionId,
    SessionRepository, SoundSegment, UnansweredQuestion,
};
use serde_json::json;

use super::Lead;

/// Who reads, and how.
#[derive(Debug, Clone, Copy)]
pub struct AuditedReader<'a> {
    /// A person, or the key that was shown: the actor of the audit log.
    pub actor: &'a str,
    /// The way in: a command, or a resource of the pages.
    pub through: &'static str,
    /// From where, if over the network.
    pub address: Option<IpAddr>,
}

/// What was said in a call.
#[derive(Debug, Clone)]
pub struct AuditedCall {
    /// The call.
    pub session: Session,
    /// Its messages, in order.
    pub messages: Vec<Message>,
}

impl AuditedReader<'_> {
    /// The record of a call; `None` if there is no such call.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn call(
        &self,
        database: &Database,
        id: SessionId,
    ) -> Result<Option<AuditedCall>, DatabaseError> {
        let Some(session) = SessionRepository::new(database).get(id).await? else {
            return Ok(None);
        };
        self.note(database, "call.opened", ("session", &*id.to_string()))
            .await?;
        let messages = MessageRepository::new(database).by_session(id).await?;
        Ok(Some(AuditedCall { session, messages }))
    }

    /// What is stored of a call's recording; `None` if nothing is. Its sound is
    /// [`RecordingRepository::pages`], which is read after this alone.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn recording(
        &self,
        database: &Database,
        id: SessionId,
    ) -> Result<Option<Vec<SoundSegment>>, DatabaseError> {
        let recordings = RecordingRepository::new(database);
        if !recordings.exists(id).await? {
            return Ok(None);
        }
        self.note(database, "recording.opened", ("session", &*id.to_string()))
            .await?;
        recordings.segments(id).await.map(Some)
    }

    /// What callers asked about the trade since then and no document of the pack answered, the newest `limit` questions,
    /// newest first.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn unanswered(
        &self,
        database: &Database,
        pack: &str,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<UnansweredQuestion>, DatabaseError> {
        self.note(database, "knowledge.gaps", ("pack", pack))
            .await?;
        MessageRepository::new(database)
            .unanswered(since, limit)
            .await
    }

    /// The lines of a pack's draft: callers' words, too.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn draft(
        &self,
        database: &Database,
        pack: &str,
    ) -> Result<Vec<DraftAsk>, DatabaseError> {
        self.note(database, "knowledge.draft", ("pack", pack))
            .await?;
        DraftRepository::new(database).lines(pack).await
    }

    /// What was promised to callers, a page of it; see [`CallbackRepository::list`].
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn callbacks(
        &self,
        database: &Database,
        filter: CallbackFilter,
        after: Option<CallbackCursor>,
        limit: i64,
    ) -> Result<Vec<Callback>, DatabaseError> {
        self.note(database, "callbacks.listed", ("filter", filter.as_str()))
            .await?;
        let callbacks = CallbackRepository::new(database);
        callbacks.list(filter, after, limit).await
    }

    /// Leads with their scores as of `now`, a page of them, the highest first.
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was read.
    pub async fn leads(
        &self,
        database: &Database,
        list: LeadList,
        (after, limit): (Option<LeadCursor>, i64),
        now: DateTime<Utc>,
    ) -> Result<Vec<Lead>, DatabaseError> {
        self.note(database, "leads.listed", ("leads", list.as_str()))
            .await?;
        let lines = LeadScoreRepository::new(database)
            .list(list, after, limit)
            .await?;
        lines
            .into_iter()
            .map(|line| Lead::read(line, now))
            .collect()
    }

    /// Makes a promise the actor's own; see [`CallbackRepository::take`].
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was changed.
    pub async fn take_callback(
        &self,
        database: &Database,
        name: &CallbackName,
    ) -> Result<CallbackChange, DatabaseError> {
        let callbacks = CallbackRepository::new(database);
        let Some(id) = callbacks.id_of(name).await? else {
            return Ok(CallbackChange::NotFound);
        };
        self.note(database, "callback.take", ("callback", &*id.to_string()))
            .await?;
        callbacks.take(id, self.actor).await
    }

    /// Notes that the actor kept a promise; see [`CallbackRepository::done`].
    ///
    /// # Errors
    /// [`DatabaseError`], also when the audit log takes no row: then nothing was changed.
    pub async fn finish_callback(
        &self,
        database: &Database,
        name: &CallbackName,
        note: Option<&str>,
    ) -> Result<CallbackChange, DatabaseError> {
        let callbacks = CallbackRepository::new(database);
        let Some(id) = callbacks.id_of(name).await? else {
            return Ok(CallbackChange::NotFound);
        };
        self.note(database, "callback.done", ("callback", &*id.to_string()))
            .await?;
        callbacks.done(id, self.actor, note).await
    }

    /// Puts on record that this is being opened or changed; `subject` is its kind and id, if it is
    /// one thing. Before anything of it is shown or changed, and nothing is if it fails: what nobody
    /// can be asked about afterwards must not have been seen. The other order would let whoever can
    /// fill a disk or cut a connection read unnoticed.
    ///
    /// # Errors
    /// [`DatabaseError`]: show and change nothing.
    pub async fn note(
        &self,
        database: &Database,
        action: &'static str,
        subject: impl Into<Option<(&str, &str)>>,
    ) -> Result<(), DatabaseError> {
        let detail = match self.address {
            Some(address) => json!({"through": self.through, "address": address}),
            None => json!({"through": self.through}),
        };
        AuditRepository::new(database)
            .record(self.actor, action, subject.into(), &detail)
            .await
            .map(drop)
    }
}
