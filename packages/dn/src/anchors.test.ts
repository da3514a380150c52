import { describe, expect, it } from 'vitest';
import { knownAnchors } from './anchors.ts';

describe('knownAnchors', () => {
  const boxes = Float32Array.of(0.5, 0.25, 0.75, 1, 0, 0, 0, 0);

  it('is the inverse sigmoid of the boxes, and 0 at padding', () => {
    const [cx, cy, w, h, ...padding] = knownAnchors({ boxes, valid: Uint8Array.of(1, 0) });
    expect(cx).toBe(0);
    expect(cy).toBeCloseTo(-Math.log(3), 5);
    expect(w).toBeCloseTo(Math.log(3), 5);
    expect(h).toBeCloseTo(Math.log(1 / 1e-3), 4);
    expect(padding).toEqual([0, 0, 0, 0]);
  });

  it('accepts another eps, and leaves the boxes unchanged', () => {
    expect(knownAnchors({ boxes, valid: Uint8Array.of(1, 0) }, 1e-2)[3]).toBeCloseTo(Math.log(1 / 1e-2), 4);
    expect(boxes[3]).toBe(1);
  });
});
