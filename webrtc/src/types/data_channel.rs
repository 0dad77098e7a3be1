//! Settings, states and messages of data channels.

use std::str::Utf8Error;

use thiserror::Error;

/// How a channel is to behave.
#[derive(Clone, Debug)]
pub struct DataChannelInit {
    /// Deliver in the order of sending.
    pub ordered: bool,
    /// Give a message up after so many milliseconds. Ignored beside `max_retransmits`.
    pub max_retransmit_time: Option<i32>,
    /// Give a message up after so many repetitions.
    pub max_retransmits: Option<i32>,
    /// Name of the protocol spoken on it.
    pub protocol: String,
    /// Both sides create the channel under the same `id`; neither is notified of it.
    pub negotiated: bool,
    /// SCTP stream of a negotiated channel, else -1.
    pub id: i32,
}

impl Default for DataChannelInit {
    fn default() -> Self {
        Self {
            ordered: true,
            max_retransmit_time: None,
            max_retransmits: None,
            protocol: String::new(),
            negotiated: false,
            id: -1,
        }
    }
}

/// A message that was not taken.
#[derive(Debug, Error)]
pub enum DataChannelError {
    /// The channel is not open, or 16 MiB wait to be sent.
    #[error("the data channel is not open, or its send buffer is full")]
    Send,
    /// A text message that is none.
    #[error("a text message must be UTF-8")]
    Utf8(#[from] Utf8Error),
}

/// How far a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataChannelState {
    /// Being negotiated or opened.
    Connecting,
    /// Messages can be sent.
    Open,
    /// Closed here, the peer has not confirmed.
    Closing,
    /// Over.
    Closed,
}

/// A received message.
#[derive(Debug)]
pub struct DataBuffer<'a> {
    /// Its bytes.
    pub data: &'a [u8],
    /// Whether it was sent as binary, not text.
    pub binary: bool,
}

/// Called with each new state.
pub type OnStateChange = Box<dyn FnMut(DataChannelState) + Send + Sync>;

/// Called with each message, in order.
pub type OnMessage = Box<dyn FnMut(DataBuffer) + Send + Sync>;

/// Called with the bytes that left the buffer since the last call.
pub type OnBufferedAmountChange = Box<dyn FnMut(u64) + Send + Sync>;
