//! What the agent can do during a conversation.
//!
//! A [`Tool`] does one thing for the caller. Nobody calls it but the [`Registry`] of the conversation,
//! which checks the arguments against the tool's schema, the proof of identity, consent, the number
//! of rounds and what may be done in a day ([`Limit`]), writes the intent and the outcome down ([`ToolCallLog`]), and gives each call exactly one
//! [`Outcome`]. The idempotency key of a call is derived from its turn, so that a reply that is
//! generated again repeats nothing.
//!
//! What needs the room or the record goes through a port ([`SipTransfer`], [`Callbacks`],
//! [`Messages`], [`ToolCallLog`]) that the agent implements; what needs other systems asks them over HTTP
//! ([`LookupTool`], [`DeedTool`], [`OptionsTool`], [`WebSearchTool`], [`McpTool`]).

mod callback;
mod company;
mod deed;
mod key;
mod limit;
mod log;
mod lookup;
mod mcp;
mod message;
mod outcome;
mod registry;
mod ticket;
mod tool;
mod transfer;
mod web_search;

pub use callback::{CallbackRequest, CallbackTool, Callbacks};
pub use deed::{
    DeclaredDeed, DeclaredOptions, DeedConfig, DeedTool, Deeds, OptionsTool, WrongDeed,
};
pub use limit::{DoneDeed, Limit, Most};
pub use log::{Intent, LeftTask, NotRecorded, RecordedCall, ToolCallLog};
pub use lookup::{DeclaredLookup, LookupConfig, LookupTool, Lookups, NotConnected};
pub use mcp::{
    ListedTool, MCP_TOKENS, Mcp, McpError, McpFile, McpProof, McpServer, McpTool, Met, WrongMcp,
};
pub use message::{GatewayError, Message, MessageGateway, MessageTool, Messages, Recipient};
pub use outcome::{Outcome, Refusal};
pub use registry::{Limits, MAX_ROUNDS, Registry, Request};
pub use ticket::TicketTool;
pub use tool::{BoxFuture, Effect, Tool, ToolCall, ToolCaller, ToolError, ToolSpec};
pub use transfer::{SipTransfer, TransferTarget, TransferTool};
pub use web_search::{WebPage, WebSearch, WebSearchConfig, WebSearchTool, WebUsage};
