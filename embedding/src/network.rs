//! The network: six layers of BERT over a text's tokens, then their mean.
//!
//! Shapes: `n` tokens, 384 numbers each, twelve heads of 32, all row after row in one vector. A linear layer's weight is
//! stored as (outputs, inputs).

use std::ops::Range;

use matrix::{Panels, View, add, gelu, normalize, softmax};
use safetensors::{Dtype, SafeTensors};

const LAYERS: usize = 6;
pub(crate) const SIZE: usize = 384;
const INNER: usize = 1536;
const HEADS: usize = 12;
const HEAD: usize = SIZE / HEADS;
/// Of the model's configuration.
const EPSILON: f32 = 1e-12;

/// All weights.
pub(crate) struct Network {
    words: Vec<f32>,
    places: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value beside each other.
    asked: Panels,
    attended: Panels,
    attended_norm: Norm,
    inner: Panels,
    outer: Panels,
    outer_norm: Norm,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Network {
    /// From a `safetensors` file of 32-bit weights.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let weights = Weights(&file);
        let mut places = weights.matrix("embeddings.position_embeddings", SIZE)?;
        // Every token is of the first of two kinds of sentences.
        let kinds = weights.matrix("embeddings.token_type_embeddings", SIZE)?;
        for place in places.chunks_exact_mut(SIZE) {
            add(place, &kinds);
        }
        let layers = (0..LAYERS).map(|at| Layer::new(&weights, at));
        Ok(Self {
            words: weights.matrix("embeddings.word_embeddings", SIZE)?,
            places,
            norm: weights.norm("embeddings.LayerNorm")?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// Words it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.words.len() / SIZE
    }

    /// The mean of what the tokens of each text mean beside each other. Tokens beyond its words or places count as none.
    /// Several texts at once cost less than one by one: products of more rows are quicker by the row.
    pub(crate) fn means(&self, texts: &[Vec<usize>]) -> Vec<Vec<f32>> {
        let (mut x, mut ranges): (Vec<f32>, Vec<Range<usize>>) = Default::default();
        for tokens in texts {
            let from = x.len() / SIZE;
            for (token, place) in tokens.iter().zip(self.places.chunks_exact(SIZE)) {
                let Some(word) = self.words.chunks_exact(SIZE).nth(*token) else {
                    continue;
                };
                x.extend(word.iter().zip(place).map(|(word, place)| word + place));
            }
            ranges.push(from..x.len() / SIZE);
        }
        self.norm.apply(&mut x);
        for layer in &self.layers {
            x = layer.apply(&x, &ranges);
        }
        let means = ranges.into_iter().map(|range| {
            let mut mean = vec![0.0; SIZE];
            let count = range.len().max(1) as f32;
            for row in x[range.start * SIZE..range.end * SIZE].chunks_exact(SIZE) {
                add(&mut mean, row);
            }
            mean.iter_mut().for_each(|sum| *sum /= count);
            mean
        });
        means.collect()
    }
}

impl Layer {
    fn new(weights: &Weights<'_>, at: usize) -> Result<Self, String> {
        let name = |part: &str| format!("encoder.layer.{at}.{part}");
        let linear = |parts: &[&str], outputs, inputs| {
            let names: Vec<String> = parts.iter().map(|part| name(part)).collect();
            weights.linear(&names, outputs, inputs)
        };
        let asked = [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
        ];
        Ok(Self {
            asked: linear(&asked, SIZE, SIZE)?,
            attended: linear(&["attention.output.dense"], SIZE, SIZE)?,
            attended_norm: weights.norm(&name("attention.output.LayerNorm"))?,
            inner: linear(&["intermediate.dense"], INNER, SIZE)?,
            outer: linear(&["output.dense"], SIZE, INNER)?,
            outer_norm: weights.norm(&name("output.LayerNorm"))?,
        })
    }

    /// `texts` are the rows of each text.
    fn apply(&self, x: &[f32], texts: &[Range<usize>]) -> Vec<f32> {
        let attended = self.attend(x, texts);
        let mut y = self.attended.product(View::all(&attended, SIZE));
        add(&mut y, x);
        self.attended_norm.apply(&mut y);
        let mut inner = self.inner.product(View::all(&y, SIZE));
        gelu(&mut inner);
        let mut z = self.outer.product(View::all(&inner, INNER));
        add(&mut z, &y);
        self.outer_norm.apply(&mut z);
        z
    }

    /// Each token takes from the others of its text what it asks them for.
    fn attend(&self, x: &[f32], texts: &[Range<usize>]) -> Vec<f32> {
        let asked = self.asked.product(View::all(x, SIZE));
        let scale = 1.0 / f32::from(u8::try_from(HEAD).unwrap_or(u8::MAX)).sqrt();
        let mut out = vec![0.0; x.len()];
        for rows in texts.iter().filter(|rows| !rows.is_empty()) {
            for head in 0..HEADS {
                // Of query, key or value, this head's part.
                let part = |of: usize| View {
                    numbers: &asked[rows.start * 3 * SIZE + of * SIZE + head * HEAD..],
                    stride: 3 * SIZE,
                    rows: rows.len(),
                    columns: HEAD,
                };
                let keys = Panels::of_outputs(part(1), &[]);
                let mut scores = keys.product(part(0));
                softmax(&mut scores, rows.len(), scale);
                let values = Panels::of_inputs(part(2));
                let to = &mut out[rows.start * SIZE + head * HEAD..];
                values.product_into(View::all(&scores, rows.len()), to, SIZE);
            }
        }
        out
    }
}

impl Norm {
    fn apply(&self, rows: &mut [f32]) {
        normalize(rows, &self.weight, &self.bias, EPSILON);
    }
}

/// The tensors of a file, by name and shape.
struct Weights<'a>(&'a SafeTensors<'a>);

impl Weights<'_> {
    fn numbers(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
        let tensor = self.0.tensor(name).map_err(|error| error.to_string())?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("{name} is {:?}, not F32", tensor.dtype()));
        }
        let (numbers, _) = tensor.data().as_chunks::<4>();
        let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
        Ok((tensor.shape().to_vec(), numbers.collect()))
    }

    /// `name.weight`, any number of rows of `columns` numbers.
    fn matrix(&self, name: &str, columns: usize) -> Result<Vec<f32>, String> {
        let name = format!("{name}.weight");
        let (shape, numbers) = self.numbers(&name)?;
        match &*shape {
            [rows, width] if *width == columns && *rows > 0 => Ok(numbers),
            _ => Err(format!(
                "{name} has the shape {shape:?}, not (any, {columns})"
            )),
        }
    }

    fn row(&self, name: &str, length: usize) -> Result<Vec<f32>, String> {
        let (shape, numbers) = self.numbers(name)?;
        if shape != [length] {
            return Err(format!("{name} has the shape {shape:?}, not ({length})"));
        }
        Ok(numbers)
    }

    /// Linear layers of as many outputs each, beside each other.
    fn linear(&self, names: &[String], outputs: usize, inputs: usize) -> Result<Panels, String> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            let weight = self.matrix(name, inputs)?;
            let found = weight.len() / inputs;
            if found != outputs {
                return Err(format!("{name} has {found} outputs, not {outputs}"));
            }
            weights.extend(weight);
            bias.extend(self.row(&format!("{name}.bias"), outputs)?);
        }
        Ok(Panels::of_outputs(View::all(&weights, inputs), &bias))
    }

    fn norm(&self, name: &str) -> Result<Norm, String> {
        Ok(Norm {
            weight: self.row(&format!("{name}.weight"), SIZE)?,
            bias: self.row(&format!("{name}.bias"), SIZE)?,
        })
    }
}
