//! Which of the machine's addresses are offered to a peer (RFC 8445 section 5.1.1.1).

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use if_addrs::{IfAddr, IfOperStatus, Interface};

/// A machine with more addresses than this offers the first ones: each costs a socket and a
/// check for every address of the peer.
const MAX_ADDRESSES: usize = 6;

/// The flags of an IPv6 address in Linux's `/proc/net/if_inet6`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ipv6Flags(u8);

impl Ipv6Flags {
    /// A privacy address (RFC 8981), preferred for connections of one's own.
    const fn is_temporary(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Deprecated, not verified yet or found to be somebody else's (RFC 4862): for no new
    /// connection.
    const fn is_unfit(self) -> bool {
        self.0 & (0x20 | 0x40 | 0x08) != 0
    }
}

/// Reads the table of `/proc/net/if_inet6`. Lines that are none are left out.
pub(crate) fn ipv6_flags(table: &str) -> HashMap<Ipv6Addr, Ipv6Flags> {
    let read = |line: &str| {
        let mut fields = line.split_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        let flags = u16::from_str_radix(fields.nth(3)?, 16).ok()?;
        let [_, low] = flags.to_be_bytes();
        Some((Ipv6Addr::from(address), Ipv6Flags(low)))
    };
    table.lines().filter_map(read).collect()
}

/// The addresses to open a socket on, best first. Loopback stands in on a machine without a
/// network: beside others it is useless, as packets from an outer address of this machine reach
/// a server on 127.0.0.1 just as well.
pub(crate) fn usable(
    interfaces: &[Interface],
    flags: &HashMap<Ipv6Addr, Ipv6Flags>,
) -> Vec<IpAddr> {
    let flags_of = |ip: &IpAddr| match ip {
        IpAddr::V6(ip) => flags.get(ip).copied().unwrap_or_default(),
        IpAddr::V4(_) => Ipv6Flags::default(),
    };
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| interface.oper_status != IfOperStatus::Down)
        .filter(|interface| !interface.is_loopback() && !is_link_local(&interface.addr))
        .map(Interface::ip)
        .filter(|ip| !ip.is_unspecified() && !ip.is_multicast() && !flags_of(ip).is_unfit())
        .collect();
    addresses.sort_by_key(|ip| (ip.is_ipv6(), !flags_of(ip).is_temporary()));
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    if addresses.is_empty() {
        addresses.push(loopback(interfaces));
    }
    addresses
}

fn is_link_local(address: &IfAddr) -> bool {
    match address {
        IfAddr::V4(address) => address.ip.is_link_local(),
        IfAddr::V6(address) => address.ip.is_unicast_link_local(),
    }
}

fn loopback(interfaces: &[Interface]) -> IpAddr {
    let v4 = interfaces.iter().any(|interface| interface.ip().is_ipv4());
    if v4 || interfaces.is_empty() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv6Addr::LOCALHOST.into()
    }
}

#[cfg(test)]
mod tests {
    use if_addrs::{Ifv4Addr, Ifv6Addr};

    use super::*;

    fn interface(ip: &str) -> Interface {
        let addr = match ip.parse().unwrap() {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: Ipv4Addr::new(255, 255, 255, 0),
                prefixlen: 24,
                broadcast: None,
            }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr {
                ip,
                netmask: Ipv6Addr::UNSPECIFIED,
                prefixlen: 64,
                broadcast: None,
            }),
        };
        Interface {
            name: "eth0".to_owned(),
            addr,
            index: Some(1),
            oper_status: IfOperStatus::Up,
            is_p2p: false,
        }
    }

    /// The usable ones among addresses, as text.
    fn usable_of(addresses: &[&str], table: &str) -> Vec<String> {
        let interfaces: Vec<Interface> = addresses.iter().map(|ip| interface(ip)).collect();
        usable(&interfaces, &ipv6_flags(table))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn outer_addresses_of_both_families_are_offered() {
        let found = usable_of(&["127.0.0.1", "2001:db8::1", "192.0.2.1", "::1"], "");
        assert_eq!(found, ["192.0.2.1", "2001:db8::1"]);
    }

    #[test]
    fn link_local_addresses_are_not_offered() {
        let found = usable_of(&["fe80::1", "169.254.1.1", "2001:db8::1"], "");
        assert_eq!(found, ["2001:db8::1"]);
    }

    #[test]
    fn loopback_stands_in_where_there_is_nothing_else() {
        assert_eq!(
            usable_of(&["127.0.0.1", "::1", "fe80::1"], ""),
            ["127.0.0.1"]
        );
        assert_eq!(usable_of(&["::1"], ""), ["::1"]);
        assert_eq!(usable_of(&[], ""), ["127.0.0.1"]);
    }

    #[test]
    fn a_temporary_address_goes_first_and_a_deprecated_one_not_at_all() {
        let table = "20010db8000000000000000000000001 02 40 00 00 eth0\n\
             20010db8000000000000000000000002 02 40 00 01 eth0\n\
             20010db8000000000000000000000003 02 40 00 20 eth0\nrubbish\n";
        let found = usable_of(&["2001:db8::1", "2001:db8::2", "2001:db8::3"], table);
        assert_eq!(found, ["2001:db8::2", "2001:db8::1"]);
    }

    #[test]
    fn an_interface_that_is_down_is_left_out() {
        let mut down = interface("192.0.2.1");
        down.oper_status = IfOperStatus::Down;
        let found = usable(&[down, interface("192.0.2.2")], &HashMap::new());
        assert_eq!(found, ["192.0.2.2".parse::<IpAddr>().unwrap()]);
    }
}
