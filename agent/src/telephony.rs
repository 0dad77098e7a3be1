//! What only the LiveKit server can do for a call: disconnect the caller, transfer a phone call.

use std::time::Duration;

use livekit_api::services::{
    ServiceError,
    room::RoomClient,
    sip::{SIPClient, TransferSIPParticipantOptions},
};
use secrecy::ExposeSecret;

use crate::{config::LiveKitConfig, reply::Channel, room::Caller};

/// A destination that does not answer in this time is not going to.
const RINGING: Duration = Duration::from_secs(30);

/// The server's interface for calls.
#[derive(Debug, Clone)]
pub struct Telephony {
    rooms: std::sync::Arc<RoomClient>,
    sip: std::sync::Arc<SIPClient>,
    transfer_to: Option<String>,
}

impl Telephony {
    /// Uses the worker's own keys. `transfer_to` is `tel:+…` or `sip:…`.
    pub fn new(livekit: &LiveKitConfig, transfer_to: Option<String>) -> Self {
        let host = http_url(&livekit.url);
        let secret = livekit.api_secret.expose_secret();
        Self {
            rooms: RoomClient::with_api_key(&host, &livekit.api_key, secret).into(),
            sip: SIPClient::with_api_key(&host, &livekit.api_key, secret).into(),
            transfer_to,
        }
    }

    /// Whether this caller could be transferred at all.
    pub fn can_transfer(&self, caller: &Caller) -> bool {
        self.transfer_to.is_some() && caller.channel == Channel::Phone
    }

    /// Ends the caller's connection: deletes the room, which hangs up a phone.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn hang_up(&self, room: &str) -> Result<(), ServiceError> {
        self.rooms.delete_room(room).await
    }

    /// Transfers a phone call; returns when the destination answered.
    ///
    /// # Errors
    /// When no destination is configured, or the carrier refuses.
    pub async fn transfer(&self, room: &str, caller: &Caller) -> anyhow::Result<()> {
        let Some(to) = self.transfer_to.clone() else {
            anyhow::bail!("no transfer destination is configured")
        };
        let options = TransferSIPParticipantOptions {
            play_dialtone: Some(true),
            ringing_timeout: Some(RINGING),
            ..Default::default()
        };
        Ok(self
            .sip
            .transfer_sip_participant(room.to_owned(), caller.identity.clone(), to, options)
            .await?)
    }
}

/// The API speaks HTTP where the worker speaks WebSocket, at the same address.
fn http_url(url: &str) -> String {
    match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url.to_owned(),
    }
}
