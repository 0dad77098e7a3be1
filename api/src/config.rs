//! What the HTTP servers are given: addresses and keys, and what the pages show of this deployment.

use std::{net::SocketAddr, path::PathBuf};

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::TokenKeys;

/// Bind addresses and keys of the HTTP servers.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Pages, tokens and the supervisor's interface.
    pub bind: SocketAddr,
    /// Health, worker state and metrics.
    pub health_bind: SocketAddr,
    /// Folder with the built pages.
    pub web_dir: PathBuf,
    /// Reads calls; unset closes the supervisor's interface.
    pub supervisor_key: Option<SecretString>,
    /// Changes things; every change carries a named actor.
    pub admin_key: Option<SecretString>,
    /// Requests for a token from one address in a minute.
    pub tokens_per_minute: u32,
    /// Believe `X-Forwarded-*` of the proxy in front.
    pub trust_proxy: bool,
    /// Keep messages that would have been sent and show them on the page; loopback only.
    pub demo_messages: bool,
}

/// What the pages show of this deployment.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The LiveKit server as browsers reach it.
    pub livekit_public_url: String,
    /// Signs callers' tokens.
    pub keys: TokenKeys,
    /// The agent that callers are dispatched to; empty with automatic dispatch.
    pub agent_name: String,
    /// The company whose assistant this is.
    pub company_name: String,
    /// The model that recognises speech.
    pub speech_model: String,
    /// The model that answers; `None`: answers come from the documents.
    pub language_model: Option<String>,
    /// Whether a caller can authenticate.
    pub authentication: bool,
    /// Whether calls are recorded.
    pub recording: bool,
    /// The topics a call can have.
    pub topics: Vec<Topic>,
}

/// One topic of the pack's taxonomy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Topic {
    /// What a summary carries.
    pub id: String,
    /// What people read.
    pub label: String,
}
