//! The few header fields a router looks at (RFC 791, RFC 8200).

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::link::Packet;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where a packet goes, and what a link has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its destination.
    pub to: IpAddr,
    /// For the link model.
    pub packet: Packet,
}

impl Header {
    /// Reads the header of an IPv4 or IPv6 packet; nothing if it is neither or cut short.
    ///
    /// IPv6 extension headers are not followed: none of the lab's hosts sends any with UDP or TCP.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (protocol, from, to, transport) = match bytes.first()? >> 4 {
            4 => {
                let header = bytes.get(..20)?;
                let from = IpAddr::from(address::<4>(header, 12).map(Ipv4Addr::from)?);
                let to = IpAddr::from(address::<4>(header, 16).map(Ipv4Addr::from)?);
                let length = usize::from(header[0] & 15) * 4;
                let fragment = (header[6] & 0x1f) != 0 || header[7] != 0;
                (
                    header[9],
                    from,
                    to,
                    if fragment { &[] } else { bytes.get(length..)? },
                )
            }
            6 => {
                let header = bytes.get(..40)?;
                let from = IpAddr::from(address::<16>(header, 8).map(Ipv6Addr::from)?);
                let to = IpAddr::from(address::<16>(header, 24).map(Ipv6Addr::from)?);
                (header[6], from, to, &bytes[40..])
            }
            _ => return None,
        };
        let ports = if matches!(protocol, TCP | UDP) {
            transport.get(..4)
        } else {
            None
        };
        let mut hasher = DefaultHasher::new();
        (protocol, from, to, ports).hash(&mut hasher);
        let port = |at: usize| {
            let bytes = ports?.get(at..at + 2)?;
            Some(u16::from_be_bytes(bytes.try_into().ok()?))
        };
        let packet = Packet {
            len: bytes.len(),
            tcp: protocol == TCP,
            flow: hasher.finish(),
            ports: [port(0), port(2)],
        };
        Some(Self { to, packet })
    }
}

fn address<const N: usize>(header: &[u8], at: usize) -> Option<[u8; N]> {
    header.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipv4(protocol: u8, port: u8) -> Vec<u8> {
        let mut bytes = vec![
            0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 77, 1, 2, 10, 77, 2, 2,
        ];
        bytes.extend([0, port, 0, 80, 0, 8, 0, 0]);
        bytes
    }

    #[test]
    fn an_ipv4_header_names_destination_protocol_and_flow() {
        let header = Header::read(&ipv4(UDP, 1)).unwrap();
        assert_eq!(header.to, IpAddr::from([10, 77, 2, 2]));
        assert_eq!((header.packet.len, header.packet.tcp), (28, false));
        assert_eq!(header.packet.ports, [Some(1), Some(80)]);
        assert!(Header::read(&ipv4(TCP, 1)).unwrap().packet.tcp);
        assert_eq!(
            Header::read(&ipv4(1, 1)).unwrap().packet.ports,
            [None, None]
        );
        assert_ne!(
            header.packet.flow,
            Header::read(&ipv4(UDP, 2)).unwrap().packet.flow
        );
        assert_eq!(
            header.packet.flow,
            Header::read(&ipv4(UDP, 1)).unwrap().packet.flow
        );
    }

    #[test]
    fn an_ipv6_header_names_the_same() {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 8, UDP, 64];
        bytes.extend("fd77:1::2".parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend("fd77:2::2".parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend([0, 1, 0, 80, 0, 8, 0, 0]);
        let header = Header::read(&bytes).unwrap();
        assert_eq!(header.to, "fd77:2::2".parse::<IpAddr>().unwrap());
        assert_eq!((header.packet.len, header.packet.tcp), (48, false));
    }

    #[test]
    fn what_is_cut_short_or_no_ip_has_no_header() {
        let whole = ipv4(UDP, 1);
        assert!((0..20).all(|n| Header::read(&whole[..n]).is_none()));
        assert!(Header::read(&[0x60; 39]).is_none());
        assert!(Header::read(&[0x20; 60]).is_none());
        let mut long_header = whole;
        long_header[0] = 0x4f; // says 60 bytes of header
        assert!(Header::read(&long_header).is_none());
    }
}
