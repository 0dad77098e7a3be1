//! TUN devices inside namespaces: the lab's one file with `unsafe`.
#![expect(unsafe_code, reason = "TUNSETIFF has no safe wrapper")]

use std::{
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags},
    ioctl::{Setter, ioctl, opcode},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

const IFF_TUN: u16 = 0x0001;
/// Packets as they are, without four bytes before each.
const IFF_NO_PI: u16 = 0x1000;
const TUNSETIFF: rustix::ioctl::Opcode = opcode::write::<i32>(b'T', 202);

/// `struct ifreq` as far as TUNSETIFF reads it: a name and flags, in 40 bytes.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

/// Runs `work` on a thread of its own inside a network namespace (a name as in `ip netns`).
///
/// # Errors
/// When the namespace does not exist or may not be entered, and those of `work`.
pub fn inside<T: Send + 'static>(
    namespace: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let place = File::open(Path::new("/run/netns").join(namespace))?;
    let thread = std::thread::spawn(move || {
        move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network))?;
        work()
    });
    thread
        .join()
        .map_err(|_| io::Error::other("the thread in the namespace panicked"))?
}

/// Makes a TUN device in a namespace; it lives as long as the handle. Reads do not block.
///
/// # Errors
/// When the namespace or `/dev/net/tun` is missing, or root's rights are.
pub fn create(namespace: &str, name: &str) -> io::Result<OwnedFd> {
    let mut request = InterfaceRequest {
        name: [0; 16],
        flags: IFF_TUN | IFF_NO_PI,
        rest: [0; 22],
    };
    if name.len() >= request.name.len() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a device's name has at most 15 bytes",
        ));
    }
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    inside(namespace, move || {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let tun = rustix::fs::open("/dev/net/tun", flags, Mode::empty())?;
        // SAFETY: TUNSETIFF reads a `struct ifreq`, which `InterfaceRequest` is in size and layout.
        unsafe { ioctl(&tun, Setter::<TUNSETIFF, InterfaceRequest>::new(request))? };
        Ok(tun)
    })
}
