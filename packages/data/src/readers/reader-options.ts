/** Options that only one reader has. They are declared with it, and passed among those of `openDataset`. */
import { requireOneOf } from '../option-checks.ts';
import type { DatasetReader, ReaderOption } from './dataset-reader.ts';

/** The options of several readers together: `{ vocOrigin?: 0 | 1 }`. */
export type ReaderOptions<Reader extends DatasetReader> =
  // A function that accepts any of several types has all of them as its parameter: their intersection.
  (Reader extends { readonly options?: infer Options extends object } ? (options: Options) => void : never) extends (
    options: infer All,
  ) => void
    ? { readonly [Name in keyof All]?: All[Name] extends ReaderOption<infer Value> ? Value : never }
    : never;

/**
 * The options for a reader, and a notice for each option that was given for another reader.
 *
 * @param given all options, by name
 * @throws DataError if an option has a value that it cannot have
 */
export function optionsFor(
  used: DatasetReader,
  readers: readonly DatasetReader[],
  given: Readonly<Record<string, unknown>>,
): { readonly options: object; readonly notices: readonly string[] } {
  const options: Record<string, unknown> = {};
  const notices: string[] = [];
  for (const reader of readers) {
    for (const [name, { title, values }] of Object.entries<ReaderOption>({ ...reader.options })) {
      const { [name]: value = values[0] } = given;
      requireOneOf(name, value, values);
      if (reader === used) options[name] = value;
      else if (value !== values[0] && !Object.hasOwn(used.options ?? {}, name)) {
        notices.push(`the ${title} applies only to ${reader.title}: it has no effect on ${used.title} boxes`);
      }
    }
  }
  return { options, notices };
}
