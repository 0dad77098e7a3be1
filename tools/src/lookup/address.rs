//! A look-up's own address: a template with values put in.

use outbound::{HeaderName, Url};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

/// All but what RFC 3986 calls unreserved: a value is never more than a value, whatever it holds.
const IN_A_VALUE: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where one look-up is asked.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// `https://desk.example.com/queues/{branch}`.
    pub(super) template: String,
    pub(super) token: Option<SecretString>,
    /// Carries the token as it is; none: it is a bearer token.
    pub(super) header: Option<HeaderName>,
}

impl Address {
    /// With these values. `None` where one is missing, or where a value would change more of the address than its place:
    /// "..", say, or the host.
    pub(super) fn with<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<Url> {
        let mut filled = String::with_capacity(self.template.len());
        let mut rest = self.template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}')?;
            let value = value(name)?;
            // Only marks: the one kind of value that still has a meaning of its own when encoded.
            if !value.contains(char::is_alphanumeric) {
                return None;
            }
            filled.push_str(before);
            filled.extend(utf8_percent_encode(value, &IN_A_VALUE));
            rest = behind;
        }
        filled.push_str(rest);
        Url::parse(&filled).ok()
    }
}

/// Whether a template's own host and scheme may be asked: all hosts over https, those allowed by name over http.
pub(super) fn is_allowed(template: &str, is_private: impl Fn(&str) -> bool) -> bool {
    let Ok(url) = Url::parse(&template.replace(['{', '}'], "x")) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => !host.is_empty(),
        "http" => is_private(host),
        _ => false,
    }
}
