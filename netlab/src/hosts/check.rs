//! Whether this machine can have a lab at all.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What a machine lacks for the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Namespaces and devices are root's.
    #[error("it must run as root")]
    Root,
    /// The command `ip`.
    #[error("the command `ip` is missing (Debian package iproute2)")]
    Ip,
    /// The command `setpriv`.
    #[error("the command `setpriv` is missing (Debian package util-linux)")]
    Setpriv,
    /// The kernel's TUN devices.
    #[error("/dev/net/tun is missing or may not be opened")]
    Tun,
    /// Network namespaces.
    #[error("the kernel makes no network namespaces here")]
    Namespaces,
}

/// Finds out whether the lab can work here, by trying.
///
/// # Errors
/// What is missing.
pub fn check() -> Result<(), Missing> {
    if !rustix::process::geteuid().is_root() {
        return Err(Missing::Root);
    }
    if !works("ip", &["-V"]) {
        return Err(Missing::Ip);
    }
    if !works("setpriv", &["--version"]) {
        return Err(Missing::Setpriv);
    }
    if std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(Path::new("/dev/net/tun"))
        .is_err()
    {
        return Err(Missing::Tun);
    }
    // A name of this process alone, as two labs may look at the same time.
    let probe = format!("{}probe-{}", super::PREFIX, std::process::id());
    if !works("ip", &["netns", "add", &probe]) {
        return Err(Missing::Namespaces);
    }
    let device = crate::router::tun::create(&probe, super::DEVICE);
    works("ip", &["netns", "del", &probe]);
    device.map(drop).map_err(|_| Missing::Tun)
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
