//! Products of matrices, in single precision: where nearly all of the network's time goes.
//!
//! The right side is laid out beforehand in panels of sixteen columns, so that a tile of some rows and 32 columns is
//! summed in the processor's registers. What the processor can do is asked when the program runs; without wide
//! registers the same sums are made by plain loops.

#[cfg(target_arch = "x86_64")]
mod x86;

/// Columns of a panel.
const WIDE: usize = 16;
/// Rows of a tile at most.
const ROWS: usize = 12;

/// A row of a panel.
type Wide = [f32; WIDE];
/// The sums of a tile: two panels wide.
type Tile = [[Wide; 2]; ROWS];

/// Some columns of a matrix whose rows lie so many numbers apart.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// From the first number of the first row.
    pub numbers: &'a [f32],
    /// Numbers from the beginning of one row to that of the next.
    pub stride: usize,
    /// How many rows there are.
    pub rows: usize,
    /// How many numbers of each row count.
    pub columns: usize,
}

impl<'a> View<'a> {
    /// All of a matrix of whole rows.
    #[must_use]
    pub fn all(numbers: &'a [f32], columns: usize) -> Self {
        Self {
            numbers,
            stride: columns,
            rows: numbers.len() / columns,
            columns,
        }
    }

    /// Rows of so many numbers each.
    pub fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        let starts = (0..self.rows).map(move |row| row * self.stride);
        starts.map(move |from| &self.numbers[from..from + self.columns])
    }
}

/// The right side of products: (inputs, outputs), in panels.
#[derive(Debug)]
pub struct Panels {
    inputs: usize,
    outputs: usize,
    /// Panel after panel, each of `inputs` rows; an even number of panels, what no output fills is 0.
    numbers: Vec<Wide>,
    /// Added to each row of the product.
    bias: Vec<Wide>,
}

impl Panels {
    /// Of rows for each output, as weights are stored, and what is added.
    #[must_use]
    pub fn of_outputs(weights: View<'_>, bias: &[f32]) -> Self {
        let mut panels = Self::new(weights.columns, weights.rows);
        for (output, row) in weights.rows().enumerate() {
            let from = output / WIDE * panels.inputs;
            let panel = &mut panels.numbers[from..from + row.len()];
            for (to, number) in panel.iter_mut().zip(row) {
                to[output % WIDE] = *number;
            }
        }
        for (at, number) in bias.iter().enumerate() {
            panels.bias[at / WIDE][at % WIDE] = *number;
        }
        panels
    }

    /// Of rows for each input.
    #[must_use]
    pub fn of_inputs(numbers: View<'_>) -> Self {
        let mut panels = Self::new(numbers.rows, numbers.columns);
        for (input, row) in numbers.rows().enumerate() {
            for (panel, part) in row.chunks(WIDE).enumerate() {
                let to = &mut panels.numbers[panel * numbers.rows + input];
                to[..part.len()].copy_from_slice(part);
            }
        }
        panels
    }

    fn new(inputs: usize, outputs: usize) -> Self {
        let panels = outputs.div_ceil(2 * WIDE) * 2;
        Self {
            inputs,
            outputs,
            numbers: vec![[0.0; WIDE]; panels * inputs],
            bias: vec![[0.0; WIDE]; panels],
        }
    }

    /// Rows times these columns, row after row.
    #[must_use]
    pub fn product(&self, rows: View<'_>) -> Vec<f32> {
        let mut out = vec![0.0; rows.rows * self.outputs];
        self.product_into(rows, &mut out, self.outputs);
        out
    }

    /// The same into rows that lie `stride` numbers apart.
    ///
    /// # Panics
    /// When `out` has no room for them.
    pub fn product_into(&self, rows: View<'_>, out: &mut [f32], stride: usize) {
        debug_assert_eq!(rows.columns, self.inputs, "as many numbers as weights");
        let able = Able::here();
        let most = able.rows();
        // Blocks of nearly as many rows each: small tiles are slow by the row.
        let blocks = rows.rows.div_ceil(most).max(1);
        let bounds = |block: usize| block * rows.rows / blocks;
        let blocks: Vec<(usize, Vec<f32>, usize)> = (0..blocks)
            .map(|block| {
                let (from, to) = (bounds(block), bounds(block + 1));
                (from, interleaved(rows, from, to), to - from)
            })
            .filter(|(.., height)| *height > 0)
            .collect();
        let pairs = self.numbers.chunks_exact((2 * self.inputs).max(1));
        for (pair, (panels, bias)) in pairs.zip(self.bias.as_chunks::<2>().0).enumerate() {
            let (left, right) = panels.split_at(self.inputs);
            let first = pair * 2 * WIDE;
            let width = (self.outputs - first).min(2 * WIDE);
            for (from, numbers, height) in &blocks {
                let mut tile = [*bias; ROWS];
                able.sum(*height, numbers, left, right, &mut tile);
                for (row, sums) in tile.iter().take(*height).enumerate() {
                    let to = (from + row) * stride + first;
                    out[to..to + width].copy_from_slice(&sums.as_flattened()[..width]);
                }
            }
        }
    }
}

