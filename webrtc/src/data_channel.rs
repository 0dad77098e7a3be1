//! Messages beside the media.

use std::{fmt, str::Utf8Error, sync::Arc};

use serde::Deserialize;
use thiserror::Error;

use crate::{engine::channels::Channel, rtp_parameters::Priority};

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
    /// Both sides create the channel under the same `id`; neither is told of it.
    pub negotiated: bool,
    /// SCTP stream of a negotiated channel, else -1.
    pub id: i32,
    /// Accepted, not applied.
    pub priority: Option<Priority>,
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
            priority: None,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// A data channel.
#[derive(Clone)]
pub struct DataChannel {
    pub(crate) inner: Arc<Channel>,
}

impl DataChannel {
    /// Takes a message for sending.
    ///
    /// # Errors
    ///
    /// When the channel is not open or its buffer is full, and for text that is not UTF-8.
    pub fn send(&self, data: &[u8], binary: bool) -> Result<(), DataChannelError> {
        if !binary {
            std::str::from_utf8(data)?;
        }
        self.inner.send(data, binary)
    }

    /// SCTP stream, -1 until it is known.
    pub fn id(&self) -> i32 {
        self.inner.id()
    }

    /// The name it was created with.
    pub fn label(&self) -> String {
        self.inner.label.clone()
    }

    /// How far it is.
    pub fn state(&self) -> DataChannelState {
        self.inner.state()
    }

    /// Closes it on both sides.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Bytes taken and not yet sent.
    pub fn buffered_amount(&self) -> u64 {
        self.inner.buffered_amount()
    }

    /// Sets or clears the callback for its state.
    pub fn on_state_change(&self, callback: Option<OnStateChange>) {
        self.inner.on_state.set(callback);
    }

    /// Sets or clears the callback for messages.
    pub fn on_message(&self, callback: Option<OnMessage>) {
        self.inner.on_message.set(callback);
    }

    /// Sets or clears the callback for sent bytes.
    pub fn on_buffered_amount_change(&self, callback: Option<OnBufferedAmountChange>) {
        self.inner.on_buffered.set(callback);
    }
}

impl fmt::Debug for DataChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataChannel")
            .field("label", &self.inner.label)
            .field("state", &self.state())
            .finish()
    }
}
