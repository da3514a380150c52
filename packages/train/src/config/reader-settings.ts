/** Settings of `data` that belong to only one reader of folders, as the readers declare them: `vocOrigin` is VOC's. */
import type { DatasetReader, FolderReader, ReaderOption } from '@dn-detr/data';
import { z } from 'zod';

type OptionsOf<Reader extends DatasetReader> = Reader extends { readonly options: infer Options } ? Options : never;

type SettingOf<Option> =
  Option extends ReaderOption<infer Value extends string | number> ? z.ZodDefault<z.ZodLiteral<Value>> : never;

/** The settings of this package's readers; those of custom readers are checked too, but have no types here. */
type ReaderSettings = {
  readonly [Name in keyof OptionsOf<FolderReader>]: SettingOf<OptionsOf<FolderReader>[Name]>;
};

/** The settings that these readers declare, each with its first value as the default. */
export const readerSettings = (readers: readonly DatasetReader[]): ReaderSettings =>
  Object.fromEntries(
    readers
      .flatMap((reader) => Object.entries<ReaderOption>({ ...reader.options }))
      .map(([name, { values }]) => [name, z.literal(values).default(values[0])]),
  ) as unknown as ReaderSettings;
