//! Lists of hosts by name.

use std::fmt;

use serde::{Deserialize, de::Error as _};

/// Hosts that may be asked: `www.example.com` is that host, `*.example.com` every host below `example.com`, not
/// `example.com` itself. Compared without regard to case and a final dot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostList(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Host(String),
    Below(String),
}

/// A host of a list is not written as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no host: accepted are www.example.com and *.example.com, without https://, port and path"
)]
pub struct HostPatternError(String);

impl HostList {
    /// Reads each pattern.
    ///
    /// # Errors
    /// For the first that is neither a host nor `*.` before one.
    pub fn new<S: AsRef<str>>(
        patterns: impl IntoIterator<Item = S>,
    ) -> Result<Self, HostPatternError> {
        patterns
            .into_iter()
            .map(|pattern| Pattern::parse(pattern.as_ref()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a host is on the list.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        let host = plain(host);
        self.0.iter().any(|pattern| match pattern {
            Pattern::Host(name) => *name == host,
            Pattern::Below(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        })
    }

    /// Whether no host is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, HostPatternError> {
        let name = plain(text);
        let (name, below) = match name.strip_prefix("*.") {
            Some(rest) => (rest.to_owned(), true),
            None => (name, false),
        };
        // An IPv6 address is written as in an address: [::1].
        let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        let accepted = match inner {
            Some(inner) => !below && inner.parse::<std::net::Ipv6Addr>().is_ok(),
            None => name.split('.').all(is_label),
        };
        match (accepted, below) {
            (false, _) => Err(HostPatternError(text.to_owned())),
            (true, true) => Ok(Self::Below(name)),
            (true, false) => Ok(Self::Host(name)),
        }
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// As names are compared.
pub(crate) fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_lowercase()
}

impl<'de> Deserialize<'de> for HostList {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<String>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for HostList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|pattern| match pattern {
            Pattern::Host(name) => name.clone(),
            Pattern::Below(name) => format!("*.{name}"),
        });
        f.write_str(&shown.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_its_host_or_those_below_and_nothing_that_looks_alike() {
        let list = HostList::new(["www.Example.com", "*.docs.example.com", "[::1]"]).unwrap();
        for on_it in [
            "www.example.com",
            "WWW.EXAMPLE.COM.",
            "a.docs.example.com",
            "a.b.docs.example.com",
            "[::1]",
        ] {
            assert!(list.contains(on_it), "{on_it}");
        }
        for not in [
            "example.com",
            "docs.example.com",
            "evildocs.example.com",
            "www.example.com.evil.net",
            "",
            ".docs.example.com",
        ] {
            assert!(!list.contains(not), "{not}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in [
            "",
            "*",
            "*.",
            "https://example.com",
            "example.com/path",
            "example.com:80",
            "a..b",
            "ex ample.com",
            "*.*.com",
            "[::g]",
        ] {
            assert!(HostList::new([wrong]).is_err(), "{wrong:?}");
        }
    }
}
