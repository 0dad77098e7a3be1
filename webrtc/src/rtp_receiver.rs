//! The receiving half of a transceiver.

use std::{fmt, sync::Arc};

use crate::{
    RtcError,
    engine::{driver, negotiation::transceiver::Transceiver},
    media_stream::MediaStream,
    media_stream_track::MediaStreamTrack,
    rtp_parameters::RtpParameters,
    stats::RtcStats,
};

/// What the peer sends on one section.
#[derive(Clone)]
pub struct RtpReceiver {
    pub(crate) inner: Arc<Transceiver>,
}

impl RtpReceiver {
    /// The remote track: the same object for the life of the section.
    pub fn track(&self) -> Option<MediaStreamTrack> {
        Some(self.inner.recv_track().into())
    }

    /// Ids of the remote streams; none while the peer does not send.
    pub fn stream_ids(&self) -> Vec<String> {
        self.inner.recv_stream_ids()
    }

    /// The remote streams; none while the peer does not send.
    pub fn streams(&self) -> Vec<MediaStream> {
        MediaStream::of(self.inner.recv_stream_ids())
    }

    /// Counters of this section.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub async fn get_stats(&self) -> Result<Vec<RtcStats>, RtcError> {
        Ok(self.inner.receiver_stats(driver::wall_clock()))
    }

    /// Empty: nothing of it can be changed here.
    pub fn parameters(&self) -> RtpParameters {
        RtpParameters::default()
    }
}

impl fmt::Debug for RtpReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpReceiver")
            .field("mid", &self.inner.mid())
            .finish()
    }
}
