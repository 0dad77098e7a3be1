//! `/api/calls`: what supervisors read of calls.

pub(crate) mod list;
pub(crate) mod record;
