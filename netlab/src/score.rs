//! What came through: words understood, samples concealed, delay, recovery.
