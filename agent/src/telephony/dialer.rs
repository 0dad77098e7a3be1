//! A colleague's call in a room of its own: the room, the ringing, and that nothing is left of either.

use std::{sync::Arc, time::Duration};

use livekit_api::{
    access_token::VideoGrants,
    services::{
        ServerError, ServiceError, room::CreateRoomOptions, sip::CreateSIPParticipantOptions,
    },
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;
use tools::{BoxFuture, TransferTarget};
use uuid::Uuid;

use super::Telephony;
use crate::{
    consultation::{Dialer, Leg, LegSink, Unreached},
    line::Caller,
    metrics::Metrics,
    room::{JoinedRoom, RoomHandle},
};

/// How such a room's name begins. Workers are offered every new room, and must leave these alone.
const PREFIX: &str = "consultation-";
/// A room in which nobody stays is closed by the server by itself, should we be gone: seconds.
const EMPTY: u32 = 30;
const DEPARTED: u32 = 5;
/// The participant of a call that was answered is in the room, or comes at once.
const ARRIVAL: Duration = Duration::from_secs(5);
/// The server answers the request this much after the ringing ended at the latest.
const ANSWER: Duration = Duration::from_secs(5);
/// Attempts to close a room, and the pause between two.
const ATTEMPTS: u32 = 5;
const AGAIN: Duration = Duration::from_millis(500);

/// Whether a room of this name is one for a colleague: no caller waits in it.
#[must_use]
pub fn is_consultation(room: &str) -> bool {
    room.starts_with(PREFIX)
}

/// Calls colleagues by telephone, over an outbound trunk.
#[derive(Clone)]
pub struct LiveKitDialer {
    telephony: Telephony,
    trunk: String,
    metrics: Arc<Metrics>,
}

impl LiveKitDialer {
    /// Over this trunk of the server's.
    #[must_use]
    pub fn new(telephony: Telephony, trunk: String, metrics: Arc<Metrics>) -> Self {
        Self {
            telephony,
            trunk,
            metrics,
        }
    }

    async fn call(
        self,
        to: TransferTarget,
        ring: Duration,
        tasks: TaskTracker,
    ) -> Result<Leg, Unreached> {
        let name = format!("{PREFIX}{}", Uuid::new_v4().simple());
        let mut connection = Connection::new(self.telephony.clone(), name.clone(), tasks.clone());
        connection.open().await?;
        connection.ringing = Some(self.ring(&name, &to, ring, &tasks));
        let answered = timeout(ring + ANSWER, connection.answered()).await;
        answered.unwrap_or(Err(Unreached::NoAnswer))?;
        let (room, colleague) = connection.colleague().await.ok_or(Unreached::Failed)?;
        let (line, handle) = room.open(colleague, false, &self.metrics, &tasks);
        connection.joined = Some(Joined::Talking(handle));
        Ok(Leg {
            inputs: line.inputs,
            sink: LegSink::new(line.sink),
            connection: Box::new(connection),
        })
    }

    /// Asks the server to call. The request goes on whatever becomes of the attempt: who hung up before it was answered
    /// may be called all the same, and is then hung up on.
    fn ring(
        &self,
        room: &str,
        to: &TransferTarget,
        ring: Duration,
        tasks: &TaskTracker,
    ) -> JoinHandle<Result<(), ServiceError>> {
        let number = to.as_str().strip_prefix("tel:").unwrap_or(to.as_str());
        let options = CreateSIPParticipantOptions {
            participant_identity: "colleague".to_owned(),
            wait_until_answered: Some(true),
            ringing_timeout: Some(ring),
            // The caller's number is nobody's business.
            hide_phone_number: Some(true),
            timeout: Some(ring + ANSWER),
            ..Default::default()
        };
        let (sip, trunk) = (self.telephony.sip.clone(), self.trunk.clone());
        let (number, room) = (number.to_owned(), room.to_owned());
        tasks.spawn(async move {
            let called = sip.create_sip_participant(trunk, number, room, options, None);
            called.await.map(drop)
        })
    }
}

impl Dialer for LiveKitDialer {
    fn dial(
        &self,
        to: TransferTarget,
        ring: Duration,
        tasks: TaskTracker,
    ) -> BoxFuture<'static, Result<Leg, Unreached>> {
        Box::pin(self.clone().call(to, ring, tasks))
    }
}

/// A room with its call, which both end when this is dropped.
struct Connection {
    telephony: Telephony,
    name: String,
    joined: Option<Joined>,
    ringing: Option<JoinHandle<Result<(), ServiceError>>>,
    tasks: TaskTracker,
}

/// Our own place in it.
enum Joined {
    Waiting(JoinedRoom),
    Talking(RoomHandle),
}

impl Connection {
    fn new(telephony: Telephony, name: String, tasks: TaskTracker) -> Self {
        Self {
            telephony,
            name,
            joined: None,
            ringing: None,
            tasks,
        }
    }

    /// Makes the room and joins it.
    async fn open(&mut self) -> Result<(), Unreached> {
        let options = CreateRoomOptions {
            empty_timeout: EMPTY,
            departure_timeout: DEPARTED,
            ..Default::default()
        };
        let rooms = &self.telephony.rooms;
        let made = rooms.create_room(&self.name, options).await;
        made.map_err(|error| failed("a room for a colleague could not be made", &error))?;
        let token = self.telephony.token(&self.name);
        let token = token.map_err(|error| failed("a token could not be made", &error))?;
        let joined = JoinedRoom::join(&self.telephony.url, &token).await;
        let joined =
            joined.map_err(|error| failed("a colleague's room could not be joined", &error))?;
        self.joined = Some(Joined::Waiting(joined));
        Ok(())
    }

