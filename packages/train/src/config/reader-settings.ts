/** Settings of `data` that one reader of folders alone has, as the readers declare them: `vocOrigin` is VOC's. */
import { type ReaderOption, readerOptions } from '@dn-detr/data';
import { z } from 'zod';

type SettingOf<Option> =
  Option extends ReaderOption<infer Value extends string | number> ? z.ZodDefault<z.ZodLiteral<Value>> : never;

export const readerSettings = Object.fromEntries(
  Object.entries(readerOptions).map(([name, { values }]) => [name, z.literal(values).default(values[0])]),
) as { readonly [Name in keyof typeof readerOptions]: SettingOf<(typeof readerOptions)[Name]> };
