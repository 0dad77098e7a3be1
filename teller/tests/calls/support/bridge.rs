//! What stands in for the bridge to the telephone network: the server's own requests for calls are held up here, and the
//! test says what comes of them. Everything else passes.
//!
//! A colleague who answers is `teller call --sip` in the room that the request names, as the bridge puts them there.

use std::collections::HashMap;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};

/// The request of a call.
const CALL: &[u8] = b"POST /twirp/livekit.SIP/CreateSIPParticipant ";
/// A room for a colleague: this, and 32 digits behind it.
const ROOM: &[u8] = b"consultation-";
/// Rings that nobody looked at.
const RINGS: usize = 8;

/// A proxy before a LiveKit server.
pub(crate) struct Bridge {
    pub(crate) url: String,
    rings: mpsc::Receiver<Ring>,
}

/// A phone that rings.
pub(crate) struct Ring {
    /// The room that whoever answers is put into.
    pub(crate) room: String,
    /// The request, as it came.
    request: Vec<u8>,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Bridge {
    /// A bridge of the server at this address, `ws://127.0.0.1:…`.
    pub(crate) async fn of(server: &str) -> Self {
        let server = server.trim_start_matches("ws://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (ringing, rings) = mpsc::channel(RINGS);
        tokio::task::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::task::spawn(serve(client, server.clone(), ringing.clone()));
            }
        });
        Self { url, rings }
    }

    /// The next call that is asked for.
    pub(crate) async fn ring(&mut self) -> Ring {
        self.rings.recv().await.expect("the bridge is open")
    }

    /// Whether nothing rings that nobody looked at.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.rings.try_recv().is_err()
    }
}

impl Ring {
    /// Whether the request holds this text.
    pub(crate) fn names(&self, text: &str) -> bool {
        let mut places = self.request.windows(text.len());
        places.any(|place| place == text.as_bytes())
    }

    /// Somebody has answered, and is in the room.
    pub(crate) fn answered(self) {
        let empty = b"HTTP/1.1 200 OK\r\ncontent-type: application/protobuf\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        // Who hung up waits for no answer.
        drop(self.answer.send(empty.to_vec()));
    }

    /// Nobody has, and SIP says why.
    pub(crate) fn failed(self, status: &str) {
        let meta = HashMap::from([("sip_status_code", status), ("sip_status", "as said")]);
        let told = serde_json::json!({ "code": "unavailable", "msg": "the call was not answered", "meta": meta });
        let told = told.to_string();
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{told}",
            told.len()
        );
        drop(self.answer.send(answer.into_bytes()));
    }
}

async fn serve(mut client: TcpStream, server: String, ringing: mpsc::Sender<Ring>) {
    let mut request = vec![0; CALL.len()];
    if client.read_exact(&mut request).await.is_err() {
        return;
    }
    if request != CALL {
        let Ok(mut server) = TcpStream::connect(server).await else {
            return;
        };
        if server.write_all(&request).await.is_ok() {
            // One side closed.
            drop(copy_bidirectional(&mut client, &mut server).await);
        }
        return;
    }
    let mut piece = [0; 4_096];
    let room = loop {
        if let Some(room) = room_of(&request) {
            break room;
        }
        match client.read(&mut piece).await {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return,
        }
    };
    let (answer, answered) = oneshot::channel();
    let ring = Ring {
        room,
        request,
        answer,
    };
    if ringing.send(ring).await.is_ok()
        && let Ok(answer) = answered.await
    {
        drop(client.write_all(&answer).await);
    }
}

fn room_of(request: &[u8]) -> Option<String> {
    let at = request
        .windows(ROOM.len())
        .position(|place| place == ROOM)?;
    let room = request.get(at..at + ROOM.len() + 32)?;
    String::from_utf8(room.to_vec()).ok()
}
