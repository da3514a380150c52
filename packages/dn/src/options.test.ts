import { describe, expect, it } from 'vitest';
import { type DenoisingOptions, denoisingDefaults, denoisingSettings } from './options.ts';

describe('denoisingSettings', () => {
  it('default to DN-DETR without a kind, also for options that are undefined', () => {
    const settings = denoisingSettings({ groups: undefined, maskPadding: undefined, sizeNoise: 0.3 });
    expect(settings).toMatchObject({ kind: 'dn', groups: 5, maskPadding: true, centerNoise: 0.4, sizeNoise: 0.3 });
    expect(denoisingSettings({})).toEqual(denoisingDefaults.dn);
  });

  it('default to DINO for the contrastive kind', () => {
    expect(denoisingSettings({ kind: 'contrastive' })).toEqual(denoisingDefaults.contrastive);
    const settings = denoisingSettings({ kind: 'contrastive', boxNoise: 0.3, groups: 2 });
    expect(settings).toEqual({ ...denoisingDefaults.contrastive, boxNoise: 0.3, groups: 2 });
  });

  it.each(['dn', 'contrastive'] as const)('of kind %s survive being stored as JSON', (kind) => {
    const settings = denoisingSettings({ kind });
    expect(denoisingSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });

  it.each<[object, string]>([
    [{ kind: 'cdn' }, "kind holds 'cdn': expected dn, contrastive"],
    [{ groups: 2.5 }, 'groups is 2.5: expected a whole number from 0'],
    [{ slotBucket: 0 }, 'slotBucket is 0: expected a whole number from 1'],
    [{ maxKnownQueries: -1 }, 'maxKnownQueries is -1: expected a whole number from 1, or 0 for no limit'],
    [
      { maxKnownQueries: 1, kind: 'contrastive' },
      'maxKnownQueries is 1: expected a whole number from 2, or 0 for no limit',
    ],
    [{ labelNoise: 1.5 }, 'labelNoise is 1.5: expected 0..1'],
    [{ boxNoise: -1, kind: 'contrastive' }, 'boxNoise is -1: expected a finite number from 0'],
    [{ centerNoise: Number.POSITIVE_INFINITY }, 'centerNoise is Infinity: expected a finite number from 0'],
    [{ sizeNoise: Number.NaN }, 'sizeNoise is NaN: expected a finite number from 0'],
    [{ isolate: 'all' }, "isolate holds 'all': expected groups, known, nothing"],
    [{ skip: ['small'] }, "skip holds 'small': expected crowd, degenerate"],
    [{ skip: 'crowd' }, "skip is 'crowd': expected an array of crowd, degenerate"],
    [{ groups: '5' }, "groups is '5': expected a whole number from 0"],
    [{ labelNoise: '0.3' }, "labelNoise is '0.3': expected 0..1"],
    [{ maskPadding: 'false' }, "maskPadding is 'false': expected a boolean"],
    [{ labelnoise: 0.3 }, "there is no option 'labelnoise': expected kind, groups, labelNoise"],
    [
      { kind: 'contrastive', sizeNoise: 1 },
      "sizeNoise is an option of kind 'dn', and the kind is 'contrastive': expected boxNoise in its place, or kind 'dn'",
    ],
    [
      { boxNoise: 1 },
      "boxNoise is an option of kind 'contrastive', and the kind is 'dn': expected centerNoise and sizeNoise in its place, or kind 'contrastive'",
    ],
  ])('rejects %j', (options, message) => {
    expect(() => denoisingSettings(options as DenoisingOptions)).toThrow(message);
  });
});
