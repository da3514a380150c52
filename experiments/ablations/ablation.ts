/** Ablations: grids of cells that differ only in what is being varied. */

import { folderName } from '@dn-detr/report';
import { models } from '@dn-detr/train';
import { z } from 'zod';

/** Part of a folder's name: dots alone would lead to another folder. */
const name = z.string().regex(/[^.]/, 'expected a name, of more than dots');

const cell = z.strictObject({
  name,
  /** Place of the cell on a scale, where cells are steps on one. */
  value: z.number().optional(),
  /** Settings by dotted key. */
  set: z.record(z.string(), z.unknown()),
});

export const ablationSchema = z
  .strictObject({
    name,
    /** One line for `--list`. */
    title: z.string().min(1),
    /** Claim that the ablation is to confirm or refute. */
    claim: z.string().min(1),
    /** Where that claim is made. */
    source: z.string().min(1),
    model: z.enum(models.map((spec) => spec.name)).default('dn-detr'),
    recipe: z.string().default('quick'),
    /** Quantity of the cells' values, where they have any. */
    scale: z.string().optional(),
    /** The cells; all others are compared with the first one. */
    cells: z.array(cell).min(2),
  })
  .superRefine(({ cells, scale }, context) => {
    const folders = cells.map(({ name }) => folderName(name));
    const twin = folders.findIndex((folder, i) => folders.indexOf(folder) !== i);
    if (twin >= 0) {
      context.addIssue({ code: 'custom', path: ['cells', twin, 'name'], message: 'another cell has this name' });
    }
    const without = cells.findIndex(({ value }) => value === undefined);
    if (scale !== undefined && without >= 0) {
      context.addIssue({
        code: 'custom',
        path: ['cells', without],
        message: `expected a value on the scale '${scale}'`,
      });
    }
    const valued = cells.findIndex(({ value }) => value !== undefined);
    if (scale === undefined && valued >= 0) {
      context.addIssue({
        code: 'custom',
        path: ['cells', valued, 'value'],
        message: 'there is no scale that it lies on: name one beside the cells, as in "scale": "queries"',
      });
    }
  });

/** With nothing left open. */
export type Ablation = z.output<typeof ablationSchema>;

/** As a file states it. */
export type AblationFile = z.input<typeof ablationSchema>;
