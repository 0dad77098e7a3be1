//! From a name to the addresses that are connected to.

use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve};

use crate::{HostList, is_public};

/// The addresses of a host, or why there are none.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of hosts.
pub trait Names: Send + Sync {
    /// All addresses of `host`.
    fn addresses<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// The system's resolver: the hosts file and DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name is not connected to; found again in the chain of the client's error.
#[derive(Debug, Clone)]
pub(crate) enum NotConnected {
    Unresolved(String),
    Private { host: String, address: IpAddr },
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not connected to")
    }
}

impl Error for NotConnected {}

/// Stands between the client and the resolver. What it hands over is what is connected to: the judged addresses are
/// pinned by being the only ones that the connection ever sees.
pub(crate) struct Guard {
    pub(crate) names: Arc<dyn Names>,
    pub(crate) private_hosts: HostList,
}

impl Guard {
    /// Judges the address of a host whose name is an address, which no resolver is asked for.
    pub(crate) fn judge(&self, host: &str, address: IpAddr) -> Result<(), NotConnected> {
        if is_public(address) || self.private_hosts.contains(host) {
            return Ok(());
        }
        Err(NotConnected::Private {
            host: host.to_owned(),
            address,
        })
    }

    async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, NotConnected> {
        let found = self.names.addresses(host).await.unwrap_or_default();
        if found.is_empty() {
            return Err(NotConnected::Unresolved(host.to_owned()));
        }
        // One private address among public ones is no accident: the whole answer is refused.
        for address in &found {
            self.judge(host, *address)?;
        }
        // The client puts the address's port in place of 0.
        Ok(found
            .into_iter()
            .map(|address| SocketAddr::new(address, 0))
            .collect())
    }
}

/// [`Guard`] as the client takes it.
#[derive(Clone)]
pub(crate) struct SharedGuard(pub(crate) Arc<Guard>);

impl Resolve for SharedGuard {
    fn resolve(&self, name: Name) -> reqwest::dns::Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = guard.resolve(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Mixed;

    impl Names for Mixed {
        fn addresses<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
            let found = ["1.1.1.1", "10.0.0.1"].map(|address| address.parse().unwrap());
            Box::pin(async move { Ok(found.to_vec()) })
        }
    }

    #[tokio::test]
    async fn one_private_address_among_public_ones_is_enough_to_refuse() {
        let guard = |private: &[&str]| Guard {
            names: Arc::new(Mixed),
            private_hosts: HostList::new(private).unwrap(),
        };
        let refused = guard(&[]).resolve("mixed.test").await;
        assert!(
            matches!(&refused, Err(NotConnected::Private { address, .. }) if address.to_string() == "10.0.0.1"),
            "{refused:?}"
        );
        let allowed = guard(&["mixed.test"]).resolve("mixed.test").await;
        assert_eq!(allowed.map(|found| found.len()).ok(), Some(2));
    }
}
