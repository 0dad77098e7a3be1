//! A TCP proxy before PostgreSQL that a test can cut and mend.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::config::Host;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where the server listens.
#[derive(Clone)]
enum Server {
    Port(u16),
    Socket(PathBuf),
}

/// Bytes of a request that is more than a question.
const LARGE: usize = 500;

/// What all connections share.
#[derive(Default)]
struct Shared {
    now: Mutex<Generation>,
    swallowing: AtomicBool,
    swallowed: AtomicUsize,
}

/// Connections until the next cut.
#[derive(Default)]
struct Generation {
    /// New ones are refused.
    cut: bool,
    ends: CancellationToken,
    tasks: TaskTracker,
}

/// Passes bytes while it is whole; cut, it drops every connection and refuses new ones.
pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
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
        let shared = Arc::<Shared>::default();
        let all = shared.clone();
        tokio::task::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let now = all.now.lock().unwrap();
                if !now.cut {
                    let carried = pass(client, server.clone(), all.clone());
                    let ends = now.ends.clone();
                    now.tasks
                        .spawn(async move { ends.run_until_cancelled(carried).await });
                }
            }
        });
        let user = config.get_user().unwrap_or("postgres");
        let name = config.get_dbname().unwrap_or(user);
        Self {
            url: format!("postgres://{user}@127.0.0.1:{own}/{name}"),
            shared,
        }
    }

    /// Ends every connection, and returns when they have ended; new ones are refused.
    pub(crate) async fn cut(&self) {
        let tasks = {
            let mut now = self.shared.now.lock().unwrap();
            now.cut = true;
            now.ends.cancel();
            now.tasks.close();
            now.tasks.clone()
        };
        tasks.wait().await;
    }

    /// What the server answers to the next batch of rows, and later, is lost, until the connection is cut.
    pub(crate) fn swallow_replies(&self) {
        self.shared.swallowing.store(true, Ordering::SeqCst);
    }

    /// Batches so far whose answer was lost.
    pub(crate) fn swallowed(&self) -> usize {
        self.shared.swallowed.load(Ordering::SeqCst)
    }

    /// New connections are taken, and nothing is swallowed.
    pub(crate) fn mend(&self) {
        self.shared.swallowing.store(false, Ordering::SeqCst);
        *self.shared.now.lock().unwrap() = Generation::default();
    }
}

async fn pass(client: TcpStream, server: Server, shared: Arc<Shared>) -> std::io::Result<()> {
    match server {
        Server::Port(port) => {
            let server = TcpStream::connect(("127.0.0.1", port)).await?;
            carry(client.into_split(), server.into_split(), &shared).await
        }
        Server::Socket(path) => {
            let server = UnixStream::connect(path).await?;
            carry(client.into_split(), server.into_split(), &shared).await
        }
    }
}

/// Both ways, until one side ends.
async fn carry(
    (mut from_client, mut to_client): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    (mut from_server, mut to_server): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    shared: &Shared,
) -> std::io::Result<()> {
    let swallowing = AtomicBool::new(false);
    let requests = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            if read > LARGE
                && shared.swallowing.load(Ordering::SeqCst)
                && !swallowing.swap(true, Ordering::SeqCst)
            {
                shared.swallowed.fetch_add(1, Ordering::SeqCst);
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
