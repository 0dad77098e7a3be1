//! A TCP proxy before PostgreSQL that a test can cut and mend.

use std::path::PathBuf;

use tokio::{
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

/// Passes bytes while it is whole; cut, it drops every connection and refuses new ones.
pub(crate) struct Proxy {
    pub(crate) url: String,
    whole: watch::Sender<bool>,
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
        let (whole, mut state) = watch::channel(true);
        tokio::task::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow_and_update() {
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
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn pass(mut client: TcpStream, server: Server, mut whole: watch::Receiver<bool>) {
    let carry = async {
        match server {
            Server::Port(port) => {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            }
            Server::Socket(path) => {
                let mut server = UnixStream::connect(path).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            }
        }
    };
    tokio::select! {
        _ = carry => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
