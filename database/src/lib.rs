#![doc = include_str!("../README.md")]

#[macro_use]
mod rows;

mod archive;
mod audit;
mod auth;
mod callback;
mod chain;
mod clean;
mod document;
mod draft;
mod error;
mod fact;
pub mod fail;
pub mod keys;
mod lead;
mod leader;
mod left_task;
mod meaning;
mod message;
mod migrate;
mod outbox;
mod past;
mod pool;
mod profile;
mod recording;
mod recount;
mod room_lock;
mod session;
mod session_list;
mod session_manager;
pub mod spool;
mod stated_name;
mod stored_keys;
mod stored_record;
mod summary;
mod summary_token;
#[cfg(feature = "test-support")]
pub mod test_support;
mod tls;
mod tool_call;
mod turn_insight;
pub mod verify;
mod warm;
mod worker;

pub use archive::{ArchiveError, ArchiveRepository, ArchivedMonth, RetiredMonth};
pub use audit::{AuditEntry, AuditRepository};
pub use auth::{
    AuthLimits, AuthRepository, ChallengeStart, Claim, Delivery, NewChallenge, Verification,
};
pub use call::{Channel, ProfileId, Resolution, Sentiment, SessionId, TenantId, ToolOutcome};
pub use callback::{
    Callback, CallbackChange, CallbackCursor, CallbackFilter, CallbackName, CallbackNameError,
    CallbackRepository, NewCallback,
};
pub use chain::RowHash;
pub use document::{DocumentChunk, DocumentRepository, ImportReport};
pub use draft::{Adoption, DraftAsk, DraftRepository, NewDraftAsk};
pub use error::DatabaseError;
pub use fact::{FactRepository, NewFact, SealedFact, StoredFact};
pub use lead::{
    DueLead, LeadCall, LeadCursor, LeadEvent, LeadEventRepository, LeadKindCount, LeadLine,
    LeadList, LeadScoreRepository, LeadScoreRow, NewLeadEvent, NewLeadEvents,
};
pub use leader::{Leader, LeaderRole};
pub use left_task::{LeftTask, LeftTaskRepository, NewLeftTask, SealedLeftTask};
pub use meaning::MeaningRepository;
pub use message::{
    Inserted, Message, MessageRepository, MessageSealer, NewMessage, Role, SealedMessage,
    UnansweredQuestion,
};
pub use migrate::MigrationReport;
pub use outbox::{ClaimedSummary, FailedSummary, SummaryQueue};
pub use past::{OpenPromise, Past, PastCall, PastRepository};
pub use pool::{Database, DatabaseConfig};
pub use profile::{
    CallSentiment, Counted, CustomerRow, CustomersImported, DrainProgress, Erasure, ErasureOutcome,
    MergeOutcome, MergeRecord, Origin, PersonOverview, Profile, ProfileExport, ProfileHistory,
    ProfileKind, ProfileRepository, Separation, SessionExport, UnmergeOutcome, WouldUnmerge,
};
pub use recording::{NewSound, RecordingRepository, SealedSound, SoundSegment};
pub use recount::{CounterDrift, Orphan, RecountRepository};
pub use room_lock::RoomLock;
pub use session::{
    AbandonedSession, NewSession, Session, SessionEnd, SessionRepository, SessionStatus,
    StaleAfter, StartedSession,
};
pub use session_list::{SessionCursor, SessionFilter, SessionListItem};
pub use session_manager::SessionManager;
pub use stored_keys::Rewrapped;
pub use stored_record::{StoredEnd, StoredRecord, StoredStart};
pub use summary::{ConversationSummaryRepository, NewSummary, Summary};
pub use summary_token::{RedeemedSummary, SummaryToken, SummaryTokenRepository};
#[cfg(feature = "test-support")]
pub use test_support::ConfigRepository;
pub use tls::{certificates, is_address, is_unencrypted};
pub use tool_call::{
    NewToolCall, NewToolOutcome, SealedToolCall, SealedToolOutcome, ToolCall, ToolCallRepository,
    UnconfirmedDeed,
};
pub use turn_insight::{TurnInsight, TurnInsightRepository};
pub use worker::WorkerRepository;
