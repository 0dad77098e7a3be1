//! One media section, both halves.

use std::{
    fmt,
    sync::{Arc, Weak},
};

pub use crate::types::rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit};
use crate::{
    RtcError,
    engine::{driver::Connection, negotiation::transceiver::Transceiver},
    rtp_parameters::RtpCodecCapability,
    rtp_receiver::RtpReceiver,
    rtp_sender::RtpSender,
};

/// One media section.
#[derive(Clone)]
pub struct RtpTransceiver {
    pub(crate) inner: Arc<Transceiver>,
    /// What its packets go through, as long as the application holds it.
    pub(crate) connection: Weak<Connection>,
}

impl RtpTransceiver {
    /// Its name in descriptions, once there is one.
    pub fn mid(&self) -> Option<String> {
        self.inner.mid().map(|mid| mid.to_string())
    }

    /// What was last agreed.
    pub fn current_direction(&self) -> Option<RtpTransceiverDirection> {
        self.inner.current_direction()
    }

    /// What is wanted.
    pub fn direction(&self) -> RtpTransceiverDirection {
        self.inner.direction()
    }

    /// Its sending half.
    pub fn sender(&self) -> RtpSender {
        RtpSender {
            inner: Arc::clone(&self.inner),
            connection: Weak::clone(&self.connection),
        }
    }

    /// Its receiving half.
    pub fn receiver(&self) -> RtpReceiver {
        RtpReceiver {
            inner: Arc::clone(&self.inner),
        }
    }

    /// Accepted, without effect: there is one codec.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub fn set_codec_preferences(&self, _codecs: Vec<RtpCodecCapability>) -> Result<(), RtcError> {
        Ok(())
    }

    /// Ends both halves; the next offer announces it.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub fn stop(&self) -> Result<(), RtcError> {
        self.inner.stop();
        Ok(())
    }
}

impl fmt::Debug for RtpTransceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpTransceiver")
            .field("mid", &self.mid())
            .field("direction", &self.direction())
            .finish()
    }
}
