//! A TCP proxy before PostgreSQL that a test can cut and mend.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};
use tokio_postgres::config::Host;

/// Where the server listens.
#[derive(Clone)]
enum Server {
    Port(u16),
    Socket(PathBuf),
}

/// Bytes of a request that is no mere question.
const LARGE: usize = 500;

/// What becomes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// They pass.
    Whole,
    /// The server's answers are lost from the next large request on, which is a batch of rows.
    Swallowing,
    /// Every connection is dropped and new ones are refused.
    Cut,
}

/// Passes bytes while it is whole; cut, it drops every connection and refuses new ones.
pub(crate) struct Proxy {
    pub(crate) url: String,
    whole: watch::Sender<State>,
}

impl Proxy {
    /// A proxy before the server of this address.
    pub(crate) async fn before(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let server = match config.get_hosts().first() {
            Some(Host::Unix(folder)) => Server::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            _ => Server::Port(port),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (whole, mut state) = watch::channel(State::Whole);
        tokio::task::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow_and_update() != State::Cut {
                    tokio::task::spawn(pass(client, server.clone(), state.clone()));
                }
            }
        });
        let user = config.get_user().unwrap_or("postgres");
        let name = config.get_dbname().unwrap_or(user);
        Self {
            url: format!("postgres://{user}@127.0.0.1:{own}/{name}"),
            whole,
        }
    }

    pub(crate) fn cut(&self) {
        self.whole.send_replace(State::Cut);
    }

    /// What the server answers to the next batch of rows, and later, is lost, until the connection is cut.
    pub(crate) fn swallow_replies(&self) {
        self.whole.send_replace(State::Swallowing);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(State::Whole);
    }
}

async fn pass(client: TcpStream, server: Server, mut state: watch::Receiver<State>) {
    let answers = state.clone();
    let carry = async {
        match server {
            Server::Port(port) => {
                let server = TcpStream::connect(("127.0.0.1", port)).await?;
                carry(client.into_split(), server.into_split(), answers).await
            }
            Server::Socket(path) => {
                let server = UnixStream::connect(path).await?;
                carry(client.into_split(), server.into_split(), answers).await
            }
        }
    };
    tokio::select! {
        _ = carry => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}

/// Both ways, until one side ends.
async fn carry(
    (mut from_client, mut to_client): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    (mut from_server, mut to_server): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    state: watch::Receiver<State>,
) -> std::io::Result<()> {
    let swallowing = AtomicBool::new(false);
    let requests = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            if *state.borrow() == State::Swallowing && read > LARGE {
                swallowing.store(true, Ordering::SeqCst);
            }
            to_server.write_all(&buffer[..read]).await?;
        }
    };
    let answers = async {
        let mut buffer = [0; 8192];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            if !swallowing.load(Ordering::SeqCst) {
                to_client.write_all(&buffer[..read]).await?;
            }
        }
    };
    tokio::select! {
        done = requests => done,
        done = answers => done,
    }
}
