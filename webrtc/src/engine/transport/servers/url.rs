//! Addresses of STUN and TURN servers as configured (RFC 7064, RFC 7065).

use str0m::net::Protocol;

/// What a server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The address that it sees us at.
    Reflexive,
    /// An address on it.
    Relay,
}

/// A server that was not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) service: Service,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) proto: Protocol,
}

/// The address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("not a stun:, turn: or turns: address")]
    Scheme,
    #[error("no host or a bad port")]
    Host,
    #[error("a transport that this engine does not speak")]
    Transport,
}

impl ServerUrl {
    /// # Errors
    ///
    /// For what is not the address of a server that can be asked.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.trim().split_once(':').ok_or(UrlError::Scheme)?;
        let (service, secure) = match scheme.to_ascii_lowercase().as_str() {
            "stun" => (Service::Reflexive, false),
            "turn" => (Service::Relay, false),
            "turns" => (Service::Relay, true),
            _ => return Err(UrlError::Scheme),
        };
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let transport = query
            .split('&')
            .find_map(|parameter| parameter.strip_prefix("transport="))
            .map(str::to_ascii_lowercase);
        let proto = match (service, secure, transport.as_deref()) {
            (Service::Relay, true, None | Some("tcp")) => Protocol::Tls,
            (Service::Relay, false, Some("tcp")) => Protocol::Tcp,
            (_, false, None | Some("udp")) => Protocol::Udp,
            _ => return Err(UrlError::Transport),
        };
        let default = if secure { 5_349 } else { 3_478 };
        let (host, port) = split_port(authority, default).ok_or(UrlError::Host)?;
        Ok(Self {
            service,
            host: host.to_owned(),
            port,
            proto,
        })
    }
}

/// Host and port of `host`, `host:port`, `[v6]` and `[v6]:port`.
fn split_port(authority: &str, default: u16) -> Option<(&str, u16)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = if port.is_empty() {
            None
        } else {
            Some(port.strip_prefix(':')?)
        };
        (host, port)
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    let port = port.map_or(Some(default), |port| port.parse().ok())?;
    (!host.is_empty() && port != 0).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers_are_read() {
        let url = |service, host: &str, port, proto| {
            Ok(ServerUrl {
                service,
                host: host.to_owned(),
                port,
                proto,
            })
        };
        use Protocol::{Tcp, Tls, Udp};
        use Service::{Reflexive, Relay};
        for (text, expected) in [
            (
                "stun:example.org",
                url(Reflexive, "example.org", 3_478, Udp),
            ),
            (
                "STUN:192.0.2.1:19302",
                url(Reflexive, "192.0.2.1", 19_302, Udp),
            ),
            (
                "turn:[2001:db8::1]:80?transport=udp",
                url(Relay, "2001:db8::1", 80, Udp),
            ),
            ("turn:[::1]", url(Relay, "::1", 3_478, Udp)),
            (
                "turn:example.org?transport=tcp",
                url(Relay, "example.org", 3_478, Tcp),
            ),
            (
                "turns:example.org:443?transport=tcp",
                url(Relay, "example.org", 443, Tls),
            ),
            ("turns:example.org", url(Relay, "example.org", 5_349, Tls)),
            ("turns:example.org?transport=udp", Err(UrlError::Transport)),
            ("stuns:example.org", Err(UrlError::Scheme)),
            ("https://example.org", Err(UrlError::Scheme)),
            ("stun", Err(UrlError::Scheme)),
            ("stun:", Err(UrlError::Host)),
            ("stun:a:99999", Err(UrlError::Host)),
            ("stun:a:0", Err(UrlError::Host)),
            ("turn:[::1", Err(UrlError::Host)),
            ("turn:[::1]9", Err(UrlError::Host)),
        ] {
            assert_eq!(ServerUrl::parse(text), expected, "{text}");
        }
    }
}
