//! Tracks of native sources, and the audio devices there are not.

use super::PeerConnectionFactory;
use crate::{
    audio_source::native::NativeAudioSource,
    audio_track::RtcAudioTrack,
    engine::track::{AudioOrigin, AudioTrack},
    native::unsupported,
    video_source::native::NativeVideoSource,
    video_track::RtcVideoTrack,
};

/// Declares the device methods: each says that there is no device and returns "none".
macro_rules! peer_connection_factory_ext {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty = $none:expr)?;)*) => {
        /// Tracks are real. There are no audio devices: every method about them returns "none",
        /// and those that would change something log a warning.
        pub trait PeerConnectionFactoryExt {
            /// A track for negotiation alone: this engine sends no video.
            fn create_video_track(&self, label: &str, source: NativeVideoSource) -> RtcVideoTrack;
            /// A track fed by a source.
            fn create_audio_track(&self, label: &str, source: NativeAudioSource) -> RtcAudioTrack;
            /// Unsupported: a track that stays silent.
            fn create_device_audio_track(&self, label: &str) -> RtcAudioTrack;
            $($(#[$doc])* fn $name(&self $(, $argument: $kind)*) $(-> $result)?;)*
        }

        impl PeerConnectionFactoryExt for PeerConnectionFactory {
            fn create_video_track(&self, label: &str, _source: NativeVideoSource) -> RtcVideoTrack {
                unsupported("PeerConnectionFactory::create_video_track");
                RtcVideoTrack::new(label.to_owned())
            }

            fn create_audio_track(&self, label: &str, source: NativeAudioSource) -> RtcAudioTrack {
                audio_track(label, AudioOrigin::Local(source.inner))
            }

            fn create_device_audio_track(&self, label: &str) -> RtcAudioTrack {
                unsupported("PeerConnectionFactory::create_device_audio_track");
                audio_track(label, AudioOrigin::Device)
            }

            $(fn $name(&self $(, $argument: $kind)*) $(-> $result)? {
                no_device(stringify!($name));
                $(let _: $kind = $argument;)*
                $($none)?
            })*
        }
    };
}

fn audio_track(label: &str, origin: AudioOrigin) -> RtcAudioTrack {
    RtcAudioTrack {
        inner: AudioTrack::new(label.to_owned(), origin),
    }
}

/// Questions are asked routinely and answered "none"; changes deserve a warning. (Stopping and
/// releasing what never started changes nothing.)
fn no_device(method: &str) {
    let changes = ["set_", "init_", "start_", "enable_", "acquire_"];
    if changes.iter().any(|prefix| method.starts_with(prefix)) {
        unsupported(&format!("PeerConnectionFactory::{method}"));
    }
}

peer_connection_factory_ext! {
    /// None.
    fn playout_devices() -> i16 = 0;
    /// None.
    fn recording_devices() -> i16 = 0;
    /// Empty.
    fn playout_device_name(index: u16) -> String = String::new();
    /// Empty.
    fn recording_device_name(index: u16) -> String = String::new();
    /// Empty.
    fn playout_device_guid(index: u16) -> String = String::new();
    /// Empty.
    fn recording_device_guid(index: u16) -> String = String::new();
    /// Refused.
    fn set_playout_device(index: u16) -> bool = false;
    /// Refused.
    fn set_recording_device(index: u16) -> bool = false;
    /// Refused.
    fn set_playout_device_by_guid(guid: &str) -> bool = false;
    /// Refused.
    fn set_recording_device_by_guid(guid: &str) -> bool = false;
    /// Refused.
    fn stop_recording() -> bool = false;
    /// Refused.
    fn init_recording() -> bool = false;
    /// Refused.
    fn start_recording() -> bool = false;
    /// Never.
    fn recording_is_initialized() -> bool = false;
    /// Refused.
    fn stop_playout() -> bool = false;
    /// Refused.
    fn init_playout() -> bool = false;
    /// Refused.
    fn start_playout() -> bool = false;
    /// Never.
    fn playout_is_initialized() -> bool = false;
    /// Never.
    fn builtin_aec_is_available() -> bool = false;
    /// Never.
    fn builtin_agc_is_available() -> bool = false;
    /// Never.
    fn builtin_ns_is_available() -> bool = false;
    /// Refused.
    fn enable_builtin_aec(on: bool) -> bool = false;
    /// Refused.
    fn enable_builtin_agc(on: bool) -> bool = false;
    /// Refused.
    fn enable_builtin_ns(on: bool) -> bool = false;
    /// Ignored.
    fn set_adm_recording_enabled(on: bool);
    /// Never.
    fn adm_recording_enabled() -> bool = false;
    /// Ignored.
    fn set_adm_playout_enabled(on: bool);
    /// Never.
    fn adm_playout_enabled() -> bool = false;
    /// Refused.
    fn acquire_platform_adm() -> bool = false;
    /// Nothing to release.
    fn release_platform_adm();
    /// None.
    fn platform_adm_ref_count() -> i32 = 0;
    /// Never.
    fn is_platform_adm_active() -> bool = false;
}
