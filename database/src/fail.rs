//! Points at which a test makes the process die or the disk fail: see `test_support/faults.rs`. In a
//! build without the feature `test-support` every function here is empty and costs nothing.

#[cfg(feature = "test-support")]
use crate::test_support::faults;

/// The process dies here, if a test asked for it.
#[inline]
pub fn point(label: &str) {
    #[cfg(feature = "test-support")]
    faults::point(label);
    #[cfg(not(feature = "test-support"))]
    let _unused = label;
}

/// The next [`point`] of this label kills.
#[inline]
#[must_use]
pub fn armed(label: &str) -> bool {
    #[cfg(feature = "test-support")]
    return faults::armed(label);
    #[cfg(not(feature = "test-support"))]
    {
        let _unused = label;
        false
    }
}

/// An operation of the disk that fails, if a test asked for it.
///
/// # Errors
/// What the test asked for.
#[inline]
pub fn failing(label: &str) -> std::io::Result<()> {
    #[cfg(feature = "test-support")]
    return faults::failing(label);
    #[cfg(not(feature = "test-support"))]
    {
        let _unused = label;
        Ok(())
    }
}
