/**
 * The inverse of the sigmoid, `log(x / (1 - x))`, with x clamped to 0..1 and both x and 1 − x kept at `eps` or above,
 * so that it is finite everywhere; NaN is kept. Sources: `util/misc.py` of DN-DETR (eps 1e-3, the default); Deformable
 * DETR, detrex and Hugging Face use 1e-5.
 *
 * @param values numbers of any shape; `out` may be `values` itself
 * @throws RangeError if the lengths differ
 */
export function inverseSigmoid(
  values: Float32Array,
  eps = 1e-3,
  out: Float32Array = new Float32Array(values.length),
): Float32Array {
  if (out.length !== values.length) {
    throw new RangeError(`expected an output of ${values.length} numbers like the input, got ${out.length}`);
  }
  for (let i = 0; i < values.length; i++) {
    const x = Math.min(Math.max(values[i] as number, 0), 1);
    out[i] = Math.log(Math.max(x, eps) / Math.max(1 - x, eps));
  }
  return out;
}
