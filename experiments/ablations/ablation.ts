/** The schema of an ablation: a grid of cells that differ only in the setting that is varied. */

import { folderName } from '@dn-detr/report';
import { models } from '@dn-detr/train';
import { z } from 'zod';

/** Part of a folder's name. A name of only dots would lead to another folder. */
const name = z.string().regex(/[^.]/, 'expected a name, of more than dots');

const cell = z.strictObject({
  name,
  /** The cell's position on the scale, if the cells are points on a scale. */
  value: z.number().optional(),
  /** Settings by dotted key. */
  set: z.record(z.string(), z.unknown()),
});

export const ablationSchema = z
  .strictObject({
    name,
    /** One line for `--list`. */
    title: z.string().min(1),
    /** The claim that the ablation tests. */
    claim: z.string().min(1),
    /** The source of the claim. */
    source: z.string().min(1),
    model: z.enum(models.map((spec) => spec.name)).default('dn-detr'),
    recipe: z.string().default('quick'),
    /** The quantity that the cells' values measure, if they have values. */
    scale: z.string().optional(),
    /** The others are compared with the first one. */
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
        message: 'a value needs a scale: name one next to the cells, as in "scale": "queries"',
      });
    }
  });

/** An ablation with all defaults filled in. */
export type Ablation = z.output<typeof ablationSchema>;

/** An ablation as written in a file. */
export type AblationFile = z.input<typeof ablationSchema>;
