//! STUN messages (RFC 8489) as servers are asked and answer. Checks between peers are the ICE
//! agent's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// MESSAGE-INTEGRITY with its header.
const INTEGRITY: usize = 24;

/// What ties an answer to its request.
pub(crate) type TransactionId = [u8; 12];

/// The key of long-term credentials.
pub(crate) type Key = [u8; 16];

/// Method numbers (RFC 8489 section 18.2, RFC 8656 section 17).
pub(crate) mod method {
    pub(crate) const BINDING: u16 = 0x001;
    pub(crate) const ALLOCATE: u16 = 0x003;
    pub(crate) const REFRESH: u16 = 0x004;
    pub(crate) const DATA: u16 = 0x007;
    pub(crate) const CHANNEL_BIND: u16 = 0x009;
}

/// Attribute types (RFC 8489 section 18.3, RFC 8656 section 18).
pub(crate) mod attribute {
    pub(crate) const USERNAME: u16 = 0x0006;
    pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(crate) const ERROR_CODE: u16 = 0x0009;
    pub(crate) const CHANNEL_NUMBER: u16 = 0x000c;
    pub(crate) const LIFETIME: u16 = 0x000d;
    pub(crate) const PEER_ADDRESS: u16 = 0x0012;
    pub(crate) const DATA: u16 = 0x0013;
    pub(crate) const REALM: u16 = 0x0014;
    pub(crate) const NONCE: u16 = 0x0015;
    pub(crate) const RELAYED_ADDRESS: u16 = 0x0016;
    pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
    pub(crate) const MAPPED_ADDRESS: u16 = 0x0020;
    /// The sender of this check is not the side that chooses (RFC 8445 section 16.1).
    pub(crate) const ICE_CONTROLLED: u16 = 0x8029;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// A packet is not a whole STUN message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StunError {
    #[error("shorter than a header")]
    Short,
    #[error("no STUN header")]
    NotStun,
    #[error("the length does not fit the packet")]
    Length,
}

