//! Joining a room and naming what happens to the connection.

use std::time::Duration;

use livekit::{
    E2eeOptions, Room, RoomEvent, RoomOptions,
    e2ee::{
        EncryptionType,
        key_provider::{KeyProvider, KeyProviderOptions},
    },
    webrtc::peer_connection_factory::IceTransportsType,
};
use livekit_api::access_token::{AccessToken, VideoGrants};
use tokio::sync::{mpsc::UnboundedReceiver, watch};

use super::Options;

/// Between two attempts to join, or to publish.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// Joins; on a network that spoils packets an attempt may fail, so it tries until `stopped`. `None` when it was
/// stopped first.
pub(super) async fn join(
    options: &Options,
    room: &str,
    stopped: &mut watch::Receiver<bool>,
) -> anyhow::Result<Option<(Room, UnboundedReceiver<RoomEvent>)>> {
    let token = token(options, room)?;
    loop {
        tokio::select! {
            joined = Room::connect(&options.url, &token, room_options(options)) => match joined {
                Ok(joined) => return Ok(Some(joined)),
                Err(error) => println!("{room}: not joined: {error}"),
            },
            () = until_stopped(stopped) => return Ok(None),
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn token(options: &Options, room: &str) -> anyhow::Result<String> {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        ..Default::default()
    };
    let token = AccessToken::with_api_key(&options.key, &options.secret);
    Ok(token
        .with_identity(&options.identity())
        .with_grants(grants)
        .with_ttl(Duration::from_secs(24 * 3_600))
        .to_jwt()?)
}

fn room_options(options: &Options) -> RoomOptions {
    let mut room = RoomOptions::default();
    if options.relay {
        room.rtc_config.ice_transport_type = IceTransportsType::Relay;
    }
    room.encryption = options.e2ee.as_ref().map(|passphrase| E2eeOptions {
        encryption_type: EncryptionType::Gcm,
        key_provider: KeyProvider::with_shared_key(
            KeyProviderOptions::default(),
            passphrase.clone().into_bytes(),
        ),
    });
    room
}

/// The name of an event that concerns the connection, as both peers write it down.
pub(super) fn connection_event(event: &RoomEvent) -> Option<String> {
    Some(match event {
        RoomEvent::Reconnecting => "reconnecting".to_owned(),
        RoomEvent::Reconnected => "reconnected".to_owned(),
        RoomEvent::Disconnected { reason } => format!("disconnected: {reason:?}"),
        RoomEvent::TrackSubscribed { participant, .. } => {
            format!("subscribed: {}", participant.identity())
        }
        RoomEvent::TrackUnsubscribed { participant, .. } => {
            format!("unsubscribed: {}", participant.identity())
        }
        RoomEvent::TrackSubscriptionFailed {
            participant, error, ..
        } => format!("subscription failed: {}: {error}", participant.identity()),
        RoomEvent::LocalTrackRepublished { .. } => "republished".to_owned(),
        RoomEvent::E2eeStateChanged { participant, state } => {
            format!("encryption: {}: {state:?}", participant.identity())
        }
        _ => return None,
    })
}

/// Until the run is over.
pub(super) async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to stop it: over as well.
    drop(stopped.wait_for(|stopped| *stopped).await);
}
