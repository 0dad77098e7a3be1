//! Damaged files are refused with a reason, and never reach whisper.cpp.

use std::io::Write as _;

use super::*;
use crate::test_support::sounds;

const FIXTURE: &str = "mini-whisper-q5_0.bin.gz";
const HEADER_FORMAT_AT: usize = 4 + 10 * 4;

fn fixture_bytes() -> Vec<u8> {
    ModelFile::open(&sounds::fixtures().join(FIXTURE))
        .expect("the fixture is valid")
        .bytes
}

/// Opens these bytes as a file and returns the refusal.
fn refusal(bytes: &[u8], name: &str) -> String {
    let path = std::env::temp_dir().join(format!("teller-{}-{name}.bin", std::process::id()));
    std::fs::File::create(&path)
        .and_then(|mut file| file.write_all(bytes))
        .expect("a temporary file can be written");
    let answer = ModelFile::open(&path);
    std::fs::remove_file(&path).expect("the temporary file is there");
    let refusal = answer
        .err()
        .unwrap_or_else(|| panic!("{name} was accepted"))
        .to_string();
    assert!(
        refusal.contains(&path.display().to_string()),
        "the refusal does not name the file: {refusal}"
    );
    refusal
}

#[test]
fn the_fixture_is_accepted_packed_and_unpacked() {
    let model = ModelFile::open(&sounds::fixtures().join(FIXTURE)).expect("the fixture is valid");
    assert_eq!(model.name(), "mini-whisper q5_0");
    assert_eq!(model.family(), Family::Small);
    let mut reader = Reader::new(&model.bytes);
    assert!(
        layout::check(&mut reader).is_ok(),
        "the unpacked bytes are not valid"
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = fixture_bytes();
    for cut in [
        0,
        3,
        30,
        5_000,
        70_000,
        400_000,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        let refusal = refusal(&whole[..cut], &format!("cut-{cut}"));
        assert!(refusal.contains("cut short"), "cut at {cut}: {refusal}");
    }
}

#[test]
fn a_file_without_tensors_is_refused() {
    let whole = fixture_bytes();
    let first = b"encoder.";
    let at = whole
        .windows(first.len())
        .position(|window| window == first)
        .expect("tensors have names");
    // The name is preceded by rank, name length, type and the dimensions.
    let tensors_at = (12..=28)
        .map(|back| at - back)
        .find(|&at| matches!(whole[at], 1..=4) && whole[at + 1..at + 4] == [0; 3]);
    let refusal = refusal(
        &whole[..tensors_at.expect("a tensor begins before its name")],
        "no-tensors",
    );
    assert!(refusal.contains("tensors are missing"), "{refusal}");
}

#[test]
fn other_files_and_dangerous_formats_are_refused() {
    assert!(refusal(b"RIFF....WAVEfmt ", "wave").contains("not a ggml file"));
    let mut plain_floats = fixture_bytes();
    plain_floats[HEADER_FORMAT_AT..HEADER_FORMAT_AT + 4].copy_from_slice(&0_u32.to_le_bytes());
    assert!(refusal(&plain_floats, "f32").contains("the number format is 0"));
    let mut huge = fixture_bytes();
    huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(refusal(&huge, "huge").contains("the width is 4294967295"));
    let mut longer = fixture_bytes();
    longer.extend_from_slice(&[1, 0, 0, 0]);
    assert!(refusal(&longer, "longer").contains("cut short"));
}

#[test]
fn a_damaged_archive_and_a_missing_file_are_named() {
    let packed = std::fs::read(sounds::fixtures().join(FIXTURE)).expect("the fixture is there");
    assert!(refusal(&packed[..packed.len() / 2], "half-gz").contains("cannot be read"));
    let missing = ModelFile::open(Path::new("/nonexistent/model.bin"))
        .err()
        .expect("nothing is there")
        .to_string();
    assert!(missing.contains("/nonexistent/model.bin"), "{missing}");
}