/// A message as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) class: Class,
    pub(crate) method: u16,
    pub(crate) id: TransactionId,
    raw: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    ///
    /// For one that is not a whole message, header and attributes.
    pub(crate) fn parse(raw: &'a [u8]) -> Result<Self, StunError> {
        let header: &[u8; HEADER] = raw.first_chunk().ok_or(StunError::Short)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        if kind & 0xc000 != 0 || header[4..8] != COOKIE {
            return Err(StunError::NotStun);
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if length % 4 != 0 || raw.len() != HEADER + length {
            return Err(StunError::Length);
        }
        let class = match (kind >> 7 & 2) | (kind >> 4 & 1) {
            0 => Class::Request,
            1 => Class::Indication,
            2 => Class::Success,
            _ => Class::Error,
        };
        let mut id = TransactionId::default();
        id.copy_from_slice(&header[8..]);
        let message = Self {
            class,
            method: (kind & 0x000f) | (kind >> 1 & 0x0070) | (kind >> 2 & 0x0f80),
            id,
            raw,
        };
        let end = message
            .attributes()
            .last()
            .map_or(HEADER, |(at, _, value)| {
                at + 4 + value.len().next_multiple_of(4)
            });
        if end == raw.len() {
            Ok(message)
        } else {
            Err(StunError::Length)
        }
    }

    /// Position, type and value of each attribute, up to the first that does not fit.
    fn attributes(&self) -> impl Iterator<Item = (usize, u16, &'a [u8])> {
        let raw = self.raw;
        let mut at = HEADER;
        std::iter::from_fn(move || {
            let header: &[u8; 4] = raw.get(at..)?.first_chunk()?;
            let kind = u16::from_be_bytes([header[0], header[1]]);
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let value = raw.get(at + 4..at + 4 + length)?;
            let here = at;
            at += 4 + length.next_multiple_of(4);
            Some((here, kind, value))
        })
    }

    /// The value of an attribute.
    pub(crate) fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes()
            .find_map(|(_, found, value)| (found == kind).then_some(value))
    }

    /// A whole number of 32 bits.
    pub(crate) fn number(&self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(kind)?.try_into().ok()?))
    }

    /// An address under the XOR of RFC 8489 section 14.2.
    pub(crate) fn address(&self, kind: u16) -> Option<SocketAddr> {
        let [_, family, high, low, ip @ ..] = self.get(kind)? else {
            return None;
        };
        let port = u16::from_be_bytes([high ^ COOKIE[0], low ^ COOKIE[1]]);
        let mask = COOKIE.iter().chain(&self.id);
        let plain: Vec<u8> = ip
            .iter()
            .zip(mask)
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        let ip = match family {
            1 => IpAddr::from(<[u8; 4]>::try_from(plain.as_slice()).ok()?),
            2 => IpAddr::from(<[u8; 16]>::try_from(plain.as_slice()).ok()?),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// Code and reason of an error, e.g. `(401, "Unauthorized")`.
    pub(crate) fn error(&self) -> Option<(u16, String)> {
        let [_, _, class, number, reason @ ..] = self.get(attribute::ERROR_CODE)? else {
            return None;
        };
        let code = u16::from(class & 7) * 100 + u16::from(*number);
        Some((code, String::from_utf8_lossy(reason).into_owned()))
    }

    /// Whether somebody with the key wrote it (RFC 8489 section 14.5). What follows the proof
    /// is not covered by it and must not be trusted; nothing here reads it.
    pub(crate) fn is_from(&self, key: &Key) -> bool {
        let Some((at, _, proof)) = self
            .attributes()
            .find(|(_, kind, _)| *kind == attribute::MESSAGE_INTEGRITY)
        else {
            return false;
        };
        let mut covered = self.raw[..at].to_vec();
        set_length(&mut covered, at + INTEGRITY - HEADER);
        // The time of this comparison reveals nothing that helps: one guess is one transaction.
        proof == integrity(key, &covered)
    }
}

/// A message to send.
#[derive(Debug)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    pub(crate) fn request(method: u16, id: TransactionId) -> Self {
        let kind = (method & 0x000f) | (method & 0x0070) << 1 | (method & 0x0f80) << 2;
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&COOKIE);
        bytes.extend_from_slice(&id);
        Self { bytes }
    }

    /// The same message as another class: what a server says, for hostile input.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of(mut self, class: Class) -> Self {
        let bits: [u8; 2] = match class {
            Class::Request => [0, 0],
            Class::Indication => [0, 0x10],
            Class::Success => [1, 0],
            Class::Error => [1, 0x10],
        };
        for (byte, bits) in self.bytes.iter_mut().zip(bits) {
            *byte |= bits;
        }
        self
    }

    /// Adds an attribute; one of more than 64 KiB is left out.
    #[must_use]
    pub(crate) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        if let Ok(length) = u16::try_from(value.len()) {
            self.bytes.extend_from_slice(&kind.to_be_bytes());
            self.bytes.extend_from_slice(&length.to_be_bytes());
            self.bytes.extend_from_slice(value);
            self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        }
        self
    }

    #[must_use]
    pub(crate) fn with_address(self, kind: u16, address: SocketAddr) -> Self {
        let mut value = vec![0, if address.is_ipv4() { 1 } else { 2 }];
        value.extend_from_slice(&address.port().to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => value.extend_from_slice(&Ipv4Addr::octets(&ip)),
            IpAddr::V6(ip) => value.extend_from_slice(&Ipv6Addr::octets(&ip)),
        }
        for (byte, mask) in value[2..4].iter_mut().zip(COOKIE) {
            *byte ^= mask;
        }
        let mask: Vec<u8> = self.bytes[4..HEADER].to_vec();
        for (byte, mask) in value[4..].iter_mut().zip(mask) {
            *byte ^= mask;
        }
        self.with(kind, &value)
    }

    /// The finished message, with a proof of the key if there is one.
    pub(crate) fn finish(mut self, key: Option<&Key>) -> Vec<u8> {
        if let Some(key) = key {
            let length = self.bytes.len() + INTEGRITY - HEADER;
            set_length(&mut self.bytes, length);
            let proof = integrity(key, &self.bytes);
            self = self.with(attribute::MESSAGE_INTEGRITY, &proof);
        }
        let length = self.bytes.len() - HEADER;
        set_length(&mut self.bytes, length);
        self.bytes
    }
}

