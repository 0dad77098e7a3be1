//! Whether connections to PostgreSQL are encrypted, and whose word proves the server.
//!
//! `sslmode` of the address decides, in libpq's words, and is never taken more loosely than there:
//! an encrypted connection always has a server whose certificate was checked, name included.

use std::path::Path;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::DatabaseError;

/// Accepted by libpq and not by the driver, for which `require` leaves the checking to us.
const VERIFY_FULL: &str = "sslmode=verify-full";
const REQUIRE: &str = "sslmode=require";
/// The protocol's name in a handshake without a greeting before (`sslnegotiation=direct`).
const ALPN: &[u8] = b"postgresql";

/// Whether this is an address of a database: `postgres://…` or `key=value`, with an `sslmode` of
/// `disable`, `prefer`, `require` or `verify-full`, if any.
#[must_use]
pub fn is_address(text: &str) -> bool {
    parse(text, SslMode::Disable).is_ok()
}

/// Whether connections to this address may cross a network readable by others: it names a host
/// other than this one and `sslmode` does not insist on encryption.
#[must_use]
pub fn is_unencrypted(text: &str, ca_file: Option<&Path>) -> bool {
    parse(text, unless_said(ca_file)).is_ok_and(|config| {
        let elsewhere = |host: &Host| match host {
            Host::Tcp(name) => {
                let address = name.parse::<std::net::IpAddr>();
                name != "localhost" && !address.is_ok_and(|address| address.is_loopback())
            }
            Host::Unix(_) => false,
        };
        config.get_ssl_mode() != SslMode::Require && config.get_hosts().iter().any(elsewhere)
    })
}

/// The certificates of this PEM file.
///
/// # Errors
/// [`DatabaseError::Setup`] if it cannot be read or holds none.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, DatabaseError> {
    let wrong = |why: &dyn std::fmt::Display| {
        let file = file.display();
        DatabaseError::Setup(format!("{file} is not a file of PEM certificates: {why}"))
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&error))?;
    if found.is_empty() {
        return Err(wrong(&"it holds none"));
    }
    Ok(found)
}

/// The address as the driver takes it. Who names certificates wants them used: then an address
/// without `sslmode` means `require`, else `disable`.
pub(crate) fn address(
    text: &str,
    ca_file: Option<&Path>,
) -> Result<tokio_postgres::Config, DatabaseError> {
    parse(text, unless_said(ca_file)).map_err(|_unquoted| {
        DatabaseError::Setup("the database address is not of the form postgres://user:password@host:port/name, with sslmode disable, prefer, require or verify-full".to_owned())
    })
}

/// What makes connections to this address. Reads the certificates, if they are needed.
pub(crate) fn connector(
    address: &tokio_postgres::Config,
    ca_file: Option<&Path>,
) -> Result<MakeRustlsConnect, DatabaseError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        _ if address.get_ssl_mode() == SslMode::Disable => {}
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| {
                    DatabaseError::Setup(format!("{}: {error}", file.display()))
                })?;
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            if roots.add_parsable_certificates(system.certs).0 == 0 {
                return Err(DatabaseError::Setup(
                    "this system has no trusted certificates: name the server's in DATABASE_CA_FILE"
                        .to_owned(),
                ));
            }
        }
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| DatabaseError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn unless_said(ca_file: Option<&Path>) -> SslMode {
    match ca_file {
        Some(_) => SslMode::Require,
        None => SslMode::Disable,
    }
}

/// Of two `sslmode` the driver takes the later one: the default goes before what is said.
fn parse(
    text: &str,
    unless_said: SslMode,
) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
    let default = match unless_said {
        SslMode::Require => REQUIRE,
        _ => "sslmode=disable",
    };
    let translated = |pair: &str| match pair {
        VERIFY_FULL => REQUIRE.to_owned(),
        other => other.to_owned(),
    };
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if !is_url {
        let words: Vec<String> = text.split(' ').map(translated).collect();
        return format!("{default} {}", words.join(" ")).parse();
    }
    // Where the driver looks for them: user and password end at the first `@`.
    let host = text.find('@').map_or(0, |at| at + 1);
    let Some(question) = text[host..].find('?') else {
        return format!("{text}?{default}").parse();
    };
    let (before, query) = text.split_at(host + question);
    let pairs: Vec<String> = query[1..].split('&').map(translated).collect();
    format!("{before}?{default}&{}", pairs.join("&")).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str, ca_file: Option<&str>) -> Option<SslMode> {
        let config = address(text, ca_file.map(Path::new)).ok()?;
        Some(config.get_ssl_mode())
    }

    #[test]
    fn an_address_says_whether_it_wants_encryption_and_a_ca_file_says_it_for_one_that_does_not() {
        let url = "postgres://teller:a?b&sslmode=x@db.example:5433/teller";
        let words = "host=db.example user=teller password='a b'";
        for (suffix, asked) in [
            ("disable", SslMode::Disable),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            for ca_file in [None, Some("ca.pem")] {
                let long = format!("{url}?application_name=x&sslmode={suffix}&keepalives=1");
                assert_eq!(mode(&long, ca_file), Some(asked), "{long}");
                let short = format!("{words} sslmode={suffix} dbname=teller");
                assert_eq!(mode(&short, ca_file), Some(asked), "{short}");
            }
        }
        for silent in [url, words] {
            assert_eq!(mode(silent, None), Some(SslMode::Disable), "{silent}");
            assert_eq!(
                mode(silent, Some("ca.pem")),
                Some(SslMode::Require),
                "{silent}"
            );
        }
        let config = address(url, None).unwrap();
        assert_eq!(
            (
                config.get_user(),
                config.get_password(),
                config.get_dbname()
            ),
            (Some("teller"), Some(&b"a?b&sslmode=x"[..]), Some("teller")),
            "what the address names is as it was"
        );
    }

    #[test]
    fn what_would_be_taken_more_loosely_than_it_was_meant_is_no_address() {
        for suffix in [
            "sslmode=verify-ca",
            "sslmode=allow",
            "sslrootcert=ca.pem",
            "sslcert=me.pem",
        ] {
            assert!(
                !is_address(&format!("postgres://u@db.example/d?{suffix}")),
                "{suffix}"
            );
            assert!(
                !is_address(&format!("host=db.example {suffix}")),
                "{suffix}"
            );
        }
    }

    #[test]
    fn only_what_stays_on_this_host_or_insists_on_encryption_is_not_readable_by_others() {
        for (text, readable) in [
            ("postgres://u@db.example/d", true),
            ("postgres://u@10.0.0.7/d?sslmode=prefer", true),
            ("postgres://u@localhost,db.example/d", true),
            ("postgres://u@db.example/d?sslmode=verify-full", false),
            ("postgres://u@localhost/d", false),
            ("postgres://u@[::1]/d", false),
            ("postgres://u@%2Frun%2Fpostgresql/d", false),
        ] {
            assert_eq!(is_unencrypted(text, None), readable, "{text}");
        }
        let ca_file = Some(Path::new("ca.pem"));
        assert!(!is_unencrypted("postgres://u@db.example/d", ca_file));
    }
}
