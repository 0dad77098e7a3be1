//! What tests and fuzz targets need of this crate; not for applications.

pub mod fuzzing;