/// The numbers of some rows, column after column: in the order in which a tile reads them.
fn interleaved(rows: View<'_>, from: usize, to: usize) -> Vec<f32> {
    let height = to - from;
    let mut out = vec![0.0; height * rows.columns];
    for (at, row) in rows.rows().skip(from).take(height).enumerate() {
        let to = out.iter_mut().skip(at).step_by(height);
        to.zip(row).for_each(|(to, number)| *to = *number);
    }
    out
}

/// What this processor can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Able {
    /// Plain loops.
    Plain,
    /// AVX2 and fused products.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Able {
    pub(crate) fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    /// Rows of a tile whose sums its registers hold.
    fn rows(self) -> usize {
        match self {
            Self::Plain => 4,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 6,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => ROWS,
        }
    }

    /// Runs loops as wide as its registers are, where the compiler finds that they can be.
    #[inline(always)]
    pub(crate) fn wide<T>(self, run: impl FnOnce() -> T) -> T {
        match self {
            Self::Plain => run(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86::wide_256(run),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => x86::wide_512(run),
        }
    }

    /// Adds the products of `height` rows with two panels to the tile.
    fn sum(self, height: usize, rows: &[f32], left: &[Wide], right: &[Wide], tile: &mut Tile) {
        match self {
            Self::Plain => plain(height, rows, left, right, tile),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86::avx2(height, rows, left, right, tile),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => x86::avx512(height, rows, left, right, tile),
        }
    }
}

fn plain(height: usize, rows: &[f32], left: &[Wide], right: &[Wide], tile: &mut Tile) {
    for (at, panel) in [left, right].into_iter().enumerate() {
        for (of_rows, weights) in rows.chunks_exact(height).zip(panel) {
            for (sums, number) in tile.iter_mut().zip(of_rows) {
                let sums = sums[at].iter_mut().zip(weights);
                sums.for_each(|(sum, weight)| *sum += number * weight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Able, Panels, ROWS, View, interleaved};

    /// Numbers without a pattern, the same each time.
    fn numbers(count: usize) -> Vec<f32> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(i16::try_from(state >> 17).unwrap_or_default()) / 16384.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn products_are_those_of_the_definition_whatever_the_sizes() {
        for (rows, inputs, outputs) in [
            (1, 1, 1),
            (12, 384, 33),
            (13, 5, 64),
            (25, 40, 16),
            (0, 3, 5),
        ] {
            let (x, weights) = (numbers(rows * inputs), numbers(outputs * inputs));
            let bias = numbers(outputs);
            let panels = Panels::of_outputs(View::all(&weights, inputs), &bias);
            let found = panels.product(View::all(&x, inputs));
            assert_eq!(found.len(), rows * outputs);
            for (at, found) in found.iter().enumerate() {
                let (row, output) = (at / outputs, at % outputs);
                let x = &x[row * inputs..][..inputs];
                let weights = &weights[output * inputs..][..inputs];
                let products = x
                    .iter()
                    .zip(weights)
                    .map(|(x, y)| f64::from(*x) * f64::from(*y));
                let wanted = products.sum::<f64>() + f64::from(bias[output]);
                assert!(
                    (f64::from(*found) - wanted).abs() < 1e-4,
                    "{found}, not {wanted}, for {rows}, {inputs}, {outputs}"
                );
            }
        }
    }

    #[test]
    fn part_of_a_matrix_is_multiplied_in_its_place() {
        // Columns 2 and 3 of two rows of four, times the identity.
        let x = [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 4.0];
        let part = View {
            numbers: &x[2..],
            stride: 4,
            rows: 2,
            columns: 2,
        };
        let one = Panels::of_inputs(View::all(&[1.0, 0.0, 0.0, 1.0], 2));
        let mut out = vec![9.0; 6];
        one.product_into(part, &mut out, 3);
        assert_eq!(out, [1.0, 2.0, 9.0, 3.0, 4.0, 9.0]);
    }

    #[test]
    fn every_processor_finds_the_same() {
        let inputs = 40;
        let (left, right) = (numbers(inputs * 16), numbers(inputs * 16));
        let (left, right) = (left.as_chunks::<16>().0, right.as_chunks::<16>().0);
        let mut able = vec![Able::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                able.push(Able::Avx2);
            }
            if is_x86_feature_detected!("avx512f") {
                able.push(Able::Avx512);
            }
        }
        for able in able {
            for height in 1..=able.rows() {
                let x = numbers(height * inputs);
                let x = interleaved(View::all(&x, inputs), 0, height);
                let (mut found, mut wanted) = ([[[0.5; 16]; 2]; ROWS], [[[0.5; 16]; 2]; ROWS]);
                able.sum(height, &x, left, right, &mut found);
                Able::Plain.sum(height, &x, left, right, &mut wanted);
                let all = found.iter().zip(&wanted);
                for (found, wanted) in
                    all.flat_map(|(f, w)| f.as_flattened().iter().zip(w.as_flattened()))
                {
                    assert!(
                        (found - wanted).abs() < 1e-4,
                        "{able:?}, {height} rows: {found}, not {wanted}"
                    );
                }
            }
        }
    }
}
