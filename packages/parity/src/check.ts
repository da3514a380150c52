/** Interface of a parity check, which recomputes one kind of fixture. */
import type { Fixture } from './fixture.ts';

/** An array that we computed, to be compared with the stored one of the same case and key. */
export interface Computed {
  /** Values in row-major order. */
  readonly values: ArrayLike<number>;
  /** Shape, compared too if given. */
  readonly shape?: readonly number[];
  /** The values to compare with, where they are a list in the JSON and not the tensor `<case>.<key>`. */
  readonly expected?: {
    readonly values: ArrayLike<number>;
    /** Whether values have to be equal, without any tolerance. */
    readonly exact?: boolean;
    /** Relative tolerance, for fixtures that give it in their prose and not in their rules. */
    readonly rtol?: number;
  };
}

/** How one kind of fixture is recomputed: its cases, its inputs, and the outputs to compare. */
export interface Check {
  /**
   * Globs for the keys, without their case, that are inputs: tensors and fields of `cases.<case>`. Everything else that
   * is stored and not compared is reported as uncovered.
   */
  readonly inputs: readonly string[];
  /** Globs for outputs that a fixture may leave out; any other output that is not stored is a failure. */
  readonly optional?: readonly string[];
  /** The cases of a fixture, in order; `['']` for a fixture with a single case without a name. */
  cases(fixture: Fixture): readonly string[];
  /** The reason why a case cannot be computed on this machine; undefined if it can. */
  skips?(fixture: Fixture, caseName: string): string | undefined;
  /**
   * Computes the outputs of one case, by key.
   *
   * @throws FixtureError if the case is incomplete or inconsistent
   */
  run(fixture: Fixture, caseName: string): Readonly<Record<string, Computed>>;
}
