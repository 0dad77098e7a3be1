//! A real LiveKit server for one test: its own process, ports and keys.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use super::ports::Port;

/// The key of every server started here.
pub(crate) const API_KEY: &str = "teller-test-key";
/// Its secret.
pub(crate) const API_SECRET: &str = "teller-test-secret-of-thirty-two-bytes";

/// Arguments of `nice` for callers and the server between: in life they are other machines, and a voice that stutters
/// because this one is busy would be no fault of the agent. Who may not do this runs them all the same.
pub(crate) const AHEAD: [&str; 2] = ["-n", "-10"];

/// A running server; killed when dropped.
pub(crate) struct LiveKit {
    process: Option<Child>,
    folder: PathBuf,
    /// Of signalling, of media over UDP, of media over TCP.
    ports: [Port; 3],
}

impl LiveKit {
    /// Starts a server on loopback and waits until it answers.
    ///
    /// The binary is `LIVEKIT_SERVER_BIN`, else `livekit-server` on the PATH,
    /// else the one that `scripts/setup` left in `.data/bin`.
    pub(crate) fn start() -> Self {
        let ports = [(); 3].map(|()| Port::reserve());
        let [port, udp_port, tcp_port] = [0, 1, 2].map(|index| ports[index].number);
        let folder =
            std::env::temp_dir().join(format!("teller-livekit-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let config = format!(
            "port: {port}\n\
             bind_addresses: [\"127.0.0.1\"]\n\
             keys: {{\"{API_KEY}\": \"{API_SECRET}\"}}\n\
             logging: {{level: info}}\n\
             rtc:\n  udp_port: {udp_port}\n  tcp_port: {tcp_port}\n  node_ip: 127.0.0.1\n  \
             use_external_ip: false\n  enable_loopback_candidate: true\n  interfaces: {{includes: [lo]}}\n"
        );
        std::fs::write(folder.join("livekit.yaml"), config).expect("the configuration is written");
        let mut server = Self {
            process: None,
            folder,
            ports,
        };
        server.launch();
        server
    }

    /// The address for workers and callers.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports[0].number)
    }

    /// What the server logged so far, for the message of a failing test.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Kills the server at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the server runs");
            process.wait().expect("the server ends");
        }
    }

    /// Starts the server again at the same address; it has forgotten everything.
    pub(crate) fn launch(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .expect("the log is writable");
        let binary = server_binary();
        let process = Command::new("nice")
            .args(AHEAD)
            .arg(&binary)
            .args(["--dev", "--node-ip", "127.0.0.1", "--config"])
            .arg(self.folder.join("livekit.yaml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run scripts/setup", binary.display()));
        let process = self.process.insert(process);
        // A cold machine needs several seconds for the first start.
        for _ in 0..3_000 {
            let ended = process.try_wait().expect("the server can be asked for");
            if let Some(status) = ended {
                panic!("the LiveKit server ended, {status}:\n{}", self.log());
            }
            if answers(self.ports[0].number) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("the LiveKit server does not answer:\n{}", self.log());
    }
}

impl Drop for LiveKit {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.kill());
            drop(process.wait());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Whether a server listens there and is ready.
fn answers(port: u16) -> bool {
    let Ok(mut peer) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    peer.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && peer.write_all(request).is_ok()
        && peer.read_to_string(&mut answer).is_ok()
        && answer.ends_with("OK")
}

#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn server_binary() -> PathBuf {
    if let Ok(binary) = std::env::var("LIVEKIT_SERVER_BIN") {
        return binary.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("livekit-server"));
    let prepared = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../.data/bin/livekit-server"
    ));
    on_path
        .chain([prepared.clone()])
        .find(|binary| binary.is_file())
        .unwrap_or(prepared)
}
