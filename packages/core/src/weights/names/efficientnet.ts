/** The names of EfficientNet-Lite, which are those of its PyTorch port in this toolkit as well. */
import type { NameTable } from './table.ts';

export const efficientnetLiteNames: NameTable = { source: 'EfficientNet-Lite', mark: '_conv_stem.weight', rules: [] };
