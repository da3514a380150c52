/** Translating the names of a checkpoint by a declared table. */

/**
 * Names of one form and what they are called here. `#` stands for a number, `#+1` in the target for the next one, `*`
 * for any rest; they stand for the same in both, in their order. `?` is a number that the target has no place for.
 *
 * `third`: the tensor is the first, second or last third of the rows of the target, where one has the projections of
 * queries, keys and values (`in_proj_weight`) and the other has each alone.
 */
export type NameRule = readonly [from: string, to: string, third?: 0 | 1 | 2];

/** The names of one code base. */
export interface NameTable {
  /** Name of the table in messages. */
  readonly source: string;
  /** A parameter name that no other code base has. */
  readonly mark: string;
  /** The first rule that fits a name counts; a name that none fits stays as it is. */
  readonly rules: readonly NameRule[];
  /**
   * A head that a file may have once for all layers, where the model has one for each: what the names of both heads begin
   * with, before `.0` and so on. There are as many layers as there are of `layers`.
   */
  readonly sharedHead?: { readonly head: string; readonly layers: string };
  /**
   * Heads, by what our names of them begin with before `.0` and so on, that a file lists for each layer though all layers
   * may share them: where those of all layers are equal, they do.
   */
  readonly listedHeads?: readonly string[];
}

export interface TranslatedName {
  readonly name: string;
  readonly third?: 0 | 1 | 2 | undefined;
}

/** @returns a function from the names of a code base to ours */
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
