//! The lab's hosts: network namespaces with one TUN device each.
//!
//! Everything made here begins with `tln-` and is removed when the lab is dropped; what a killed
//! run left behind is removed by the next one with the same tag.

mod check;

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub use self::check::{Missing, check};
use crate::router::tun;

/// What every namespace's name begins with.
const PREFIX: &str = "tln-";
const DEVICE: &str = "lab0";
/// Where `ip netns exec` finds a namespace's own `hosts` and `resolv.conf`.
const ETC: &str = "/etc/netns";

/// The name under which all hosts know the server.
pub const SERVER_NAME: &str = "server.lab.test";

/// The lab's hosts, in the order of the router's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who speaks.
    Caller,
    /// The LiveKit server and the relays.
    Server,
    /// Who listens.
    Agent,
}

impl Role {
    /// All of them, in the order of the router's ports.
    pub const ALL: [Self; 3] = [Self::Caller, Self::Server, Self::Agent];

    fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Server => "server",
            Self::Agent => "agent",
        }
    }

    /// The host's IPv4 address; `second` is the one a path change leads to.
    #[must_use]
    pub fn ipv4(self, second: bool) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self as u8 + 1, if second { 3 } else { 2 })
    }

    /// The host's IPv6 address.
    #[must_use]
    pub fn ipv6(self, second: bool) -> Ipv6Addr {
        Ipv6Addr::new(
            0xfd77,
            self as u16 + 1,
            0,
            0,
            0,
            0,
            0,
            if second { 3 } else { 2 },
        )
    }

    /// The networks behind the host's port.
    #[must_use]
    pub fn networks(self) -> Vec<(IpAddr, u8)> {
        vec![(self.ipv4(false).into(), 24), (self.ipv6(false).into(), 64)]
    }
}

/// Which versions of IP the hosts speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// Both.
    Both,
    /// IPv6 alone.
    OnlyV6,
}

impl Families {
    /// The address under which the server is reached.
    #[must_use]
    pub fn server(self) -> IpAddr {
        match self {
            Self::Both => Role::Server.ipv4(false).into(),
            Self::OnlyV6 => Role::Server.ipv6(false).into(),
        }
    }
}

/// Three namespaces with addresses and routes; removed when dropped.
pub struct Hosts {
    tag: String,
    families: Families,
    devices: Vec<OwnedFd>,
    /// Names are the machine's: a lab waits for another one of its name.
    _locked: fs::File,
}

impl Hosts {
    /// Makes the hosts of the lab called `tag` (letters and digits), removing what an earlier one
    /// of that name left behind; waits for one that is still there.
    ///
    /// # Errors
    /// When `ip` fails or a device cannot be made; [`check`] says beforehand what is missing.
    pub fn create(tag: &str, families: Families) -> io::Result<Self> {
        let locked = fs::File::create(format!("/run/{PREFIX}{tag}.lock"))?;
        locked.lock()?;
        let mut hosts = Self {
            tag: tag.to_owned(),
            families,
            devices: Vec::new(),
            _locked: locked,
        };
        hosts.remove();
        for role in Role::ALL {
            hosts.create_host(role)?;
        }
        Ok(hosts)
    }

    /// The namespace of a host.
    #[must_use]
    pub fn namespace(&self, role: Role) -> String {
        format!("{PREFIX}{}-{}", self.tag, role.name())
    }

    /// Further handles of the hosts' devices, for a router.
    ///
    /// # Errors
    /// When the process has no handles left.
    pub fn devices(&self) -> io::Result<Vec<OwnedFd>> {
        self.devices.iter().map(OwnedFd::try_clone).collect()
    }

    /// A command that will run on a host and be killed when the thread that starts it ends.
    #[must_use]
    pub fn command(&self, role: Role, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args([
                "netns",
                "exec",
                &self.namespace(role),
                "setpriv",
                "--pdeathsig",
                "KILL",
                "--",
            ])
            .arg(program);
        command
    }

    /// Moves a host to its second addresses; the first ones are gone.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn change_address(&self, role: Role) -> io::Result<()> {
        self.add_addresses(role, true)?;
        let namespace = self.namespace(role);
        if self.families == Families::Both {
            ip(&[
                "-n",
                &namespace,
                "addr",
                "del",
                &format!("{}/32", role.ipv4(false)),
                "dev",
                DEVICE,
            ])?;
        }
        ip(&[
            "-n",
            &namespace,
            "addr",
            "del",
            &format!("{}/64", role.ipv6(false)),
            "dev",
            DEVICE,
        ])
    }

    fn create_host(&mut self, role: Role) -> io::Result<()> {
        let namespace = self.namespace(role);
        let etc = etc(&namespace);
        fs::create_dir_all(&etc)?;
        let server = self.families.server();
        fs::write(
            etc.join("hosts"),
            format!("127.0.0.1 localhost\n::1 localhost\n{server} {SERVER_NAME}\n"),
        )?;
        // Nobody answers there, and at once: a query into the lab would wait for seconds.
        fs::write(
            etc.join("resolv.conf"),
            "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        )?;
        ip(&["netns", "add", &namespace])?;
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        self.devices.push(tun::create(&namespace, DEVICE)?);
        ip(&[
            "-n",
            &namespace,
            "link",
            "set",
            DEVICE,
            "up",
            "mtu",
            "1500",
            "txqueuelen",
            "1000",
        ])?;
        self.add_addresses(role, false)?;
        if self.families == Families::Both {
            ip(&["-n", &namespace, "route", "add", "default", "dev", DEVICE])?;
        }
        ip(&[
            "-n", &namespace, "-6", "route", "add", "default", "dev", DEVICE,
        ])
    }

    fn add_addresses(&self, role: Role, second: bool) -> io::Result<()> {
        let namespace = self.namespace(role);
        // A network of one address: in a common one, the second would go when the first goes.
        if self.families == Families::Both {
            ip(&[
                "-n",
                &namespace,
                "addr",
                "add",
                &format!("{}/32", role.ipv4(second)),
                "dev",
                DEVICE,
            ])?;
        }
        // Nobody else could have the address: without nodad it would be of no use for a second.
        ip(&[
            "-n",
            &namespace,
            "addr",
            "add",
            &format!("{}/64", role.ipv6(second)),
            "dev",
            DEVICE,
            "nodad",
        ])
    }

    /// Removes whatever there is of the hosts; what is not there is no error.
    fn remove(&mut self) {
        self.devices.clear();
        for role in Role::ALL {
            let namespace = self.namespace(role);
            if Path::new("/run/netns").join(&namespace).exists() {
                drop(ip(&["netns", "del", &namespace]));
            }
            drop(fs::remove_dir_all(etc(&namespace)));
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.remove();
    }
}

fn etc(namespace: &str) -> PathBuf {
    Path::new(ETC).join(namespace)
}

/// Runs `ip` and turns what it complains about into the error.
fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "ip {}: {}",
        arguments.join(" "),
        complaint.trim()
    )))
}
