//! Whether the record is what was written: chains of hashes, and anchors kept outside the database.
//!
//! ```text
//! rows of a session ──hash──> chain head ┐
//! ...                                    ├─ Merkle root ─signed─> anchor file, outside the database
//! audit log ────────hash──> last hash    ┘       every anchor names the one before it
//! ```
//!
//! The chain alone finds a row that was changed, dropped or swapped. Whoever owns the database can
//! compute a new chain; the anchors, which they cannot sign, find that, and a tail cut off
//! together with its session's numbers. Nothing here needs a key but the public one: hashes are of
//! ciphertext. Reading only; [`Anchors::write`] alone changes something.

mod anchor;
mod anchor_file;
mod audit_chain;
mod report;
mod session_chain;
mod verifier;

pub use self::{
    anchor::{Anchor, AnchoredHead},
    anchor_file::{AnchorError, Anchors},
    report::{Finding, Problem, VerifyReport},
    verifier::Verifier,
};
