//! The receive path as a whole: speech over bad networks in virtual time.

mod lab;
pub(super) mod support;
