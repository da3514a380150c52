/** The backbone `tiny`, completely frozen, like the first stages of larger backbones; for tests. */
import { type BackboneSpec, backbones } from '../backbones/backbones.ts';

const standard = backbones.find(({ kind }) => kind === 'tiny') as BackboneSpec;

/**
 * Returns the frozen backbone.
 *
 * @param channels output channels of its convolutions, if they differ from the configured ones
 */
export const frozenTiny = (channels?: readonly number[]): BackboneSpec => ({
  ...standard,
  build(settings) {
    // `upTo` would return levels that are not frozen.
    const { upTo: _, ...built } = standard.build({ ...settings, ...(channels && { channels }) });
    return { ...built, parameters: built.parameters.map((parameter) => ({ ...parameter, group: 'frozen' })) };
  },
});
