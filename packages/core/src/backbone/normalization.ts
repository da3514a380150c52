/** Normalisation of pixels for a network's input. */

/**
 * For each of red, green and blue in 0..1: `mean` is subtracted, then the channel is divided by `std`. `@dn-detr/data`
 * declares the same type, because neither of the two packages depends on the other.
 */
export interface Normalization {
  readonly mean: readonly [red: number, green: number, blue: number];
  readonly std: readonly [red: number, green: number, blue: number];
}

/** Mean and standard deviation of ImageNet's images, as used by torchvision's weights and all DETR models. */
export const imageNet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
