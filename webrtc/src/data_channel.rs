//! Messages beside the media.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use crate::engine::{channels::Channel, driver::Connection};
pub use crate::types::data_channel::{
    DataBuffer, DataChannelError, DataChannelInit, DataChannelState, OnBufferedAmountChange,
    OnMessage, OnStateChange,
};

/// A data channel.
#[derive(Clone)]
pub struct DataChannel {
    pub(crate) inner: Arc<Channel>,
    /// What its messages go through, as long as the application holds it.
    pub(crate) connection: Weak<Connection>,
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
        let connection = self.connection.upgrade().ok_or(DataChannelError::Send)?;
        connection.with(|core, now| core.write_channel(&self.inner, data, binary, now))
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
        match self.connection.upgrade() {
            Some(connection) => connection.with(|core, _| core.close_channel(&self.inner)),
            None => self.inner.abandon(),
        }
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
