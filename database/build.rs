//! Rebuilds the crate when a migration is added; the ones already embedded are watched anyway.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
