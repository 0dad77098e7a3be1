//! Points at which a test makes the process die or the disk fail: see `test_support/faults.rs`. In a
//! build without the feature `test-support` every function here is empty and costs nothing.

#[cfg(feature = "test-support")]
pub use crate::test_support::faults::{armed, failing, point};
#[cfg(not(feature = "test-support"))]
pub use without_faults::{armed, failing, point};

#[cfg(not(feature = "test-support"))]
mod without_faults {
    /// The process dies here, if a test asked for it.
    #[inline]
    pub fn point(_label: &str) {}

    /// The next [`point`] of this label kills.
    #[inline]
    #[must_use]
    pub fn armed(_label: &str) -> bool {
        false
    }

    /// An operation of the disk that fails, if a test asked for it.
    ///
    /// # Errors
    /// What the test asked for.
    #[inline]
    pub fn failing(_label: &str) -> std::io::Result<()> {
        Ok(())
    }
}
