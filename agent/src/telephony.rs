//! What only the LiveKit server can do for a call: disconnect the caller, transfer a phone call, call a colleague.

mod dialer;

use std::{sync::Arc, time::Duration};

use livekit_api::services::{
    ServerError, ServiceError,
    room::RoomClient,
    sip::{SIPClient, TransferSIPParticipantOptions},
};
use secrecy::ExposeSecret;
use tools::{BoxFuture, SipTransfer, ToolError, TransferTarget};

use crate::{session::Transfers, worker::ApiKeys};

pub use dialer::{LiveKitDialer, is_consultation};

/// A destination that does not answer in this time is not going to.
const RINGING: Duration = Duration::from_secs(30);

/// The server's interface for calls.
#[derive(Debug, Clone)]
pub struct Telephony {
    /// As the worker reaches it.
    url: String,
    keys: ApiKeys,
    rooms: Arc<RoomClient>,
    sip: Arc<SIPClient>,
}

/// The server's interface for one room.
#[derive(Debug, Clone)]
struct RoomTelephony {
    telephony: Telephony,
    room: String,
}

impl Telephony {
    /// The server at `url`, with the worker's own keys.
    pub fn new(url: &str, keys: &ApiKeys) -> Self {
        let (host, secret) = (http_url(url), keys.secret.expose_secret());
        Self {
            url: url.to_owned(),
            keys: keys.clone(),
            rooms: RoomClient::with_api_key(&host, &keys.key, secret).into(),
            sip: SIPClient::with_api_key(&host, &keys.key, secret).into(),
        }
    }

    /// Ends the caller's connection: deletes the room, which hangs up a phone.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn hang_up(&self, room: &str) -> Result<(), ServiceError> {
        self.rooms.delete_room(room).await
    }
}

impl Transfers for Telephony {
    fn in_room(&self, room: &str) -> Arc<dyn SipTransfer> {
        Arc::new(RoomTelephony {
            telephony: self.clone(),
            room: room.to_owned(),
        })
    }
}

impl SipTransfer for RoomTelephony {
    fn transfer<'a>(
        &'a self,
        participant: &'a str,
        to: &'a TransferTarget,
    ) -> BoxFuture<'a, Result<(), ToolError>> {
        let options = TransferSIPParticipantOptions {
            play_dialtone: Some(true),
            ringing_timeout: Some(RINGING),
            ..Default::default()
        };
        let (room, participant, to) = (self.room.clone(), participant.to_owned(), to.to_string());
        Box::pin(async move {
            let sip = &self.telephony.sip;
            let transferred = sip.transfer_sip_participant(room, participant, to, options);
            transferred.await.map_err(failure)
        })
    }
}

/// A request that left and was not answered may have been carried out.
fn failure(error: ServiceError) -> ToolError {
    let reason = error.to_string();
    match error {
        ServiceError::Twirp(ServerError::Request(cause)) if !cause.is_connect() => {
            ToolError::Unclear(reason)
        }
        _ => ToolError::Failed(reason),
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
