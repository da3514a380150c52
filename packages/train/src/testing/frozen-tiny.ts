/** The backbone `tiny` with all of it frozen, as the first stages of larger ones are; for tests. */
import { type BackboneSpec, backbones } from '../backbones/backbones.ts';

const standard = backbones.find(({ kind }) => kind === 'tiny') as BackboneSpec;

/** @param channels of all that are built, where they are others than configured */
export const frozenTiny = (channels?: readonly number[]): BackboneSpec => ({
  ...standard,
  build(settings) {
    // `upTo` would give those that are not frozen.
    const { upTo: _, ...built } = standard.build({ ...settings, ...(channels && { channels }) });
    return { ...built, parameters: built.parameters.map((parameter) => ({ ...parameter, group: 'frozen' })) };
  },
});
