//! One pass over the environment that collects every mistake.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Display,
    net::{SocketAddr, ToSocketAddrs},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};

use api::HttpConfig;
use outbound::HostList;

/// What is wrong with the configuration: one line a key.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has mistakes:\n  {}", .0.join("\n  "))]
pub struct ConfigError(Vec<String>);

/// Reads keys, remembers which, and collects what was wrong with them.
#[derive(Debug, Default)]
pub struct Reader {
    values: HashMap<String, String>,
    keys: BTreeSet<&'static str>,
    mistakes: Vec<String>,
}

impl Reader {
    /// The process environment; empty values count as unset.
    pub fn from_env() -> Self {
        Self::from_pairs(std::env::vars())
    }

    /// Any other source; a later pair wins.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let values = pairs
            .into_iter()
            .map(|(k, v)| (k.into(), v.into().trim().to_owned()))
            .filter(|(_, v)| !v.is_empty());
        Self {
            values: values.collect(),
            ..Self::default()
        }
    }

    /// The keys asked for so far.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().copied()
    }

    fn get(&mut self, key: &'static str) -> Option<String> {
        self.keys.insert(key);
        self.values.get(key).cloned()
    }

    fn wrong(&mut self, key: &str, value: &str, form: &dyn Display) {
        // Addresses and keys may hold passwords: the value is shown only where it cannot be a secret.
        let is_secret = key.contains("SECRET") || key.contains("KEY");
        let is_hidden = if key.contains("URL") {
            value.contains(['@', ' ']) || key.ends_with("DATABASE_URL")
        } else {
            is_secret
        };
        let shown = match is_hidden {
            true => "(value hidden)".to_owned(),
            false => format!("`{value}`"),
        };
        self.mistakes
            .push(format!("{key} is {shown}; it should be {form}"));
    }

    /// Notes a value that does not go with another key's.
    pub(crate) fn refuse(&mut self, key: &'static str, value: &str, form: &str) {
        self.wrong(key, value, &form);
    }

    /// Notes a key that must be set.
    pub fn missing(&mut self, key: &'static str, form: &str) {
        self.mistakes
            .push(format!("{key} is not set; it should be {form}"));
    }

    pub(super) fn required(
        &mut self,
        key: &'static str,
        form: &str,
        valid: impl Fn(&str) -> bool,
    ) -> String {
        match self.get(key) {
            None => {
                self.missing(key, form);
                String::new()
            }
            Some(value) if valid(&value) => value,
            Some(value) => {
                self.wrong(key, &value, &form);
                String::new()
            }
        }
    }

    pub(crate) fn optional(&mut self, key: &'static str) -> Option<String> {
        self.get(key)
    }

    pub(super) fn matching(
        &mut self,
        key: &'static str,
        form: &str,
        valid: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let value = self.get(key)?;
        if valid(&value) {
            return Some(value);
        }
        self.wrong(key, &value, &form);
        None
    }

    pub(crate) fn text(&mut self, key: &'static str, default: &str) -> String {
        self.get(key).unwrap_or_else(|| default.to_owned())
    }

    pub(crate) fn path(&mut self, key: &'static str, default: &str) -> PathBuf {
        self.text(key, default).into()
    }

    pub(super) fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        self.get(key).map(Into::into)
    }

    /// All settings whose keys begin so, as secrets by their keys. What may be named there is not known beforehand.
    pub(crate) fn secrets(&self, prefix: &str) -> BTreeMap<String, SecretString> {
        let named = self
            .values
            .iter()
            .filter(|(key, _)| key.starts_with(prefix));
        named
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect()
    }

    /// A list of hosts, parted by commas; empty unless set.
    pub(super) fn hosts(&mut self, key: &'static str) -> HostList {
        let Some(value) = self.get(key) else {
            return HostList::default();
        };
        let hosts = value.split(',').map(str::trim);
        HostList::new(hosts.filter(|host| !host.is_empty())).unwrap_or_else(|_| {
            let form = "hosts parted by commas, such as desk.example.com,*.example.org, without https://, port and path";
            self.wrong(key, &value, &form);
            HostList::default()
        })
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        match self.get(key).as_deref() {
            None => default,
            Some("1" | "true" | "yes" | "on") => true,
            Some("0" | "false" | "no" | "off") => false,
            Some(other) => {
                let other = other.to_owned();
                self.wrong(key, &other, &"1 or 0");
                default
            }
        }
    }

    pub(super) fn choice(&mut self, key: &'static str, default: &str, choices: &[&str]) -> String {
        let value = self.text(key, default);
        if !choices.contains(&value.as_str()) {
            self.wrong(key, &value, &format!("one of {}", choices.join(", ")));
        }
        value
    }

    pub(crate) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        key: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let Some(value) = self.get(key) else {
            return default;
        };
        match value.parse::<T>() {
            Ok(n) if range.contains(&n) => n,
            _ => {
                self.wrong(
                    key,
                    &value,
                    &format!("a whole number from {} to {}", range.start(), range.end()),
                );
                default
            }
        }
    }

    pub(super) fn seconds(&mut self, key: &'static str, default: u64) -> Duration {
        Duration::from_secs(self.number(key, default, 0..=7 * 24 * 3600))
    }

    pub(super) fn milliseconds(&mut self, key: &'static str, default: u64) -> Duration {
        Duration::from_millis(self.number(key, default, 1..=600_000))
    }

    pub(super) fn address(&mut self, key: &'static str, default: &str) -> SocketAddr {
        let value = self.text(key, default);
        if let Some(address) = value
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
        {
            return address;
        }
        self.wrong(key, &value, &format!("host:port, such as {default}"));
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    pub(super) fn url(&mut self, key: &'static str, schemes: &[&str]) -> Option<String> {
        let form = format!(
            "an address that begins with {}",
            schemes.join(":// or ") + "://"
        );
        self.matching(key, &form, |value| {
            value
                .split_once("://")
                .is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty())
        })
        .map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Rules that need more than one key.
    pub(super) fn check(&mut self, http: &HttpConfig) {
        if http.demo_messages && !http.bind.ip().is_loopback() {
            self.mistakes.push(format!(
                "DEMO_MESSAGES is on while HTTP_BIND is `{}`; codes are shown on the page, so HTTP_BIND must be a loopback address",
                http.bind
            ));
        }
        let shared = |key: &SecretString| {
            let admin = http.admin_key.as_ref();
            admin.is_some_and(|admin| admin.expose_secret() == key.expose_secret())
        };
        if http.supervisor_key.as_ref().is_some_and(shared) {
            self.mistakes.push(
                "ADMIN_KEY is the same as SUPERVISOR_KEY; whoever reads could change things, so it must be another one"
                    .to_owned(),
            );
        }
    }

    pub(super) fn finish<T>(&mut self, value: T) -> Result<T, ConfigError> {
        if self.mistakes.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError(std::mem::take(&mut self.mistakes)))
        }
    }
}
