//! What proofs of the record share: a writer that can be killed and a PostgreSQL that can be crashed.

pub(crate) mod program;
pub(crate) mod rehearsal;

#[path = "../support/cluster.rs"]
pub(crate) mod cluster;
#[path = "../support/fixtures.rs"]
pub(crate) mod fixtures;
#[path = "../support/proxy.rs"]
pub(crate) mod proxy;
#[path = "../support/words.rs"]
pub(crate) mod words;
