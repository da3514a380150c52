import { describe, expect, it } from 'vitest';
import { type DenoisingOptions, denoisingSettings } from './options.ts';

const needed = { numClasses: 3, matchingQueries: 10 };

describe('denoisingSettings', () => {
  it('fills in the defaults, also for options that are undefined', () => {
    const settings = denoisingSettings({ ...needed, groups: undefined, maskPadding: undefined, boxNoise: 0.3 });
    expect(settings).toMatchObject({ groups: 5, maskPadding: true, labelNoise: 0.2, centerNoise: 0.3, sizeNoise: 0.3 });
  });

  it('takes an infinite budget for none', () => {
    const settings = denoisingSettings({ ...needed, maxKnownQueries: Number.POSITIVE_INFINITY });
    expect(settings).toEqual(denoisingSettings(needed));
  });

  it.each<[Partial<DenoisingOptions>, string]>([
    [{ numClasses: 0 }, 'numClasses is 0: expected a whole number from 1'],
    [{ matchingQueries: 0 }, 'matchingQueries is 0: expected a whole number from 1'],
    [{ groups: 2.5 }, 'groups is 2.5: expected a whole number from 0'],
    [{ slotBucket: 0 }, 'slotBucket is 0: expected a whole number from 1'],
    [{ maxKnownQueries: 0 }, 'maxKnownQueries is 0: expected a whole number from 1'],
    [{ maxKnownQueries: 1, contrastive: true }, 'maxKnownQueries is 1: expected a whole number from 2'],
    [{ labelNoise: 1.5 }, 'labelNoise is 1.5: expected 0..1'],
    [{ boxNoise: -1 }, 'boxNoise is -1: expected a finite number from 0'],
    [{ sizeNoise: Number.NaN }, 'sizeNoise is NaN: expected a finite number from 0'],
    [{ isolate: 'all' as never }, "isolate holds 'all': expected groups, known, nothing"],
    [{ skip: ['small' as never] }, "skip holds 'small': expected crowd, degenerate"],
    [{ skip: 'crowd' as never }, "skip is 'crowd': expected an array of crowd, degenerate"],
    [{ groups: '5' as never }, "groups is '5': expected a whole number from 0"],
    [{ labelNoise: '0.3' as never }, "labelNoise is '0.3': expected 0..1"],
    [{ contrastive: 'false' as never }, "contrastive is 'false': expected a boolean"],
    [{ boxnoise: 0.3 } as never, "there is no option 'boxnoise': expected numClasses, matchingQueries, groups"],
    [{ contrastive: true, sizeNoise: 1 }, 'contrastive noise moves corners by boxNoise'],
    [{ numClasses: 1, excludeOwnClass: true }, 'leaves no label to flip to: expected labelNoise 0'],
  ])('refuses %j', (options, message) => {
    expect(() => denoisingSettings({ ...needed, ...options })).toThrow(message);
  });
});
