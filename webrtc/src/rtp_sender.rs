//! The sending half of a transceiver.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use crate::{
    RtcError,
    engine::{
        driver::{self, Connection},
        negotiation::transceiver::Transceiver,
    },
    media_stream_track::MediaStreamTrack,
    native::unsupported,
    rtp_parameters::RtpParameters,
    stats::RtcStats,
};

/// A kind of video encoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "names of encoders, none of which is compiled in"
)]
pub enum VideoEncoderBackend {
    #[default]
    Auto,
    Software,
    Hardware,
}

/// What we send on one section.
#[derive(Clone)]
pub struct RtpSender {
    pub(crate) inner: Arc<Transceiver>,
    /// What its packets go through, as long as the application holds it.
    pub(crate) connection: Weak<Connection>,
}

impl RtpSender {
    /// The local track.
    pub fn track(&self) -> Option<MediaStreamTrack> {
        self.inner.send_track().map(MediaStreamTrack::from)
    }

    /// Counters of this section.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub async fn get_stats(&self) -> Result<Vec<RtcStats>, RtcError> {
        Ok(self.inner.sender_stats())
    }

    /// Replaces the track without a new offer.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub fn set_track(&self, track: Option<MediaStreamTrack>) -> Result<(), RtcError> {
        driver::set_send_track(&self.connection, &self.inner, track.map(Into::into));
        Ok(())
    }

    /// How it sends.
    pub fn parameters(&self) -> RtpParameters {
        self.inner.send_parameters()
    }

    /// Changes how it sends; the bit rate of the first encoding is applied at once.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub fn set_parameters(&self, parameters: RtpParameters) -> Result<(), RtcError> {
        self.inner.set_send_parameters(parameters);
        Ok(())
    }

    /// Unsupported: there is no video encoder to choose.
    pub fn set_video_encoder_backend(&self, backend: VideoEncoderBackend) {
        if backend != VideoEncoderBackend::Auto {
            unsupported("RtpSender::set_video_encoder_backend");
        }
    }
}

impl fmt::Debug for RtpSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpSender")
            .field("mid", &self.inner.mid())
            .finish()
    }
}
