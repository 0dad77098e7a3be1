//! RPC from the caller's page to the agent. Only the caller is answered.

use livekit::{
    Room,
    prelude::{RpcError, RpcErrorCode},
};
use tokio::sync::{mpsc, oneshot};

use crate::line::{RpcCall, RpcMethod};

/// A page asks one thing at a time; sixteen waiting calls are an attack, and are refused.
const QUEUE: usize = 16;

const METHODS: [(RpcMethod, &str); 4] = [
    (RpcMethod::Session, "teller.session"),
    (RpcMethod::Authenticate, "teller.authenticate"),
    (RpcMethod::Verify, "teller.verify"),
    (RpcMethod::HangUp, "teller.hangup"),
];

pub(super) fn register(room: &Room, caller: &str) -> mpsc::Receiver<RpcCall> {
    let (calls, receiver) = mpsc::channel(QUEUE);
    for (method, name) in METHODS {
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
