//! The client itself.

use std::{error::Error as _, fmt, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, COOKIE, HeaderMap, LOCATION},
};

use crate::{
    Answer, HostList, OutboundError, Request,
    names::{Guard, Names, NotConnected, SharedGuard, SystemNames},
};

/// A server that does not take the connection within this is away.
const CONNECT: Duration = Duration::from_secs(5);

/// What is true of all requests of a client.
pub struct Settings {
    /// Hosts that may have private addresses.
    pub private_hosts: HostList,
    /// Finds the addresses of hosts.
    pub names: Arc<dyn Names>,
    /// Who asks, as servers log it.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            private_hosts: HostList::default(),
            names: Arc::new(SystemNames),
            user_agent: concat!("teller/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    guard: Arc<Guard>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// When there are no TLS roots on this host.
    pub fn new(settings: Settings) -> Result<Self, OutboundError> {
        let guard = Arc::new(Guard {
            names: settings.names,
            private_hosts: settings.private_hosts,
        });
        let http = reqwest::Client::builder()
            .dns_resolver(SharedGuard(Arc::clone(&guard)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(settings.user_agent)
            .build()
            .map_err(|error| OutboundError::Client(error.to_string()))?;
        Ok(Self { http, guard })
    }

    /// Sends a request and takes the whole answer.
    ///
    /// # Errors
    /// When a rule refuses it, or no whole answer came in time. An answer of any status is none.
    pub async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let time = request.limits.time;
        tokio::time::timeout(time, self.follow(request))
            .await
            .unwrap_or(Err(OutboundError::TimedOut(time)))
    }

    async fn follow(&self, request: Request) -> Result<Answer, OutboundError> {
        let mut url = request.url.clone();
        let mut headers = request.headers.clone();
        let mut followed = 0;
        loop {
            // Whoever asks may know a name and password; a server that leads elsewhere does not.
            if followed > 0 && (!url.username().is_empty() || url.password().is_some()) {
                return Err(OutboundError::Address);
            }
            self.check(&url, &request)?;
            let response = self.once(&request, &url, &headers).await?;
            if request.redirects == 0 || !is_redirect(response.status()) {
                return whole(response, url, &request).await;
            }
            followed += 1;
            if followed > request.redirects {
                return Err(OutboundError::Redirect("there were too many"));
            }
            let next = target(&response, &url)?;
            if url.origin() != next.origin() {
                headers.remove(AUTHORIZATION);
                headers.remove(COOKIE);
            }
            url = next;
        }
    }

    /// What can be said of an address before anything is connected to.
    fn check(&self, url: &Url, request: &Request) -> Result<(), OutboundError> {
        let host = url.host_str().unwrap_or_default();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            return Err(OutboundError::Address);
        }
        if let Some(hosts) = &request.hosts
            && !hosts.contains(host)
        {
            return Err(OutboundError::Host(host.to_owned()));
        }
        // A host that is an address is not resolved, so the guard would never see it.
        let inner = host.trim_start_matches('[').trim_end_matches(']');
        match inner.parse::<IpAddr>() {
            Ok(address) => self.guard.judge(host, address).map_err(refused),
            Err(_) => Ok(()),
        }
    }

    async fn once(
        &self,
        request: &Request,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Response, OutboundError> {
        let sent = self.http.request(request.method.clone(), url.clone());
        let sent = sent.headers(headers.clone());
        let sent = match &request.body {
            Some(body) if request.method != Method::GET => sent.body(body.clone()),
            _ => sent,
        };
        sent.send().await.map_err(failed)
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads.
fn target(response: &Response, from: &Url) -> Result<Url, OutboundError> {
    let nowhere = || OutboundError::Redirect("it names no address");
    let location = response.headers().get(LOCATION).ok_or_else(nowhere)?;
    let location = location.to_str().map_err(|_| nowhere())?;
    let next = from.join(location).map_err(|_| nowhere())?;
    if from.scheme() == "https" && next.scheme() == "http" {
        return Err(OutboundError::Redirect("it leads from https to http"));
    }
    Ok(next)
}

/// The whole body, counted as it arrives: a server's own word of its length may be wrong, or missing.
async fn whole(
    mut response: Response,
    url: Url,
    request: &Request,
) -> Result<Answer, OutboundError> {
    let limit = request.limits.bytes;
    let packed = |value: &reqwest::header::HeaderValue| value != "identity";
    if response.headers().get(CONTENT_ENCODING).is_some_and(packed) {
        return Err(OutboundError::Compressed);
    }
    let too_large = |length: u64| usize::try_from(length).is_ok_and(|length| length > limit);
    if response.content_length().is_some_and(too_large) {
        return Err(OutboundError::TooLarge(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > limit {
            return Err(OutboundError::TooLarge(limit));
        }
        let seen = body.len();
        body.extend_from_slice(&chunk);
        if request.enough.is_some_and(|enough| enough(&body, seen)) {
            break;
        }
    }
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        url,
        body,
    })
}

/// The guard's reason where it gave one; otherwise the innermost reason, without the address, which may be a secret.
fn failed(error: reqwest::Error) -> OutboundError {
    let error = error.without_url();
    let unreachable = error.is_connect();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(guarded) = inner.downcast_ref::<NotConnected>() {
            return refused(guarded.clone());
        }
        reason = inner.to_string();
        cause = inner.source();
    }
    if unreachable {
        OutboundError::Unreachable(reason)
    } else {
        OutboundError::Connection(reason)
    }
}

fn refused(reason: NotConnected) -> OutboundError {
    match reason {
        NotConnected::Unresolved(host) => OutboundError::Unresolved(host),
        NotConnected::Private { host, address } => OutboundError::Private { host, address },
    }
}
