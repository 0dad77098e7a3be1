//! What a call needs on the server's host: LiveKit, and coturn for relays over TCP and TLS.

use std::{
    fs::{self, File},
    io,
    net::{IpAddr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::{
    hosts::{Families, Hosts, Role, SERVER_NAME},
    router::tun::inside,
    scenario::Relay,
};

/// The server's API key.
pub const KEY: &str = "devkey";
/// Its secret: long enough that the server does not complain, and good for namespaces alone.
pub const SECRET: &str = "secret-of-a-lab-without-a-way-out-0000";
/// Where it takes signalling.
pub const PORT: u16 = 7880;
/// User and password of the relay; it can be reached from the lab alone.
const TURN_USER: (&str, &str) = ("lab", "lab");
/// How often a port is tried, every 100 ms.
const TRIES: u32 = 100;

/// The programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `livekit-server`.
    pub livekit: PathBuf,
    /// coturn's `turnserver`.
    pub turnserver: PathBuf,
}

/// Servers at work; killed when dropped.
pub struct Servers {
    children: Vec<Child>,
    /// Where clients connect to.
    pub url: String,
    /// The relay's certificate, which clients must trust.
    pub certificate: Option<PathBuf>,
}

impl Servers {
    /// Starts what the network needs and waits until it answers. Configurations and logs go to `work`.
    ///
    /// # Errors
    /// When a program is missing, ends at once or opens no port.
    pub fn start(
        hosts: &Hosts,
        families: Families,
        relay: Option<Relay>,
        programs: &Programs,
        work: &Path,
    ) -> anyhow::Result<Self> {
        let address = families.server();
        let url = format!("ws://{}", SocketAddr::new(address, PORT));
        let mut servers = Self {
            children: Vec::new(),
            url,
            certificate: None,
        };
        if matches!(relay, Some(Relay::Tcp | Relay::Tls)) {
            servers.start_coturn(hosts, address, &programs.turnserver, work)?;
        }
        let config = work.join("livekit.yaml");
        fs::write(&config, livekit_config(address, relay)).context("the server's configuration")?;
        let arguments = ["--config".to_owned(), config.display().to_string()];
        servers.spawn(
            hosts,
            &programs.livekit,
            &arguments,
            &work.join("livekit.log"),
            PORT,
            address,
        )?;
        Ok(servers)
    }

    fn start_coturn(
        &mut self,
        hosts: &Hosts,
        address: IpAddr,
        program: &Path,
        work: &Path,
    ) -> anyhow::Result<()> {
        let made = rcgen::generate_simple_self_signed([SERVER_NAME.to_owned()])?;
        let (certificate, key) = (work.join("relay.crt"), work.join("relay.key"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let arguments = coturn_arguments(address, &certificate, &key, work);
        self.spawn(
            hosts,
            program,
            &arguments,
            &work.join("coturn.log"),
            Relay::Tcp.port(),
            address,
        )?;
        self.certificate = Some(certificate);
        Ok(())
    }

    fn spawn(
        &mut self,
        hosts: &Hosts,
        program: &Path,
        arguments: &[String],
        log: &Path,
        port: u16,
        address: IpAddr,
    ) -> anyhow::Result<()> {
        let file = File::create(log).with_context(|| format!("{}", log.display()))?;
        let mut command = hosts.command(Role::Server, program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("{}", program.display()))?;
        self.children.push(child);
        for _ in 0..TRIES {
            std::thread::sleep(Duration::from_millis(100));
            if self
                .children
                .iter_mut()
                .any(|child| !matches!(child.try_wait(), Ok(None)))
            {
                bail!("{} ended at once: see {}", program.display(), log.display());
            }
            if answers(
                &hosts.namespace(Role::Server),
                SocketAddr::new(address, port),
            )
            .is_ok()
            {
                return Ok(());
            }
        }
        bail!(
            "{} does not open port {port}: see {}",
            program.display(),
            log.display()
        )
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It is not an error if one has ended already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn answers(namespace: &str, address: SocketAddr) -> io::Result<()> {
    inside(namespace, move || {
        TcpStream::connect_timeout(&address, Duration::from_millis(500)).map(drop)
    })
}

/// The server announces its lab address alone. `restricted` addresses are private ones: its own
/// relay refuses to reach them unless configured otherwise.
fn livekit_config(address: IpAddr, relay: Option<Relay>) -> String {
    let any = if address.is_ipv6() { "::" } else { "0.0.0.0" };
    let mut config = format!(
        "port: {PORT}\n\
         bind_addresses: [\"{address}\"]\n\
         keys: {{{KEY}: \"{SECRET}\"}}\n\
         logging: {{level: info}}\n\
         rtc:\n\
         \x20 udp_port: 7882\n\
         \x20 tcp_port: 7881\n\
         \x20 node_ip: \"{address}\"\n\
         \x20 use_external_ip: false\n\
         \x20 interfaces: {{includes: [lab0]}}\n"
    );
    let (user, password) = TURN_USER;
    let mut external = |protocol: &str, port: u16| {
        config.push_str(&format!(
            "  turn_servers: [{{host: {SERVER_NAME}, port: {port}, protocol: {protocol}, \
             username: {user}, credential: {password}}}]\n"
        ));
    };
    match relay {
        Some(Relay::Tcp) => external("tcp", Relay::Tcp.port()),
        Some(Relay::Tls) => external("tls", Relay::Tls.port()),
        Some(Relay::Embedded) => config.push_str(&format!(
            "turn:\n\
             \x20 enabled: true\n\
             \x20 udp_port: {}\n\
             \x20 relay_range_start: 30000\n\
             \x20 relay_range_end: 31000\n\
             \x20 bind_addresses: [\"{any}\"]\n\
             \x20 allow_restricted_peer_cidrs: [\"10.77.0.0/16\", \"fd77::/16\"]\n",
            Relay::Embedded.port()
        )),
        None => {}
    }
    config
}

fn coturn_arguments(address: IpAddr, certificate: &Path, key: &Path, work: &Path) -> Vec<String> {
    let (user, password) = TURN_USER;
    [
        "-n".to_owned(),
        format!("--listening-ip={address}"),
        format!("--relay-ip={address}"),
        format!("--listening-port={}", Relay::Tcp.port()),
        format!("--tls-listening-port={}", Relay::Tls.port()),
        "--no-udp".to_owned(),
        "--no-dtls".to_owned(),
        "--no-cli".to_owned(),
        "--lt-cred-mech".to_owned(),
        "--realm=lab".to_owned(),
        format!("--user={user}:{password}"),
        format!("--cert={}", certificate.display()),
        format!("--pkey={}", key.display()),
        format!("--userdb={}", work.join("coturn.db").display()),
        format!("--pidfile={}", work.join("coturn.pid").display()),
        "--min-port=32000".to_owned(),
        "--max-port=33000".to_owned(),
        "--log-file=stdout".to_owned(),
    ]
    .to_vec()
}
