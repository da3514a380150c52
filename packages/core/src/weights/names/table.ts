/** Translates the names of a checkpoint according to a table. */

/**
 * A pattern of names and their translation. `#` matches a number and `*` any remainder; the target repeats them in the
 * same order, with `#+1` for the number plus one. `?` matches a number that the target leaves out.
 *
 * `third`: the tensor is the first, second or last third of the target's rows, if the target joins the projections of
 * queries, keys and values (`in_proj_weight`) and the source has them separately.
 */
export type NameRule = readonly [from: string, to: string, third?: 0 | 1 | 2];

/** The names of one code base. */
export interface NameTable {
  /** Name of the code base, for messages. */
  readonly source: string;
  /** A name that no other code base has. */
  readonly mark: string;
  /** The first rule that matches a name applies; a name that matches no rule is kept. */
  readonly rules: readonly NameRule[];
  /**
   * A head that a file may have once for all layers although the model has one per layer. Both values are prefixes of
   * names, before `.0` and so on; the number of layers is that of the names under `layers`.
   */
  readonly sharedHead?: { readonly head: string; readonly layers: string };
  /**
   * Heads that a file lists for each layer although all layers may share them, as prefixes of our names before `.0` and
   * so on. If the heads of all layers are equal, the layers share them.
   */
  readonly listedHeads?: readonly string[];
}

/** A translated name. */
export interface TranslatedName {
  readonly name: string;
  readonly third?: 0 | 1 | 2 | undefined;
}

/**
 * Compiles a table.
 *
 * @returns a function that translates the names of the code base
 */
export function translator({ rules }: NameTable): (name: string) => TranslatedName {
  const compiled = rules.map(([from, to, third]) => ({ pattern: patternOf(from), to, third }));
  return (name) => {
    for (const { pattern, to, third } of compiled) {
      const found = pattern.exec(name);
      if (found !== null) return { name: fill(to, found.slice(1)), third };
    }
    return { name };
  };
}

function patternOf(from: string): RegExp {
  const escaped = from.replaceAll('.', '\\.').replaceAll('?', '\\d+').replaceAll('#', '(\\d+)').replaceAll('*', '(.+)');
  return new RegExp(`^${escaped}$`);
}

function fill(to: string, found: readonly string[]): string {
  const rest = found.values();
  return to.replace(/#\+1|#|\*/g, (wildcard) => {
    const value = rest.next().value ?? '';
    return wildcard === '#+1' ? `${Number(value) + 1}` : value;
  });
}
