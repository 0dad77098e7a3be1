//! Names of servers.

use std::{io, net::SocketAddr, time::Duration};

use crate::engine::transport::servers::url::ServerUrl;

/// A name that takes longer is of no use to a call that waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The addresses of a server, as the system's resolver orders them.
///
/// # Errors
///
/// When it has none, or nobody says in time.
pub(crate) async fn look_up(url: &ServerUrl) -> io::Result<Vec<SocketAddr>> {
    let looking = tokio::net::lookup_host((url.host.as_str(), url.port));
    let addresses: Vec<SocketAddr> = tokio::time::timeout(PATIENCE, looking).await??.collect();
    if addresses.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(addresses)
}
