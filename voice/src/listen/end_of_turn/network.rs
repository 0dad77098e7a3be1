//! The network: Whisper tiny's encoder over eight seconds, then what of it speaks for an end.
//!
//! Shapes: 800 times of 80 bands become 400 rows of 384 numbers; four layers of six heads of 64; the mean of the rows, each
//! weighed by what it says of the end; three layers to one number.

use matrix::{Panels, View, add, gelu, normalize, softmax};

use super::{
    features::{BANDS, TIMES},
    weights::Weights,
};

pub(super) const SIZE: usize = 384;
pub(super) const INNER: usize = 1536;
const HEADS: usize = 6;
const HEAD: usize = SIZE / HEADS;
const LAYERS: usize = 4;
/// Rows that the layers see: one for each 20 ms.
const ROWS: usize = TIMES / 2;
/// Neighbours in time that a convolution takes together.
pub(super) const REACH: usize = 3;
/// Of the model's configuration.
const EPSILON: f32 = 1e-5;
const SCORED: usize = 256;
const JUDGED: [usize; 2] = [256, 64];

/// All weights; immutable, so that one serves all calls.
pub(super) struct Network {
    first: Panels,
    second: Panels,
    places: Vec<f32>,
    layers: Vec<Layer>,
    norm: Norm,
    scored: Panels,
    score: Panels,
    judged: [Panels; 3],
    judged_norm: Norm,
}

struct Layer {
    asked_norm: Norm,
    /// Query, key and value beside each other.
    asked: Panels,
    attended: Panels,
    inner_norm: Norm,
    inner: Panels,
    outer: Panels,
}

/// Brings rows to one spread.
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Network {
    /// From the published file.
    ///
    /// # Errors
    /// Says why it is not that.
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        let weights = Weights::read(file)?;
        let layers = (0..LAYERS).map(|at| Layer::read(&weights, at));
        let [middle, last] = JUDGED;
        Ok(Self {
            first: weights.convolution("encoder.conv1", SIZE, BANDS)?,
            second: weights.convolution("encoder.conv2", SIZE, SIZE)?,
            places: weights.table("encoder.embed_positions.weight", &[ROWS, SIZE])?,
            layers: layers.collect::<Result<_, _>>()?,
            norm: weights.norm("encoder.layer_norm", SIZE)?,
            scored: weights.product("pool_attention.0", SIZE, SCORED)?,
            score: weights.product("pool_attention.2", SCORED, 1)?,
            judged: [
                weights.linear("classifier.0", SIZE, middle)?,
                weights.linear("classifier.4", middle, last)?,
                weights.linear("classifier.6", last, 1)?,
            ],
            judged_norm: weights.norm("classifier.1", middle)?,
        })
    }

    /// How likely it is that the turn is over, 0 to 1; of what [`super::features::Features`] made of it.
    pub(super) fn probability(&self, bands: &[f32]) -> f32 {
        let mut rows = self.rows(bands);
        for layer in &self.layers {
            layer.apply(&mut rows);
        }
        self.norm.apply(&mut rows);
        let mut scored = self.scored.product(View::all(&rows, SIZE));
        scored.iter_mut().for_each(|x| *x = x.tanh());
        let mut shares = self.score.product(View::all(&scored, SCORED));
        softmax(&mut shares, ROWS, 1.0);
        let mut judged = vec![0.0; SIZE];
        for (row, share) in rows.chunks_exact(SIZE).zip(&shares) {
            let weighed = judged.iter_mut().zip(row);
            weighed.for_each(|(sum, x)| *sum += share * x);
        }
        let [first, second, last] = &self.judged;
        let mut judged = first.product(View::all(&judged, SIZE));
        self.judged_norm.apply(&mut judged);
        gelu(&mut judged);
        let mut judged = second.product(View::all(&judged, JUDGED[0]));
        gelu(&mut judged);
        let judged = last.product(View::all(&judged, JUDGED[1]));
        1.0 / (1.0 + (-judged[0]).exp())
    }

    /// The two convolutions. Rows overlap where they lie, with a row of zeros at both ends, so nothing is copied.
    fn rows(&self, bands: &[f32]) -> Vec<f32> {
        let every_time = View {
            numbers: bands,
            stride: BANDS,
            rows: TIMES,
            columns: REACH * BANDS,
        };
        let mut first = vec![0.0; (TIMES + 2) * SIZE];
        let inner = &mut first[SIZE..(TIMES + 1) * SIZE];
        self.first.product_into(every_time, inner, SIZE);
        gelu(inner);
        let every_other = View {
            numbers: &first,
            stride: 2 * SIZE,
            rows: ROWS,
            columns: REACH * SIZE,
        };
        let mut rows = self.second.product(every_other);
        gelu(&mut rows);
        add(&mut rows, &self.places);
        rows
    }
}

impl Layer {
    fn read(weights: &Weights<'_>, at: usize) -> Result<Self, String> {
        let name = |part: &str| format!("encoder.layers.{at}.{part}");
        let (attended, inner, outer) = (name("self_attn.out_proj"), name("fc1"), name("fc2"));
        Ok(Self {
            asked_norm: weights.norm(&name("self_attn_layer_norm"), SIZE)?,
            asked: weights.asked(&name("self_attn"), SIZE)?,
            attended: weights.product(&attended, SIZE, SIZE)?,
            inner_norm: weights.norm(&name("final_layer_norm"), SIZE)?,
            inner: weights.product(&inner, SIZE, INNER)?,
            outer: weights.product(&outer, INNER, SIZE)?,
        })
    }

    fn apply(&self, rows: &mut [f32]) {
        let mut normed = rows.to_vec();
        self.asked_norm.apply(&mut normed);
        let attended = self.attend(&normed);
        add(rows, &self.attended.product(View::all(&attended, SIZE)));
        normed.copy_from_slice(rows);
        self.inner_norm.apply(&mut normed);
        let mut inner = self.inner.product(View::all(&normed, SIZE));
        gelu(&mut inner);
        add(rows, &self.outer.product(View::all(&inner, INNER)));
    }

    /// Each row takes from the others what it asks them for.
    fn attend(&self, rows: &[f32]) -> Vec<f32> {
        let asked = self.asked.product(View::all(rows, SIZE));
        let mut out = vec![0.0; rows.len()];
        for head in 0..HEADS {
            // Of query, key or value, this head's part.
            let part = |of: usize| View {
                numbers: &asked[of * SIZE + head * HEAD..],
                stride: 3 * SIZE,
                rows: ROWS,
                columns: HEAD,
            };
            let mut shares = Panels::of_outputs(part(1), &[]).product(part(0));
            softmax(&mut shares, ROWS, 0.125);
            let values = Panels::of_inputs(part(2));
            values.product_into(View::all(&shares, ROWS), &mut out[head * HEAD..], SIZE);
        }
        out
    }
}

impl Norm {
    fn apply(&self, rows: &mut [f32]) {
        normalize(rows, &self.weight, &self.bias, EPSILON);
    }
}
