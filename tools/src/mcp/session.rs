//! One session with a server: from its greeting to the one answer that is wanted, and then it is over.

use std::error::Error;
use std::time::Duration;

use outbound::{HostList, Limits, OutboundError, Url};
use rmcp::{
    ClientServiceExt as _, RoleClient, ServiceError,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig,
        ErrorData, Implementation, PaginatedRequestParams, Tool,
    },
    service::{ClientInitializeError, ClientLifecycleMode, RunningService},
    transport::{
        StreamableHttpClientTransport,
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{http::Http, listed::McpServer};
use crate::{ToolError, company::client};

/// Bytes of one answer of a server that are taken, whatever a tool's own limit is: a list of tools has some.
const MAX_ANSWER: usize = 512 * 1024;
/// Pages of a list of tools, and tools in it.
const MAX_PAGES: usize = 8;
const MAX_TOOLS: usize = 500;

/// A server that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) name: String,
    http: Http,
}

/// A session under way; it ends when it is dropped.
pub(super) struct Session(RunningService<RoleClient, ClientConfig>);

impl Server {
    /// The server of a checked file.
    pub(super) fn new(
        declared: &McpServer,
        token: Option<SecretString>,
    ) -> Result<Self, ToolError> {
        let failed = |error: &dyn std::fmt::Display| ToolError::Failed(error.to_string());
        let url = Url::parse(&declared.url).map_err(|error| failed(&error))?;
        // Whoever wrote this address into the file allowed its host by name, wherever it lies.
        let own = HostList::new(url.host_str()).map_err(|error| failed(&error))?;
        let limits = Limits {
            bytes: MAX_ANSWER,
            time: Duration::from_secs(60),
        };
        Ok(Self {
            name: declared.name.clone(),
            http: Http {
                client: client(own)?,
                url,
                token,
                limits,
            },
        })
    }

    /// Begins a session; each of its requests may take as long as is said.
    pub(super) async fn open(&self, time: Duration) -> Result<Session, ToolError> {
        let mut http = self.http.clone();
        http.limits.time = time;
        let mut config = StreamableHttpClientTransportConfig::with_uri(http.url.as_str());
        // Nothing is sent a second time by itself.
        config.reinit_on_expired_session = false;
        config.allow_stateless = true;
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let own = Implementation::new("teller", env!("CARGO_PKG_VERSION"));
        let info = ClientConfig::new(ClientCapabilities::default(), own);
        let session = info.serve_with_lifecycle(transport, ClientLifecycleMode::Initialize);
        Ok(Session(session.await.map_err(|error| not_met(&error))?))
    }
}

impl Session {
    /// All tools that the server offers.
    pub(super) async fn tools(&self) -> Result<Vec<Tool>, ToolError> {
        let mut tools = Vec::new();
        let mut page = None;
        for _ in 0..MAX_PAGES {
            let asked = PaginatedRequestParams::default().with_cursor(page);
            let listed = self
                .0
                .list_tools(Some(asked))
                .await
                .map_err(|error| failed(&error))?;
            tools.extend(listed.tools);
            page = listed.next_cursor;
            if page.is_none() && tools.len() <= MAX_TOOLS {
                return Ok(tools);
            }
        }
        let reason = format!("the server lists more than {MAX_TOOLS} tools, or {MAX_PAGES} pages");
        Err(ToolError::Failed(reason))
    }

    /// Calls a tool once.
    pub(super) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<CallToolResult, ToolError> {
        let asked = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        match self.0.call_tool_once(asked).await {
            Ok(CallToolResponse::Complete(result)) => Ok(result),
            Ok(_) => Err(ToolError::Failed(
                "the server asks something back, or will answer later".to_owned(),
            )),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Why there is no session. No text of the server's is in it.
fn not_met(error: &ClientInitializeError) -> ToolError {
    ToolError::Failed(match error {
        ClientInitializeError::TransportError { error, .. } => transport(&*error.error),
        ClientInitializeError::JsonRpcError(error) => refused(error),
        ClientInitializeError::ConnectionClosed(_) => AWAY.to_owned(),
        _ => NO_PROTOCOL.to_owned(),
    })
}

fn failed(error: &ServiceError) -> ToolError {
    ToolError::Failed(match error {
        ServiceError::McpError(error) => refused(error),
        ServiceError::TransportSend(error) => transport(&*error.error),
        ServiceError::TransportClosed | ServiceError::Cancelled { .. } => AWAY.to_owned(),
        _ => NO_PROTOCOL.to_owned(),
    })
}

const AWAY: &str = "the server went away";
const NO_PROTOCOL: &str = "the server's answer is none of the protocol";

fn refused(error: &ErrorData) -> String {
    format!("the server answered with the error {}", error.code.0)
}

fn transport(error: &(dyn Error + 'static)) -> String {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<StreamableHttpError<OutboundError>>() {
            Some(StreamableHttpError::Client(error)) => return error.to_string(),
            Some(StreamableHttpError::HttpStatus(status)) => {
                return format!("the server answered {}", status.status);
            }
            Some(StreamableHttpError::SessionExpired) => return AWAY.to_owned(),
            _ => next = error.source(),
        }
    }
    NO_PROTOCOL.to_owned()
}
