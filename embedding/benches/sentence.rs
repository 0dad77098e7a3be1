//! What a sentence costs: `cargo bench -p embedding`. The bars are 8 ms of CPU for 12 tokens and 25 ms for 88.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads the clock"
)]

use std::{path::Path, time::Instant};

use embedding::Embedder;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/minilm");
    if !folder.join("model.safetensors").exists() {
        println!(
            "no embedding model in {}: scripts/model minilm",
            folder.display()
        );
        return;
    }
    let embedder = Embedder::load(&folder).unwrap();
    for words in [10, 86] {
        let text = "card ".repeat(words);
        let mut times: Vec<f64> = (0..60)
            .map(|_| {
                let begun = Instant::now();
                std::hint::black_box(embedder.embed(&text));
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{} tokens: median {:.1} ms, best {:.1} ms",
            words + 2,
            times[30],
            times[0]
        );
    }
}
