/**
 * Named parameters kept in one flat float32 buffer per optimiser group.
 *
 * Layers see named pieces, and the optimiser sees a few long vectors: AdamW, clipping, EMA and accumulation then take a
 * handful of ops, however many layers a model has.
 */
import { concat1d, type Rank, reshape, split, type Tensor, type Tensor1D, tidy } from '@tensorflow/tfjs-core';

/** How a parameter is trained: at the backbone's learning rate, at that of the rest of the model, or never. */
export type ParameterGroup = 'backbone' | 'rest' | 'frozen';

/** A parameter as a model declares it. `Group` is a different type if an optimiser defines its own groups. */
export interface ParameterSpec<Name extends string = string, Group extends string = ParameterGroup> {
  /** Name in the reference implementation's state_dict, which checkpoints use. */
  readonly name: Name;
  /** Shape as in the state_dict, except for a `kernel`. */
  readonly shape: readonly number[];
  /**
   * Marks a convolution's kernel, which is `[height, width, in, out]` here and `[out, in, height, width]` in
   * checkpoints.
   */
  readonly kernel?: true;
  readonly group: Group;
}

/** A parameter and its place: elements `offset` to `offset + size` of its group's buffer, row by row. */
export interface PlacedParameter<Name extends string = string, Group extends string = ParameterGroup>
  extends ParameterSpec<Name, Group> {
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

/** One flat buffer and the parameters in it. */
export interface FlatGroup<Name extends string = string, Group extends string = ParameterGroup> {
  readonly name: Group;
  /** Number of elements of the buffer. */
  readonly size: number;
  readonly parameters: readonly PlacedParameter<Name, Group>[];
}

/** Thrown when parameters do not fit their layout; the message names them. */
export class ParameterError extends Error {
  override name = 'ParameterError';
}

/**
 * The order of parameters in their flat buffers. Groups are ordered by their first parameter, and parameters keep the
 * order given, so the same specs always give the same buffers.
 */
export class ParameterLayout<Name extends string = string, Group extends string = ParameterGroup> {
  readonly groups: readonly FlatGroup<Name, Group>[];
  readonly #placed: ReadonlyMap<string, PlacedParameter<Name, Group>>;

  /** @throws ParameterError for a name that occurs twice or a shape with an invalid axis */
  constructor(specs: readonly ParameterSpec<Name, Group>[]) {
    const placed = new Map<string, PlacedParameter<Name, Group>>();
    const groups = new Map<Group, { name: Group; size: number; parameters: PlacedParameter<Name, Group>[] }>();
    for (const { name, shape, group: groupName, kernel } of specs) {
      const twin = placed.get(name);
      if (twin !== undefined) {
        throw new ParameterError(
          `two parameters are called '${name}' (${describe(twin)} in '${twin.group}', ${describe({ shape })} in ` +
            `'${groupName}'): names must be unique; list a tensor that two layers share once`,
        );
      }
      if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
        throw new ParameterError(`parameter '${name}' has shape ${describe({ shape })}: axes must be whole and >= 0`);
      }
      const group = groups.get(groupName) ?? { name: groupName, size: 0, parameters: [] };
      groups.set(groupName, group);
      const size = shape.reduce((product, axis) => product * axis, 1);
      const place = { offset: group.size, size };
      const parameter = { name, shape: [...shape], group: groupName, ...(kernel && { kernel }), ...place };
      group.size += size;
      group.parameters.push(parameter);
      placed.set(name, parameter);
    }
    this.groups = [...groups.values()];
    this.#placed = placed;
  }

  /** All parameters, group by group. */
  get parameters(): readonly PlacedParameter<Name, Group>[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  /**
   * Looks up a parameter by name.
   *
   * @throws ParameterError if the layout has no such parameter
   */
  parameter(name: string): PlacedParameter<Name, Group> {
    const found = this.#placed.get(name);
    if (found === undefined) throw new ParameterError(`the layout has no parameter '${name}'`);
    return found;
  }

  /**
   * The named pieces of the flat buffers.
   *
   * There is one split per group: its gradient is one concatenation, whereas the gradient of a slice would be a padded
   * copy of the entire buffer for each piece.
   *
   * @param flats one `[size]` tensor per group, in the order of `groups`
   * @throws ParameterError if their number or sizes differ from those of the groups
   */
  unflatten(flats: readonly Tensor1D[]): Record<Name, Tensor> {
    this.#requireFlats(flats);
    return tidy(() => {
      const entries = this.groups.flatMap(({ parameters }, i) => {
        const flat = flats[i] as Tensor1D;
        const sizes = parameters.map(({ size }) => size);
        // tfjs's gradient of a split into a single piece throws.
        const pieces = sizes.length === 1 ? [flat] : split(flat, sizes);
        return parameters.map(({ name, shape }, j) => [name, reshape(pieces[j] as Tensor, [...shape])]);
      });
      return Object.fromEntries(entries) as Record<Name, Tensor>;
    });
  }

  /**
   * The flat buffers of named tensors, the inverse of `unflatten`.
   *
   * @returns one `[size]` tensor per group, in the order of `groups`
   * @throws ParameterError naming every parameter that is missing, unknown or has another shape
   */
  flatten(named: Readonly<Record<Name, Tensor>>): Tensor1D[] {
    const tensors = new Map<string, Tensor>(Object.entries<Tensor>(named));
    this.#requireNamed(tensors);
    return tidy(() =>
      this.groups.map(({ parameters }) =>
        concat1d(parameters.map(({ name, size }) => reshape<Rank.R1>(tensors.get(name) as Tensor, [size]))),
      ),
    );
  }

  #requireFlats(flats: readonly Tensor1D[]): void {
    if (flats.length !== this.groups.length) {
      const names = this.groups.map((group) => group.name).join(', ');
      throw new ParameterError(
        `expected one flat buffer per group (${this.groups.length}: ${names}), got ${flats.length}`,
      );
    }
    this.groups.forEach((group, i) => {
      const { shape, dtype } = flats[i] as Tensor1D;
      if (shape.length !== 1 || shape[0] !== group.size || dtype !== 'float32') {
        throw new ParameterError(
          `group '${group.name}' needs a float32 buffer of [${group.size}], got ${dtype} ${describe({ shape })}`,
        );
      }
    });
  }

  #requireNamed(tensors: ReadonlyMap<string, Tensor>): void {
    const missing = this.parameters.filter(({ name }) => !tensors.has(name)).map(({ name }) => name);
    const unknown = [...tensors.keys()].filter((name) => !this.#placed.has(name));
    const misfits = this.parameters.flatMap((parameter) => {
      const tensor = tensors.get(parameter.name);
      if (tensor === undefined || (sameShape(tensor.shape, parameter.shape) && tensor.dtype === 'float32')) return [];
      return `${parameter.name} (expected float32 ${describe(parameter)}, got ${tensor.dtype} ${describe(tensor)})`;
    });
    const problems = [some('missing', missing), some('not in the layout', unknown), some('of another shape', misfits)];
    const found = problems.filter((problem) => problem !== '');
    if (found.length > 0) throw new ParameterError(`the parameters do not fit the layout; ${found.join('; ')}`);
  }
}

const describe = ({ shape }: { readonly shape: readonly number[] }): string => `[${shape.join(', ')}]`;

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);

/** Formats a list as `missing: a, b, c and 7 more`: all names of another model's checkpoint would fill the screen. */
function some(what: string, items: readonly string[], shown = 8): string {
  if (items.length === 0) return '';
  const rest = items.length > shown ? ` and ${items.length - shown} more` : '';
  return `${what}: ${items.slice(0, shown).join(', ')}${rest}`;
}
