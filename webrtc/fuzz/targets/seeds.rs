//! Writes the inputs that fuzzing starts from into `corpus/`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for seed in libwebrtc::test_support::fuzzing::seeds() {
        let folder = corpus.join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(seed.name), &seed.bytes)?;
    }
    Ok(())
}
