//! Hearing, turn-taking and speech.
//!
//! [`listen`] turns frames of the caller's audio into utterances and words, [`turn`] decides who
//! speaks when, [`speak`] turns sentences into paced frames and reports what was heard of them. [`echo`] knows the agent's
//! own voice when it comes back.

pub mod echo;
pub mod listen;
pub mod speak;
#[cfg(any(test, feature = "test-support"))]
pub mod test_support;
pub mod turn;
