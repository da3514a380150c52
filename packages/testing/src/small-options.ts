/** Options of `compare` and `train` that make a run take seconds. */
const settings = {
  'model.backbone': { kind: 'tiny', channels: [8, 16] },
  'model.width': 16,
  'model.heads': 2,
  'model.feedForward': 32,
  'model.encoderLayers': 1,
  'model.queries': 8,
  'denoising.groups': 2,
  'data.shapes.train': 10,
  'data.shapes.val': 4,
  'data.shapes.size': 32,
  'data.canvas': { height: 32, width: 32 },
  batchSize: 4,
  'schedule.warmUp': 3,
};

/** The options with the recipe `quick`, with further settings by dotted key. */
export const smallOptions = (more: Readonly<Record<string, unknown>> = {}): string[] => [
  '--recipe',
  'quick',
  ...Object.entries({ ...settings, ...more }).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]),
];
