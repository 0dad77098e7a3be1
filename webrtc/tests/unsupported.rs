//! What this engine leaves out warns at the call: the list, and that none of it panics.

use std::{
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use libwebrtc::{
    native::packet_trailer::PacketTrailerHandler,
    peer_connection_factory::native::PeerConnectionFactoryExt, prelude::*,
    video_source::native::NativeVideoSource, video_stream::native::NativeVideoStream,
};
use tokio_stream::Stream;

/// Warnings since the start.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// All calls that do nothing because there is no video and no device.
const CALLS: [&str; 27] = [
    "NativeVideoSource::new",
    "NativeVideoSource::capture_frame",
    "NativeVideoSource::set_packet_trailer_handler",
    "create_video_track",
    "RtcVideoTrack::set_packet_trailer_handler",
    "NativeVideoStream::new",
    "PacketTrailerHandler::set_enabled",
    "store_frame_metadata",
    "set_publish_timing_observer",
    "set_subscribe_timing_observer",
    "set_video_encoder_backend",
    "create_device_audio_track",
    "RtcAudioSource::Device.set_audio_options",
    "set_playout_device",
    "set_recording_device",
    "set_playout_device_by_guid",
    "set_recording_device_by_guid",
    "init_recording",
    "start_recording",
    "init_playout",
    "start_playout",
    "enable_builtin_aec",
    "enable_builtin_agc",
    "enable_builtin_ns",
    "acquire_platform_adm",
    "set_adm_recording_enabled",
    "set_adm_playout_enabled",
];

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = record.args().to_string();
            WARNINGS.lock().expect("no thread panicked").push(text);
        }
    }

    fn flush(&self) {}
}

#[test]
fn every_call_for_video_or_devices_says_that_it_is_unsupported() {
    log::set_logger(&Listener).expect("the only logger");
    log::set_max_level(log::LevelFilter::Warn);
    let factory = PeerConnectionFactory::default();

    let source = NativeVideoSource::new(VideoResolution::default(), false);
    let buffer = I420Buffer::new(2, 2);
    let frame = VideoFrame::new(VideoRotation::VideoRotation0, buffer);
    assert!(!source.capture_frame(&frame));
    source.set_packet_trailer_handler(PacketTrailerHandler::default());
    let track = factory.create_video_track("v", source);
    track.set_packet_trailer_handler(PacketTrailerHandler::default());
    let mut stream = NativeVideoStream::new(track.clone());
    let first = std::pin::Pin::new(&mut stream).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(
        matches!(first, Poll::Ready(None)),
        "a stream without video did not end"
    );
    let trailer = PacketTrailerHandler::default();
    trailer.set_enabled(true);
    trailer.store_frame_metadata(0, 0, 0, &[]);
    trailer.set_publish_timing_observer(None);
    trailer.set_subscribe_timing_observer(None);
    let connection = factory
        .create_peer_connection(RtcConfiguration::default())
        .expect("a connection");
    let sender = connection
        .add_track(track.into(), &["s"])
        .expect("video is negotiated");
    sender.set_video_encoder_backend(VideoEncoderBackend::Software);

    factory.create_device_audio_track("d");
    RtcAudioSource::Device.set_audio_options(AudioSourceOptions::default());
    assert!(!factory.set_playout_device(0) && !factory.set_recording_device(0));
    assert!(!factory.set_playout_device_by_guid("x") && !factory.set_recording_device_by_guid("x"));
    assert!(!factory.init_recording() && !factory.start_recording());
    assert!(!factory.init_playout() && !factory.start_playout());
    assert!(!factory.enable_builtin_aec(true) && !factory.enable_builtin_agc(true));
    assert!(!factory.enable_builtin_ns(true) && !factory.acquire_platform_adm());
    factory.set_adm_recording_enabled(true);
    factory.set_adm_playout_enabled(true);

    let said = WARNINGS.lock().expect("no thread panicked").join("\n");
    for call in CALLS {
        assert!(
            said.lines()
                .any(|line| line.contains(&format!("{call} is unsupported"))),
            "{call} did not say that it is unsupported; said was\n{said}"
        );
    }
}
