/** A model unlike DETR: each learned query takes a weighted mean of the features and predicts from it. */
import { onlyLevel, singleLevel, withBackbone } from '@dn-detr/core/models';
import { embedding, linear, parametersOf } from '@dn-detr/core/nn';
import { type ModelSpec, softmaxObjective } from '@dn-detr/train';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

const settings = z.strictObject({
  width: z.int().min(1).default(32),
  queries: z.int().min(1).default(10),
  /** How strongly a query prefers features that are similar to it. @defaultValue 1 */
  sharpness: z.number().min(0).default(1),
});

export const glimpse: ModelSpec<typeof settings> = {
  name: 'glimpse',
  title: 'Glimpse',
  settings,
  objective: softmaxObjective,
  build({ width, queries, sharpness }, allLevels, numClasses) {
    const backbone = singleLevel(allLevels); // the last one
    const inputs = backbone.levels[0].channels;
    const project = linear('project', { inputs, outputs: width, group: 'rest' });
    const query = embedding('query', { rows: queries, width, group: 'rest' });
    const classHead = linear('class_embed', { inputs: width, outputs: numClasses + 1, group: 'rest' });
    const boxHead = linear('bbox_embed', { inputs: width, outputs: 4, group: 'rest' });
    return withBackbone(backbone, {
      parameters: parametersOf(project, query, classHead, boxHead),
      ...{ queries, layers: 1, numClasses },
      forwardFeatures(tensors, { levels }) {
        const { features } = onlyLevel(levels, 'glimpse');
        const [batch, h, w] = features.shape;
        const places = h * w;
        const seen = project.apply(tensors, tf.reshape(features, [batch * places, inputs])); // [B*h*w, d]
        const likeness = tf.matMul(seen, query.apply(tensors), false, true);
        const byQuery = tf.transpose(tf.reshape(likeness, [batch, places, queries]), [0, 2, 1]);
        const shares = tf.softmax(tf.mul(byQuery, sharpness)); // [B, Q, h*w]
        const means = tf.matMul(shares, tf.reshape(seen, [batch, places, width]));
        const rows = tf.reshape(means, [batch * queries, width]) as tf.Tensor2D;
        const logits = tf.reshape(classHead.apply(tensors, rows), [1, batch, queries, numClasses + 1]) as tf.Tensor4D;
        const boxes = tf.reshape(tf.sigmoid(boxHead.apply(tensors, rows)), [1, batch, queries, 4]) as tf.Tensor4D;
        return { sets: [{ name: 'decoder', logits, boxes, known: 0 }] };
      },
    });
  },
};
