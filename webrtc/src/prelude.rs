//! What most users of this crate import.

pub use crate::{
    MediaType, RtcError, RtcErrorType,
    audio_frame::*,
    audio_source::{AudioSourceOptions, RtcAudioSource},
    audio_track::*,
    data_channel::{DataBuffer, DataChannel, DataChannelError, DataChannelInit, DataChannelState},
    ice_candidate::*,
    media_stream::*,
    media_stream_track::MediaStreamTrack,
    peer_connection::{
        AnswerOptions, IceGatheringState, OfferOptions, PeerConnection, PeerConnectionState,
        SignalingState,
    },
    peer_connection_factory::{
        ContinualGatheringPolicy, IceServer, IceTransportsType, PeerConnectionFactory,
        RtcConfiguration,
    },
    rtp_parameters::*,
    rtp_receiver::*,
    rtp_sender::{RtpSender, VideoEncoderBackend},
    rtp_transceiver::*,
    session_description::{SdpType, SessionDescription},
    video_frame::{BoxVideoFrame, I420Buffer, VideoBuffer, VideoFrame, VideoRotation},
    video_source::{RtcVideoSource, VideoResolution},
    video_track::*,
};