    /// Whoever answered is in the room: they, and the room to talk with them in.
    async fn colleague(&mut self) -> Option<(JoinedRoom, Caller)> {
        let Some(Joined::Waiting(room)) = &mut self.joined else {
            return None;
        };
        let colleague = room.caller(ARRIVAL).await?;
        match self.joined.take() {
            // Who answered hears us.
            Some(Joined::Waiting(room)) => Some((
                room,
                Caller {
                    can_hear: true,
                    ..colleague
                },
            )),
            other => {
                self.joined = other;
                None
            }
        }
    }

    /// Waits for what the server says of the ringing.
    async fn answered(&mut self) -> Result<(), Unreached> {
        let Some(ringing) = &mut self.ringing else {
            return Err(Unreached::Failed);
        };
        let said = ringing.await;
        self.ringing = None;
        match said {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unreached(&error)),
            Err(_broke_off) => Err(Unreached::Failed),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (telephony, name) = (self.telephony.clone(), std::mem::take(&mut self.name));
        let (joined, ringing) = (self.joined.take(), self.ringing.take());
        self.tasks.spawn(async move {
            // Both at once: our own place is free however long the server takes to close the room.
            let leave = async {
                match joined {
                    Some(Joined::Waiting(room)) => room.leave().await,
                    Some(Joined::Talking(handle)) => handle.leave().await,
                    None => {}
                }
            };
            tokio::join!(telephony.close(&name), leave);
            // A call that was on its way makes the room anew, and rings in it. Only what was refused did not.
            if let Some(ringing) = ringing {
                let said = ringing.await;
                let is_refused =
                    matches!(said, Ok(Err(ServiceError::Twirp(ServerError::Twirp(_)))));
                if !is_refused {
                    telephony.close(&name).await;
                }
            }
        });
    }
}

impl Telephony {
    /// A token for our own place in a colleague's room.
    fn token(&self, room: &str) -> Result<String, livekit_api::access_token::AccessTokenError> {
        let grants = VideoGrants {
            room_join: true,
            room: room.to_owned(),
            agent: true,
            can_publish: Some(true),
            can_subscribe: Some(true),
            can_publish_data: Some(true),
            can_update_own_metadata: Some(true),
            ..Default::default()
        };
        let identity = format!("agent-{}", Uuid::new_v4().simple());
        let token = self.keys.token().with_identity(&identity);
        token.with_kind("agent").with_grants(grants).to_jwt()
    }

    /// Deletes a room, which hangs up every phone in it. One that is not there is closed.
    async fn close(&self, room: &str) {
        for _ in 0..ATTEMPTS {
            match self.rooms.delete_room(room).await {
                Ok(_) => return,
                Err(ServiceError::Twirp(ServerError::Twirp(error)))
                    if error.code == "not_found" =>
                {
                    return;
                }
                Err(error) => tracing::warn!(%error, "a colleague's room could not be closed"),
            }
            sleep(AGAIN).await;
        }
    }
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Unreached {
    tracing::error!(%error, "{what}");
    Unreached::Failed
}

/// What the server says of a call that was not answered: SIP's own codes, where it tells them.
fn unreached(error: &ServiceError) -> Unreached {
    let ServiceError::Twirp(ServerError::Twirp(said)) = error else {
        return failed("a colleague could not be called", error);
    };
    let status = said.meta.get("sip_status_code").map(String::as_str);
    match status {
        Some("486" | "600") => Unreached::Busy,
        Some("408" | "480" | "487") => Unreached::NoAnswer,
        Some("603" | "607" | "608") => Unreached::Declined,
        None if said.code == "deadline_exceeded" => Unreached::NoAnswer,
        _ => failed("a colleague could not be called", error),
    }
}

#[cfg(test)]
mod tests {
    use livekit_api::services::ServerErrorCode;

    use super::*;

    #[test]
    fn why_nobody_answered_is_read_from_the_status_of_sip() {
        let said = |code: &str, status: Option<&str>| {
            let meta = status.map(|status| ("sip_status_code".to_owned(), status.to_owned()));
            let error = ServerErrorCode {
                code: code.to_owned(),
                msg: "the server's words".to_owned(),
                meta: meta.into_iter().collect(),
            };
            unreached(&ServiceError::Twirp(ServerError::Twirp(error)))
        };
        assert_eq!(said("unavailable", Some("486")), Unreached::Busy);
        assert_eq!(said("unavailable", Some("480")), Unreached::NoAnswer);
        assert_eq!(said("canceled", Some("487")), Unreached::NoAnswer);
        assert_eq!(said("permission_denied", Some("603")), Unreached::Declined);
        assert_eq!(said("deadline_exceeded", None), Unreached::NoAnswer);
        assert_eq!(said("unavailable", Some("503")), Unreached::Failed);
        assert_eq!(said("not_found", None), Unreached::Failed);
    }

    #[test]
    fn a_room_of_ours_is_known_by_its_name() {
        assert!(is_consultation("consultation-2f1b"));
        assert!(!is_consultation("call-2f1b"));
    }
}
