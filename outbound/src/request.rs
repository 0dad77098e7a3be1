//! What is asked and what came back.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use crate::{HostList, OutboundError};

/// How much of an answer is taken and how long is waited for all of it, redirects included.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the body.
    pub bytes: usize,
    /// From the first lookup to the last byte.
    pub time: Duration,
}

impl Default for Limits {
    /// 10 MB within 20 s.
    fn default() -> Self {
        Self {
            bytes: 10_000_000,
            time: Duration::from_secs(20),
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limits: Limits,
    pub(crate) hosts: Option<Arc<HostList>>,
    pub(crate) redirects: usize,
    pub(crate) enough: Option<fn(&[u8], usize) -> bool>,
}

impl Request {
    /// Asks for what lies at `url`; follows five redirects.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            limits: Limits::default(),
            hosts: None,
            redirects: 5,
            enough: None,
        }
    }

    /// Has what lies at `url` removed. A redirect is not followed.
    #[must_use]
    pub fn delete(url: Url) -> Self {
        Self {
            method: Method::DELETE,
            redirects: 0,
            ..Self::get(url)
        }
    }

    /// Hands JSON over to `url`. A redirect is not followed: what is handed over is meant for that address.
    #[must_use]
    pub fn post_json(url: Url, json: Vec<u8>) -> Self {
        let request = Self {
            method: Method::POST,
            body: Some(json),
            redirects: 0,
            ..Self::get(url)
        };
        let json = HeaderValue::from_static("application/json");
        request.header(reqwest::header::CONTENT_TYPE, json)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With this bearer token, which goes to the address's origin alone.
    ///
    /// # Errors
    /// When the token has characters that no header can hold.
    pub fn bearer(self, token: &str) -> Result<Self, OutboundError> {
        let unusable = |_| OutboundError::Client("the token cannot be sent in a header".to_owned());
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(unusable)?;
        value.set_sensitive(true);
        Ok(self.header(reqwest::header::AUTHORIZATION, value))
    }

    /// With limits of its own.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Asks these hosts alone, in redirects too.
    #[must_use]
    pub fn only(mut self, hosts: Arc<HostList>) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Follows no redirect: the answer is the redirect.
    #[must_use]
    pub fn no_redirects(mut self) -> Self {
        self.redirects = 0;
        self
    }

    /// Takes no more of the body once this says of what came so far that it is enough: of a stream of events, the one that
    /// was waited for. It is asked whenever something came, with the bytes that it saw before: whoever looks at all of them
    /// each time lets a server that sends byte by byte cost any time. The limits hold all the same.
    #[must_use]
    pub fn until(mut self, enough: fn(&[u8], usize) -> bool) -> Self {
        self.enough = Some(enough);
        self
    }
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, of whatever kind.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Where the answer came from, after redirects.
    pub url: Url,
    /// The body, within the limit.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value, where it is text.
    #[must_use]
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
