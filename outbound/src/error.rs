//! Why a request had no answer.

use std::{net::IpAddr, time::Duration};

/// Why a request had no answer. None of them names more of the address than its host: the rest may be a secret or a
/// person's.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// Not http or https, no host, or a redirect with a name and password.
    #[error("an address begins with https:// or http:// and a host")]
    Address,
    /// A host that is not on the request's list, asked for or redirected to.
    #[error("{0} is not on the list of hosts")]
    Host(String),
    /// A host with an address that is not the internet's, and not allowed by name.
    #[error(
        "{host} has the address {address}, which is not public: its name must be allowed first"
    )]
    Private {
        /// The host.
        host: String,
        /// The first such address.
        address: IpAddr,
    },
    /// A name that DNS does not know, or DNS is away.
    #[error("no address was found for {0}")]
    Unresolved(String),
    /// Too many redirects, one without a place to go, or one from https to http.
    #[error("the redirect was not followed: {0}")]
    Redirect(&'static str),
    /// More than the limit, by its own word or as it arrived.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// Packed, though that was not asked for: unpacked it could have any size.
    #[error("the answer is compressed, which was not asked for")]
    Compressed,
    /// Not all of the answer came in time.
    #[error("no whole answer within {:.1} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// No connection: nobody listens, or TLS failed.
    #[error("there is no connection: {0}")]
    Unreachable(String),
    /// A connection that broke. What was sent may have arrived.
    #[error("the connection broke: {0}")]
    Connection(String),
    /// The client could not be made: no TLS roots.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
}

impl OutboundError {
    /// Whether the request was refused by a rule, and would be again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Address
            | Self::Host(_)
            | Self::Private { .. }
            | Self::Redirect(_)
            | Self::TooLarge(_)
            | Self::Compressed => true,
            Self::Unresolved(_)
            | Self::TimedOut(_)
            | Self::Unreachable(_)
            | Self::Connection(_)
            | Self::Client(_) => false,
        }
    }

    /// Whether the request never reached a server, so that asking again repeats nothing.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        matches!(
            self,
            Self::Address
                | Self::Host(_)
                | Self::Private { .. }
                | Self::Unresolved(_)
                | Self::Unreachable(_)
        )
    }
}
