//! TLS to a relay (`turns:`), with the machine's own trusted roots.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider, pki_types::ServerName},
};

/// Read once: the roots are files.
static CONFIG: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        log::warn!("no trusted certificates on this machine: no relay can be reached over TLS");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .inspect_err(|error| log::error!("no TLS: {error}"))
        .ok()?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    Some(Arc::new(config))
});

/// Agrees TLS with a relay that must prove to be `name`, a host name or an IP address.
///
/// # Errors
///
/// When the relay cannot, or the connection breaks.
pub(super) async fn handshake(name: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let config = CONFIG
        .as_ref()
        .ok_or_else(|| io::Error::other("TLS is unavailable"))?;
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::clone(config))
        .connect(name, stream)
        .await
}
