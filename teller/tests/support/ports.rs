//! Ports for servers that tests start.

use std::{
    fs::{File, TryLockError},
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpListener, UdpSocket},
};

/// The lowest port, and how many there are: all below those of outgoing connections (32768 and more on
/// Linux), which would take one now and then.
const PORTS: (u16, u16) = (12_000, 20_000);

/// A port of the loopback address that nobody else is given before this is dropped, in no process of the
/// tests; TCP and UDP.
#[derive(Debug)]
pub(crate) struct Port {
    /// Its number.
    pub(crate) number: u16,
    /// Locked; the file stays, for others to lock.
    _held: File,
}

impl Port {
    /// A port on which nobody listens.
    ///
    /// # Panics
    /// When the temporary folder is not writable, or no port is free.
    pub(crate) fn reserve() -> Self {
        let folder = std::env::temp_dir().join("teller-test-ports");
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        for attempt in 0..1_000 {
            let drawn = RandomState::new().hash_one(attempt) % u64::from(PORTS.1);
            let number = PORTS.0 + u16::try_from(drawn).expect("less than the number of ports");
            let file = File::create(folder.join(number.to_string())).expect("a lock file");
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => panic!("locking a port's file: {error}"),
            }
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, number));
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, number));
            if tcp.is_ok() && udp.is_ok() {
                return Self {
                    number,
                    _held: file,
                };
            }
        }
        panic!("no free port of {PORTS:?}");
    }

    /// As settings have it.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.number)
    }
}
