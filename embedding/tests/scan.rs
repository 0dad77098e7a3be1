//! A scan finds what comparing all in full finds, whatever the vectors.
#![expect(
    clippy::cast_precision_loss,
    reason = "numbers of a generator need few digits"
)]

use std::path::Path;

use embedding::{Embedder, Near, Scan, Vector};

const NUMBERS: usize = 384;

/// A small generator, so that a failure repeats (xorshift64).
struct Random(u64);

impl Random {
    fn vector(&mut self) -> Vector {
        let mut number = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        };
        Vector::new((0..NUMBERS).map(|_| number()).collect())
    }

    /// Around this one; at a spread of 1 it is forgotten by half.
    fn around(&mut self, middle: &Vector, spread: f32) -> Vector {
        middle.leaning_on(&self.vector(), spread)
    }

    /// Texts of as many documents, some of each near one another.
    fn texts(&mut self, documents: usize, of_each: usize, spread: f32) -> Vec<Vector> {
        let mut texts = Vec::new();
        for _ in 0..documents {
            let middle = self.vector();
            texts.extend((0..of_each).map(|_| self.around(&middle, spread)));
        }
        texts
    }
}

/// The scan's answers are those of comparing all in full.
fn check(vectors: &[Vector], queries: &[Vector], what: &str) {
    let scan = Scan::new(vectors.to_vec());
    assert_eq!(scan.len(), vectors.len(), "{what}");
    for (number, query) in queries.iter().enumerate() {
        let near = vectors.iter().enumerate().map(|(at, vector)| Near {
            at,
            nearness: vector.nearness(query),
        });
        let mut full: Vec<Near> = near.collect();
        full.sort_by(|a, b| b.nearness.total_cmp(&a.nearness));
        for k in [0, 1, 10, 300, usize::MAX] {
            let wanted = &full[..k.min(full.len())];
            let found = scan.nearest(query, k);
            let differs = found.iter().zip(wanted).find(|(a, b)| a != b);
            assert!(
                found.len() == wanted.len() && differs.is_none(),
                "{what}, query {number}: {k} nearest are {}, not {}: {differs:?}",
                found.len(),
                wanted.len()
            );
        }
    }
}

#[test]
fn the_nearest_are_found_among_texts_of_many_documents() {
    let mut random = Random(0x5eed_cafe);
    let texts = random.texts(200, 20, 1.0);
    let queries = (0..20).map(|at| random.around(&texts[at * 150], 0.8));
    check(&texts, &queries.collect::<Vec<_>>(), "texts");
}

/// Nearer to one another than 8 bits can tell.
#[test]
fn texts_that_say_nearly_the_same_are_told_apart() {
    let mut random = Random(0xabad_1dea);
    for spread in [1e-2, 1e-3, 1e-5] {
        let texts = random.texts(2, 1_000, spread);
        let queries = [
            random.around(&texts[0], 0.8),
            texts[1].clone(),
            random.vector(),
        ];
        check(&texts, &queries, &format!("a spread of {spread}"));
    }
}

#[test]
fn equal_texts_come_in_their_order() {
    let mut random = Random(0xdead_10cc);
    let texts = vec![random.vector(); 1_000];
    check(&texts, &[random.around(&texts[0], 0.5)], "equal texts");
}

/// Most of its length in one number, which rounds all others off.
#[test]
fn vectors_that_bytes_hold_badly_are_found_too() {
    let mut random = Random(0xfeed_f00d);
    let mut steep = Vec::new();
    for vector in random.texts(30, 30, 0.3) {
        let mut numbers = vector.numbers().to_vec();
        numbers[7] += 20.0;
        steep.push(Vector::new(numbers));
    }
    // One that bytes hold whole: only the rows are rounded.
    let mut axis = vec![0.0; NUMBERS];
    axis[3] = 1.0;
    let queries = [
        Vector::new(axis),
        steep[3].clone(),
        random.vector(),
        random.around(&steep[9], 0.1),
    ];
    check(&steep, &queries, "steep vectors");
}

#[test]
fn vectors_without_length_or_of_another_are_compared_as_ever() {
    let mut random = Random(0x0dd5);
    let nothing = Vector::new(vec![0.0; NUMBERS]);
    let short = Vector::new(vec![0.6, 0.8]);
    let mut texts = random.texts(30, 10, 1.0);
    texts.extend([nothing.clone(), short.clone(), short.clone()]);
    let against = Vector::new(texts[0].numbers().iter().map(|x| -x).collect());
    let none = Vector::new(Vec::new());
    let queries = [texts[0].clone(), against, nothing, short, none];
    check(&texts, &queries, "odd vectors");
    check(&[], &queries, "no vectors");
    assert!(Scan::default().is_empty());
    assert_eq!(format!("{:?}", Scan::new(texts)), "Scan(303 vectors)");
}

#[test]
fn the_nearest_of_real_sentences_are_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/minilm");
    if !folder.join("model.safetensors").exists() {
        return;
    }
    let model = Embedder::load(&folder).expect("the model is whole");
    let mut texts = Vec::new();
    for asked in ["how do I", "can I", "what does it cost to"] {
        for deed in ["renew", "return", "reserve", "find", "lose"] {
            for thing in ["a book", "my books", "a film", "the map"] {
                for end in ["", " today"] {
                    texts.push(model.embed(&format!("{asked} {deed} {thing}{end}")));
                }
            }
        }
    }
    let queries = ["I lost a book", "is the desk open", "the film is overdue"];
    check(
        &texts,
        &queries.map(|query| model.embed(query)),
        "sentences",
    );
}
