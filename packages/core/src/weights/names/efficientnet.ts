/** The names of EfficientNet-Lite, which are those of its PyTorch port here too. */
import type { NameTable } from './table.ts';

export const efficientnetLiteNames: NameTable = { source: 'EfficientNet-Lite', mark: '_conv_stem.weight', rules: [] };