/// The key of long-term credentials (RFC 8489 section 9.2.2, with MD5).
pub(crate) fn long_term_key(user: &str, realm: &[u8], password: &str) -> Key {
    use md5::{Digest, Md5};
    let mut digest = Md5::new();
    digest.update(user);
    digest.update(":");
    digest.update(realm);
    digest.update(":");
    digest.update(password);
    digest.finalize().into()
}

fn integrity(key: &Key, covered: &[u8]) -> [u8; 20] {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mut proof = [0; 20];
    for (to, from) in proof.iter_mut().zip(hmac::sign(&key, covered).as_ref()) {
        *to = *from;
    }
    proof
}

fn set_length(message: &mut [u8], length: usize) {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    message[2..4].copy_from_slice(&length);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A server's answer to a request.
    pub(crate) fn answer(class: Class, method: u16, id: TransactionId) -> Builder {
        let mut builder = Builder::request(method, id);
        match class {
            Class::Success => builder.bytes[0] |= 1,
            Class::Error => {
                builder.bytes[0] |= 1;
                builder.bytes[1] |= 0x10;
            }
            Class::Indication => builder.bytes[1] |= 0x10,
            Class::Request => {}
        }
        builder
    }

    #[test]
    fn a_message_reads_as_it_was_written() {
        let id = [7; 12];
        let key = long_term_key("user", b"realm", "pass");
        let v6: SocketAddr = "[2001:db8::5]:4711".parse().unwrap();
        let v4: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let bytes = answer(Class::Success, method::CHANNEL_BIND, id)
            .with(attribute::LIFETIME, &600_u32.to_be_bytes())
            .with_address(attribute::PEER_ADDRESS, v6)
            .with_address(attribute::MAPPED_ADDRESS, v4)
            .with(attribute::REALM, b"odd")
            .finish(Some(&key));
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(
            (message.class, message.method, message.id),
            (Class::Success, method::CHANNEL_BIND, id)
        );
        assert_eq!(message.number(attribute::LIFETIME), Some(600));
        assert_eq!(message.address(attribute::PEER_ADDRESS), Some(v6));
        assert_eq!(message.address(attribute::MAPPED_ADDRESS), Some(v4));
        assert_eq!(message.get(attribute::REALM), Some(&b"odd"[..]));
        assert!(message.is_from(&key));
        assert!(!message.is_from(&long_term_key("user", b"realm", "other")));
    }

    #[test]
    fn the_key_and_the_proof_are_those_of_the_rfc() {
        // RFC 8489 section 9.2.2 gives the key of this user; RFC 5769 section 2.4 the message.
        assert_eq!(
            long_term_key("user", b"realm", "pass"),
            [
                0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb, 0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc,
                0x40, 0xeb
            ]
        );
    }

    #[test]
    fn an_error_has_a_code_and_a_reason() {
        let bytes = answer(Class::Error, method::ALLOCATE, [1; 12])
            .with(attribute::ERROR_CODE, b"\0\0\x04\x26Stale Nonce")
            .finish(None);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.class, Class::Error);
        assert_eq!(message.error(), Some((438, "Stale Nonce".to_owned())));
    }

    #[test]
    fn cut_and_spoilt_messages_are_refused_without_harm() {
        let key = [3; 16];
        let whole = answer(Class::Success, method::ALLOCATE, [9; 12])
            .with_address(attribute::RELAYED_ADDRESS, "192.0.2.1:9".parse().unwrap())
            .finish(Some(&key));
        for end in 0..whole.len() {
            assert!(Message::parse(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut spoilt = whole.clone();
                if std::mem::replace(&mut spoilt[at], value) == value {
                    continue;
                }
                if let Ok(message) = Message::parse(&spoilt) {
                    assert!(!message.is_from(&key), "byte {at} is not covered");
                    message.address(attribute::RELAYED_ADDRESS);
                    message.error();
                    message.number(attribute::LIFETIME);
                }
            }
        }
    }
}
