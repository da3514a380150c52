/** docs/arrows.svg shows the imports that there are. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import { expect, it } from 'vitest';
import { arrowsDrawing } from '../../scripts/arrows.mjs';

it('is drawn from the imports (npm run arrows draws it anew)', async () => {
  expect(await arrowsDrawing()).toBe(readFileSync(path.join(root, 'docs', 'arrows.svg'), 'utf8'));
});
