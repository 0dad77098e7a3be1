//! The WebSocket to the LiveKit server: one binary protobuf a frame,
//! reconnecting for ever.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use livekit_protocol::{ServerMessage, WorkerMessage, server_message, worker_message};
use prost::Message as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::WorkerError;
use super::token::ApiKeys;

/// A connection attempt is given up after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A frame that cannot be written in this time means a dead connection.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The server's own limit for one signalling message.
const MESSAGE_BYTES: usize = 2 << 20;
/// The first and the longest wait between two attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A connection that held this long starts the waits from the beginning.
const STABLE_AFTER: Duration = Duration::from_secs(10);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Attempt = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

/// What the socket reports.
#[derive(Debug)]
pub(super) enum SocketEvent {
    Opened,
    Message(Box<server_message::Message>),
    Pong,
    /// The connection is gone; another attempt follows by itself.
    Closed {
        why: String,
    },
}

/// Makes rustls usable whichever crates brought a crypto provider: without an
/// installed one, two providers in a process panic at the first `wss://`.
/// Harmless when called again.
pub fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        if installed.is_err() {
            tracing::debug!("another thread installed the crypto provider first");
        }
    }
}

/// Where the agent socket is and how to open it.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    url: String,
    keys: ApiKeys,
}

impl Endpoint {
    /// `server` is the LiveKit URL: `ws(s)://` or `http(s)://`, host, optional prefix.
    ///
    /// # Errors
    /// When it is not such a URL.
    pub(super) fn new(server: &str, keys: ApiKeys) -> Result<Self, WorkerError> {
        let url = agent_url(server)?;
        keys.worker_token()?;
        Ok(Self { url, keys })
    }

    async fn connect(self) -> Result<Stream, ConnectError> {
        let mut request = self.url.as_str().into_client_request()?;
        let token = self.keys.worker_token().map_err(|_| ConnectError::Keys)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .expect("a JWT holds header characters only");
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES));
        // Offers are small and urgent: no Nagle.
        let no_delay = true;
        let opening = tokio_tungstenite::connect_async_with_config(request, Some(config), no_delay);
        match timeout(CONNECT_TIMEOUT, opening).await {
            Err(_) => Err(ConnectError::Slow),
            Ok(Err(tungstenite::Error::Http(answer))) if answer.status() == 401 => {
                Err(ConnectError::Keys)
            }
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok((stream, _))) => Ok(stream),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("the server refused LIVEKIT_API_KEY and LIVEKIT_API_SECRET")]
    Keys,
    #[error("no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Slow,
    #[error(transparent)]
    WebSocket(#[from] tungstenite::Error),
}

enum State {
    Waiting { until: Instant },
    Connecting(Attempt),
    Open { stream: Box<Stream>, since: Instant },
}

/// A socket that is open or on its way to be.
pub(super) struct Socket {
    endpoint: Endpoint,
    state: State,
    attempts: u32,
}

impl Socket {
    /// Connects at the first [`Socket::next`].
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let state = State::Connecting(Box::pin(endpoint.clone().connect()));
        Self {
            endpoint,
            state,
            attempts: 0,
        }
    }

    /// The next event. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> SocketEvent {
        loop {
            match &mut self.state {
                State::Waiting { until } => {
                    sleep_until(*until).await;
                    let attempt = Box::pin(self.endpoint.clone().connect());
                    self.state = State::Connecting(attempt);
                }
                State::Connecting(attempt) => match attempt.await {
                    Ok(stream) => {
                        let since = Instant::now();
                        let stream = Box::new(stream);
                        self.state = State::Open { stream, since };
                        return SocketEvent::Opened;
                    }
                    Err(error) => return self.closed(error.to_string()),
                },
                State::Open { stream, .. } => {
                    let event = read(stream).await;
                    match event {
                        Ok(Some(event)) => return event,
                        Ok(None) => {}
                        Err(why) => return self.closed(why),
                    }
                }
            }
        }
    }

    /// Writes a message; `false` when it could not be and the socket is closed.
    pub(super) async fn send(&mut self, message: worker_message::Message) -> bool {
        let message = Some(message);
        let bytes = WorkerMessage { message }.encode_to_vec();
        self.write(Message::Binary(bytes.into())).await
    }

    /// Writes a WebSocket ping; `false` as for [`Socket::send`].
    pub(super) async fn ping(&mut self) -> bool {
        self.write(Message::Ping(Vec::new().into())).await
    }

    /// Drops the connection; the next one is opened after a short wait.
    pub(super) fn reconnect(&mut self, why: &str) -> SocketEvent {
        self.closed(why.to_owned())
    }

    /// Says goodbye to the server, which then forgets this worker at once.
    pub(super) async fn close(self) {
        if let State::Open { stream, .. } = self.state {
            let mut stream = *stream;
            let goodbye = async {
                stream.close(None).await?;
                while stream.next().await.transpose()?.is_some() {}
                Ok::<_, tungstenite::Error>(())
            };
            if !matches!(timeout(CLOSE_TIMEOUT, goodbye).await, Ok(Ok(()))) {
                tracing::debug!("the server did not confirm the closing of the agent socket");
            }
        }
    }

    async fn write(&mut self, message: Message) -> bool {
        let State::Open { stream, .. } = &mut self.state else {
            return false;
        };
        matches!(
            timeout(WRITE_TIMEOUT, stream.send(message)).await,
            Ok(Ok(()))
        )
    }

    fn closed(&mut self, why: String) -> SocketEvent {
        let now = Instant::now();
        if let State::Open { since, .. } = self.state
            && now.duration_since(since) >= STABLE_AFTER
        {
            self.attempts = 0;
        }
        let until = now + backoff(self.attempts, rand::random());
        self.attempts = self.attempts.saturating_add(1);
        self.state = State::Waiting { until };
        SocketEvent::Closed { why }
    }
}

