//! What neural networks are made of: products of matrices in single precision, and what is done to their rows.
//!
//! Two networks stand on it: `embedding`'s MiniLM and `voice`'s end of turn. A matrix is its rows after one another in one
//! vector. Sums run in AVX-512 or AVX2 registers where the processor has them, else in plain loops; nothing here starts a
//! thread, and nothing is kept between calls.

mod product;
mod rows;

pub use product::{Panels, View};
pub use rows::{add, gelu, normalize, softmax};
