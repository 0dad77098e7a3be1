//! RPC from the caller's page to the agent. Only the caller is answered.

use livekit::{
    Room,
    prelude::{RpcError, RpcErrorCode},
};
use tokio::sync::{mpsc, oneshot};

/// A page asks one thing at a time; sixteen waiting calls are an attack, and are refused.
const QUEUE: usize = 16;

/// What a page may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcMethod {
    /// `teller.session`: the one-time token of the summary, what the agent can do.
    Session,
    /// `teller.authenticate`: user name and number; sends a code.
    Authenticate,
    /// `teller.verify`: the code.
    Verify,
    /// `teller.hangup`: ends the call.
    HangUp,
}

impl RpcMethod {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Session, "teller.session"),
        (Self::Authenticate, "teller.authenticate"),
        (Self::Verify, "teller.verify"),
        (Self::HangUp, "teller.hangup"),
    ];
}

/// One question of the page, with the way to answer it.
#[derive(Debug)]
pub struct RpcCall {
    /// What is asked.
    pub method: RpcMethod,
    /// JSON.
    pub payload: String,
    /// Takes the JSON answer; dropped, the page is told that the call ended.
    pub answer: oneshot::Sender<serde_json::Value>,
}

pub(super) fn register(room: &Room, caller: &str) -> mpsc::Receiver<RpcCall> {
    let (calls, receiver) = mpsc::channel(QUEUE);
    for (method, name) in RpcMethod::ALL {
        let (calls, caller) = (calls.clone(), caller.to_owned());
        room.local_participant()
            .register_rpc_method(name.to_owned(), move |data| {
                let (calls, allowed) = (calls.clone(), data.caller_identity.as_str() == caller);
                Box::pin(async move {
                    if !allowed {
                        return Err(RpcError::new(
                            1403,
                            "only the caller may ask this".into(),
                            None,
                        ));
                    }
                    let (answer, answered) = oneshot::channel();
                    let call = RpcCall {
                        method,
                        payload: data.payload,
                        answer,
                    };
                    calls
                        .try_send(call)
                        .map_err(|_| RpcError::built_in(RpcErrorCode::ApplicationError, None))?;
                    let value = answered
                        .await
                        .map_err(|_| RpcError::new(1410, "the call ended".into(), None))?;
                    Ok(value.to_string())
                })
            });
    }
    receiver
}
