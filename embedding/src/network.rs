//! The network: six layers of BERT over a text's tokens, then their mean.
//!
//! Shapes: `n` tokens, 384 numbers each, twelve heads of 32. A linear layer's weight is stored as (outputs, inputs).

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};
use safetensors::{Dtype, SafeTensors};

const LAYERS: usize = 6;
pub(crate) const SIZE: usize = 384;
const INNER: usize = 1536;
const HEADS: usize = 12;
const HEAD: usize = SIZE / HEADS;
/// Keeps the division by a spread of zero finite; of the model's configuration.
const EPSILON: f32 = 1e-12;

/// All weights.
pub(crate) struct Network {
    words: Array2<f32>,
    places: Array2<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

struct Linear {
    /// (inputs, outputs)
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
}

impl Network {
    /// From a `safetensors` file of 32-bit weights.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let weights = Weights(&file);
        let mut places = weights.matrix("embeddings.position_embeddings", SIZE)?;
        // Every token is of the first of two kinds of sentences.
        let kinds = weights.matrix("embeddings.token_type_embeddings", SIZE)?;
        places += &kinds.row(0);
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
        self.words.nrows()
    }

    /// The mean of what the tokens of each text mean beside each other. Tokens beyond its words or places count as none.
    /// Several texts at once cost less than one by one: products of more rows are quicker by the row.
    pub(crate) fn means(&self, texts: &[Vec<usize>]) -> Vec<Vec<f32>> {
        let (mut rows, mut ranges): (Vec<Array1<f32>>, Vec<Range<usize>>) = Default::default();
        for tokens in texts {
            let from = rows.len();
            let tokens = tokens.iter().zip(self.places.outer_iter());
            let known = tokens.filter(|(token, _)| **token < self.words.nrows());
            rows.extend(known.map(|(token, place)| &self.words.row(*token) + &place));
            ranges.push(from..rows.len());
        }
        let mut x = Array2::zeros((rows.len(), SIZE));
        for (mut to, from) in x.outer_iter_mut().zip(&rows) {
            to.assign(from);
        }
        self.norm.apply(x.view_mut());
        for layer in &self.layers {
            x = layer.apply(&x, &ranges);
        }
        let mean = |range: Range<usize>| x.slice(s![range, ..]).mean_axis(Axis(0));
        let means = ranges.into_iter().map(mean);
        means
            .map(|mean| mean.map_or_else(|| vec![0.0; SIZE], |mean| mean.to_vec()))
            .collect()
    }
}

impl Layer {
    fn new(weights: &Weights<'_>, at: usize) -> Result<Self, String> {
        let name = |part: &str| format!("encoder.layer.{at}.{part}");
        let linear = |part: &str, outputs, inputs| weights.linear(&name(part), outputs, inputs);
        Ok(Self {
            query: linear("attention.self.query", SIZE, SIZE)?,
            key: linear("attention.self.key", SIZE, SIZE)?,
            value: linear("attention.self.value", SIZE, SIZE)?,
            attended: linear("attention.output.dense", SIZE, SIZE)?,
            attended_norm: weights.norm(&name("attention.output.LayerNorm"))?,
            inner: linear("intermediate.dense", INNER, SIZE)?,
            outer: linear("output.dense", SIZE, INNER)?,
            outer_norm: weights.norm(&name("output.LayerNorm"))?,
        })
    }

    /// `texts` are the rows of each text.
    fn apply(&self, x: &Array2<f32>, texts: &[Range<usize>]) -> Array2<f32> {
        let mut y = self.attended.apply(&self.attend(x, texts));
        y += x;
        self.attended_norm.apply(y.view_mut());
        let mut inner = self.inner.apply(&y);
        inner.mapv_inplace(gelu);
        let mut z = self.outer.apply(&inner);
        z += &y;
        self.outer_norm.apply(z.view_mut());
        z
    }

    /// Each token takes from the others of its text what it asks them for.
    fn attend(&self, x: &Array2<f32>, texts: &[Range<usize>]) -> Array2<f32> {
        let (query, key, value) = (self.query.apply(x), self.key.apply(x), self.value.apply(x));
        let scale = 1.0 / f32::from(u8::try_from(HEAD).unwrap_or(u8::MAX)).sqrt();
        let mut out = Array2::zeros(x.raw_dim());
        for rows in texts {
            for head in 0..HEADS {
                let part = s![rows.clone(), head * HEAD..(head + 1) * HEAD];
                let mut scores = query.slice(part).dot(&key.slice(part).t());
                scores *= scale;
                softmax(scores.view_mut());
                out.slice_mut(part).assign(&scores.dot(&value.slice(part)));
            }
        }
        out
    }
}

