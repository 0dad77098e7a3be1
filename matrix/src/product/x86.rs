//! Tiles in the wide registers of x86-64 processors.
#![expect(
    unsafe_code,
    reason = "the compiler cannot know which processor this runs on; what is called was asked for before"
)]

use std::arch::x86_64::{
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
};

use super::{Tile, Wide};

/// Calls the function for as many rows as there are: the compiler must know how many registers a tile takes.
macro_rules! of_height {
    ($name:ident, $height:expr, $arguments:tt, [$($rows:literal)*]) => {
        match $height {
            // SAFETY: the caller has seen that the processor has what the function is compiled for.
            $($rows => unsafe { $name::<$rows> $arguments },)*
            _ => unreachable!("no tile is higher"),
        }
    };
}

/// Only where the processor has AVX-512.
pub(super) fn avx512(height: usize, rows: &[f32], left: &[Wide], right: &[Wide], tile: &mut Tile) {
    of_height!(
        tile_512,
        height,
        (rows, left, right, tile),
        [1 2 3 4 5 6 7 8 9 10 11 12]
    );
}

/// Only where the processor has AVX2 and FMA.
pub(super) fn avx2(height: usize, rows: &[f32], left: &[Wide], right: &[Wide], tile: &mut Tile) {
    of_height!(tile_256, height, (rows, left, 0, tile), [1 2 3 4 5 6]);
    of_height!(tile_256, height, (rows, right, 1, tile), [1 2 3 4 5 6]);
}

/// Only where the processor has AVX-512.
pub(super) fn wide_512<T>(run: impl FnOnce() -> T) -> T {
    #[target_feature(enable = "avx512f")]
    fn compiled<T>(run: impl FnOnce() -> T) -> T {
        run()
    }
    // SAFETY: the caller has seen that the processor has it.
    unsafe { compiled(run) }
}

/// Only where the processor has AVX2 and FMA.
pub(super) fn wide_256<T>(run: impl FnOnce() -> T) -> T {
    #[target_feature(enable = "avx2,fma")]
    fn compiled<T>(run: impl FnOnce() -> T) -> T {
        run()
    }
    // SAFETY: the caller has seen that the processor has them.
    unsafe { compiled(run) }
}

#[target_feature(enable = "avx512f")]
fn tile_512<const HEIGHT: usize>(rows: &[f32], left: &[Wide], right: &[Wide], tile: &mut Tile) {
    // SAFETY: sixteen numbers are read of sixteen.
    let load = |numbers: &Wide| unsafe { _mm512_loadu_ps(numbers.as_ptr()) };
    let mut sums: [_; HEIGHT] = std::array::from_fn(|row| tile[row].each_ref().map(load));
    let rows = rows.as_chunks::<HEIGHT>().0.iter();
    for ((numbers, left), right) in rows.zip(left).zip(right) {
        let (left, right) = (load(left), load(right));
        for (sums, number) in sums.iter_mut().zip(numbers) {
            let number = _mm512_set1_ps(*number);
            sums[0] = _mm512_fmadd_ps(number, left, sums[0]);
            sums[1] = _mm512_fmadd_ps(number, right, sums[1]);
        }
    }
    for (to, sums) in tile.iter_mut().zip(sums) {
        for (to, sums) in to.iter_mut().zip(sums) {
            // SAFETY: sixteen numbers are written to sixteen.
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), sums) }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn tile_256<const HEIGHT: usize>(rows: &[f32], panel: &[Wide], at: usize, tile: &mut Tile) {
    // SAFETY: eight numbers are read of eight.
    let load = |half: &[f32; 8]| unsafe { _mm256_loadu_ps(half.as_ptr()) };
    let halves = |numbers: &Wide| {
        [
            load(&numbers.as_chunks().0[0]),
            load(&numbers.as_chunks().0[1]),
        ]
    };
    let mut sums: [_; HEIGHT] = std::array::from_fn(|row| halves(&tile[row][at]));
    let rows = rows.as_chunks::<HEIGHT>().0.iter();
    for (numbers, weights) in rows.zip(panel) {
        let [left, right] = halves(weights);
        for (sums, number) in sums.iter_mut().zip(numbers) {
            let number = _mm256_set1_ps(*number);
            sums[0] = _mm256_fmadd_ps(number, left, sums[0]);
            sums[1] = _mm256_fmadd_ps(number, right, sums[1]);
        }
    }
    for (to, sums) in tile.iter_mut().zip(sums) {
        for (to, sums) in to[at].as_chunks_mut::<8>().0.iter_mut().zip(sums) {
            // SAFETY: eight numbers are written to eight.
            unsafe { _mm256_storeu_ps(to.as_mut_ptr(), sums) }
        }
    }
}
