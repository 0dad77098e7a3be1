//! An anchor: one signed hash over the heads of all sessions that went on since the last one. Pure.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{RowHash, SessionId};

/// How far a session had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchoredHead {
    /// Which.
    pub session: SessionId,
    /// Its last message.
    pub seq: i32,
    /// That message's hash.
    pub hash: RowHash,
}

/// The last row of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AnchoredAudit {
    pub(super) id: i64,
    pub(super) hash: RowHash,
}

/// A line of an anchor file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// 1, 2, 3 … within a file.
    pub anchor: u64,
    /// Whose record.
    pub tenant: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// [`Self::digest`] of the line before; zeros in the first.
    pub before: RowHash,
    pub(super) audit: Option<AnchoredAudit>,
    /// Sessions that went on since the line before.
    pub heads: Vec<AnchoredHead>,
    /// Merkle root of `audit` and `heads`, in this order (RFC 6962, section 2.1): whoever keeps
    /// only this can be shown later that a session was part of it.
    pub root: RowHash,
    /// Ed25519 over everything but `heads` and `audit`, which the root stands for; hexadecimal.
    pub signature: String,
}

impl Anchor {
    /// Makes and signs the anchor that follows `last`.
    pub(super) fn sign(
        last: Option<(u64, RowHash)>,
        tenant: i32,
        at: DateTime<Utc>,
        audit: Option<AnchoredAudit>,
        heads: Vec<AnchoredHead>,
        key: &Ed25519KeyPair,
    ) -> Self {
        let (number, before) = last.unwrap_or((0, RowHash([0; 32])));
        let mut anchor = Self {
            anchor: number + 1,
            tenant,
            at: DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at),
            before,
            root: root(audit.as_ref(), &heads),
            audit,
            heads,
            signature: String::new(),
        };
        anchor.signature = hex::encode(key.sign(&anchor.signed_bytes()));
        anchor
    }

    /// What the next line names.
    #[must_use]
    pub fn digest(&self) -> RowHash {
        let mut hash = Sha256::new_with_prefix(self.signed_bytes());
        hash.update(self.signature.as_bytes());
        RowHash(hash.finalize().into())
    }

    /// What does not hold of this line, which follows `last`.
    pub(super) fn flaw(
        &self,
        last: Option<(u64, RowHash)>,
        public_key: &[u8],
    ) -> Option<&'static str> {
        let signature = hex::decode(&self.signature).unwrap_or_default();
        let signed = UnparsedPublicKey::new(&ED25519, public_key)
            .verify(&self.signed_bytes(), &signature)
            .is_ok();
        if !signed {
            return Some("the signature is not of this key file, or the line was changed");
        }
        if root(self.audit.as_ref(), &self.heads) != self.root {
            return Some("the hashes do not make up the signed root");
        }
        let (number, before) = last.unwrap_or((0, RowHash([0; 32])));
        if (self.anchor, self.before) != (number + 1, before) {
            return Some("it does not follow the line before: lines are missing or were moved");
        }
        None
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut out = b"teller/anchor/1".to_vec();
        out.extend_from_slice(&self.tenant.to_be_bytes());
        out.extend_from_slice(&self.anchor.to_be_bytes());
        out.extend_from_slice(&self.at.timestamp_micros().to_be_bytes());
        out.extend_from_slice(&self.before.0);
        out.extend_from_slice(&self.root.0);
        out
    }
}

fn root(audit: Option<&AnchoredAudit>, heads: &[AnchoredHead]) -> RowHash {
    let mut leaves = Vec::with_capacity(heads.len() + 1);
    leaves.extend(audit.map(|audit| {
        let mut leaf = Sha256::new_with_prefix(b"\0audit");
        leaf.update(audit.id.to_be_bytes());
        leaf.update(audit.hash.0);
        <[u8; 32]>::from(leaf.finalize())
    }));
    leaves.extend(heads.iter().map(|head| {
        let mut leaf = Sha256::new_with_prefix(b"\0session");
        leaf.update(head.session.0.as_bytes());
        leaf.update(head.seq.to_be_bytes());
        leaf.update(head.hash.0);
        <[u8; 32]>::from(leaf.finalize())
    }));
    RowHash(merkle(leaves))
}

/// Level by level; a node without a partner moves up as it is.
fn merkle(mut level: Vec<[u8; 32]>) -> [u8; 32] {
    if level.is_empty() {
        return Sha256::digest([]).into();
    }
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => {
                    let mut node = Sha256::new_with_prefix([1]);
                    node.update(left);
                    node.update(right);
                    node.finalize().into()
                }
                alone => alone[0],
            })
            .collect();
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keyring;

    fn heads(n: u128) -> Vec<AnchoredHead> {
        (0..n)
            .map(|i| AnchoredHead {
                session: SessionId(uuid::Uuid::from_u128(i)),
                seq: 3,
                hash: RowHash([7; 32]),
            })
            .collect()
    }

    #[test]
    fn every_change_of_a_signed_line_is_noticed() {
        let keys = Keyring::ephemeral().expect("random bytes");
        for count in [0, 1, 2, 3, 5, 8] {
            let first = Anchor::sign(
                None,
                1,
                DateTime::UNIX_EPOCH,
                None,
                heads(count),
                keys.signing_key(),
            );
            assert_eq!(first.flaw(None, keys.public_key()), None, "{count} heads");
            let after = Some((1, first.digest()));
            let audit = Some(AnchoredAudit {
                id: 4,
                hash: RowHash([1; 32]),
            });
            let line = Anchor::sign(
                after,
                1,
                DateTime::UNIX_EPOCH,
                audit,
                heads(count),
                keys.signing_key(),
            );
            assert_eq!(line.flaw(after, keys.public_key()), None, "{count} heads");
            let changes: [fn(&mut Anchor); 8] = [
                |a| a.anchor += 1,
                |a| a.tenant = 2,
                |a| a.at += chrono::TimeDelta::microseconds(1),
                |a| a.before = RowHash([9; 32]),
                |a| a.root = RowHash([9; 32]),
                |a| a.audit = None,
                |a| a.heads.push(heads(1)[0]),
                |a| a.signature = "00".repeat(64),
            ];
            for (i, change) in changes.into_iter().enumerate() {
                let mut changed = line.clone();
                change(&mut changed);
                assert!(
                    changed.flaw(after, keys.public_key()).is_some(),
                    "change {i} of {count} heads"
                );
            }
            assert!(
                line.flaw(None, keys.public_key()).is_some(),
                "a line before was removed"
            );
            let other = Keyring::ephemeral().expect("random bytes");
            assert!(
                line.flaw(after, other.public_key()).is_some(),
                "another key"
            );
        }
    }
}
