//! The texts a language model receives, one struct per prompt.
