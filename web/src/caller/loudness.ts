// How loud a piece of sound is, on the scale of the level meter.

/** 0 for silence (-60 dBFS and below), 1 for loud speech (-12 dBFS and above). */
export function loudness(samples: ArrayLike<number>): number {
  let energy = 0;
  for (let index = 0; index < samples.length; index += 1) energy += (samples[index] ?? 0) ** 2;
  const decibels = 10 * Math.log10(energy / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 48));
}
