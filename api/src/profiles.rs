//! `/api/profiles`: who a caller is, how their profiles came together, and taking that apart.

pub(crate) mod history;
pub(crate) mod unmerge;