/// `Ok(None)` for frames that mean nothing here.
async fn read(stream: &mut Stream) -> Result<Option<SocketEvent>, String> {
    match stream.next().await {
        None | Some(Ok(Message::Close(_))) => Err("the server closed the connection".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(Message::Pong(_))) => Ok(Some(SocketEvent::Pong)),
        Some(Ok(Message::Binary(bytes))) => match ServerMessage::decode(bytes) {
            Ok(ServerMessage { message }) => {
                Ok(message.map(|message| SocketEvent::Message(Box::new(message))))
            }
            Err(error) => Err(format!("the server sent what is no message: {error}")),
        },
        Some(Ok(Message::Ping(_) | Message::Text(_) | Message::Frame(_))) => Ok(None),
    }
}

/// The wait before attempt `attempts + 1`; `random` in 0..1 spreads workers
/// that lost their server in the same instant.
fn backoff(attempts: u32, random: f64) -> Duration {
    let (first, longest) = BACKOFF;
    let full = first.saturating_mul(1 << attempts.min(10)).min(longest);
    full.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0).max(first)
}

fn agent_url(server: &str) -> Result<String, WorkerError> {
    let invalid = || WorkerError::Url(server.to_owned());
    let uri: Uri = server.trim().parse().map_err(|_| invalid())?;
    let scheme = match uri.scheme_str() {
        Some("ws" | "http") => "ws",
        Some("wss" | "https") => "wss",
        _ => return Err(invalid()),
    };
    let host = uri.authority().ok_or_else(invalid)?;
    let prefix = uri.path().trim_end_matches('/');
    Ok(format!("{scheme}://{host}{prefix}/agent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_socket_is_below_the_servers_prefix() {
        for (server, expected) in [
            ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880/agent"),
            ("http://host:1/", "ws://host:1/agent"),
            ("wss://lk.example.org/", "wss://lk.example.org/agent"),
            (
                "https://example.org/livekit/",
                "wss://example.org/livekit/agent",
            ),
        ] {
            let url = agent_url(server).expect(server);
            assert_eq!(url, expected, "for {server}");
        }
    }

    #[test]
    fn what_is_no_server_url_is_refused_with_its_text() {
        for server in ["", "localhost:7880", "ftp://host", "ws://", "ws:// host"] {
            let error = agent_url(server).expect_err(server);
            assert!(
                error.to_string().contains(&format!("`{server}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn waits_grow_from_a_fifth_of_a_second_to_ten_and_are_spread() {
        assert_eq!(backoff(0, 0.0), Duration::from_millis(200));
        assert_eq!(backoff(0, 1.0), Duration::from_millis(200));
        assert_eq!(backoff(3, 0.0), Duration::from_millis(800));
        assert_eq!(backoff(3, 1.0), Duration::from_millis(1_600));
        assert_eq!(backoff(u32::MAX, 1.0), Duration::from_secs(10));
        assert_eq!(backoff(u32::MAX, 0.0), Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_server_without_tls_behind_wss_is_an_error_and_no_panic() {
        install_crypto_provider();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let answer = async move {
            use tokio::io::AsyncWriteExt as _;
            let (mut peer, _) = listener.accept().await.expect("the worker connects");
            peer.write_all(b"no TLS here").await.expect("written");
        };
        let keys = ApiKeys {
            key: "key".to_owned(),
            secret: "secret".into(),
        };
        let endpoint = Endpoint::new(&format!("wss://{address}"), keys).expect("a valid URL");
        let mut socket = Socket::new(endpoint);
        let (event, ()) = tokio::join!(socket.next(), answer);
        assert!(matches!(event, SocketEvent::Closed { .. }), "{event:?}");
    }
}