impl Linear {
    fn apply(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut y = x.dot(&self.weight);
        y += &self.bias;
        y
    }
}

impl Norm {
    fn apply(&self, mut x: ArrayViewMut2<'_, f32>) {
        for mut row in x.outer_iter_mut() {
            let mean = row.mean().unwrap_or_default();
            row -= mean;
            let spread = row.iter().map(|v| v * v).sum::<f32>() / row.len() as f32;
            let scale = 1.0 / (spread + EPSILON).sqrt();
            Zip::from(&mut row)
                .and(&self.weight)
                .and(&self.bias)
                .for_each(|v, weight, bias| *v = *v * scale * weight + bias);
        }
    }
}

fn softmax(mut scores: ArrayViewMut2<'_, f32>) {
    for mut row in scores.outer_iter_mut() {
        let top = row.iter().copied().fold(f32::MIN, f32::max);
        row.mapv_inplace(|score| (score - top).exp());
        let sum = row.sum();
        row /= sum;
    }
}

/// `x` times the share of a normal distribution below it. The error function after Abramowitz and Stegun 7.1.26, off by
/// 1.5e-7 at most.
fn gelu(x: f32) -> f32 {
    const FACTORS: [f32; 5] = [
        1.061_405_4,
        -1.453_152,
        1.421_413_7,
        -0.284_496_74,
        0.254_829_6,
    ];
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let sum = FACTORS.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    let erf = 1.0 - sum * (-z * z).exp();
    0.5 * x * (1.0 + erf.copysign(x))
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
    fn matrix(&self, name: &str, columns: usize) -> Result<Array2<f32>, String> {
        let name = format!("{name}.weight");
        let (shape, numbers) = self.numbers(&name)?;
        let wrong = || format!("{name} has the shape {shape:?}, not (any, {columns})");
        let &[rows, width] = &*shape else {
            return Err(wrong());
        };
        if width != columns || rows == 0 {
            return Err(wrong());
        }
        let view = ArrayView2::from_shape((rows, columns), &numbers);
        view.map(|view| view.to_owned()).map_err(|_| wrong())
    }

    fn row(&self, name: &str, length: usize) -> Result<Array1<f32>, String> {
        let (shape, numbers) = self.numbers(name)?;
        if shape != [length] {
            return Err(format!("{name} has the shape {shape:?}, not ({length})"));
        }
        Ok(Array1::from_vec(numbers))
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, String> {
        let weight = self.matrix(name, inputs)?;
        if weight.nrows() != outputs {
            return Err(format!(
                "{name} has {} outputs, not {outputs}",
                weight.nrows()
            ));
        }
        let bias = self.row(&format!("{name}.bias"), outputs)?;
        // A product reads rows faster than columns.
        let weight = weight.t().as_standard_layout().into_owned();
        Ok(Linear { weight, bias })
    }

    fn norm(&self, name: &str) -> Result<Norm, String> {
        Ok(Norm {
            weight: self.row(&format!("{name}.weight"), SIZE)?,
            bias: self.row(&format!("{name}.bias"), SIZE)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{gelu, softmax};

    #[test]
    fn gelu_is_the_exact_one() {
        for (x, y) in [
            (0.0, 0.0),
            (1.0, 0.841_344_7),
            (-1.0, -0.158_655_3),
            (3.0, 2.995_950_3),
            (-10.0, 0.0),
        ] {
            assert!((gelu(x) - y).abs() < 1e-5, "gelu({x}) is {}", gelu(x));
        }
    }

    #[test]
    fn what_a_token_takes_sums_to_one() {
        let mut scores = ndarray::array![[1000.0, 1000.0], [0.0, 3_f32.ln()]];
        softmax(scores.view_mut());
        let wanted = ndarray::array![[0.5, 0.5], [0.25, 0.75]];
        assert!((scores - wanted).iter().all(|off| off.abs() < 1e-5));
    }
}
