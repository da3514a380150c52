/** The interface of parity checks: how one kind of fixture is computed again. */
import type { Fixture } from './fixture.ts';

/** An array computed by us, to be compared with the stored one of the same case and key. */
export interface Computed {
  /** Values row by row. */
  readonly values: ArrayLike<number>;
  /** Shape, which is compared too if given. */
  readonly shape?: readonly number[];
  /** Values to compare with, where they are not the tensor `<case>.<key>` but a list in the JSON. */
  readonly expected?: {
    readonly values: ArrayLike<number>;
    /** Whether no tolerance is allowed. */
    readonly exact?: boolean;
    /** Relative tolerance, where the fixture's prose gives it in place of its rules. */
    readonly rtol?: number;
  };
}

export interface Check {
  /**
   * Globs over the keys, without their case, that are inputs: tensors and fields of `cases.<case>`. Everything else that
   * is stored and not compared is reported as uncovered.
   */
  readonly inputs: readonly string[];
  /** Globs over outputs that a fixture may leave out; another one that is not stored is a failure. */
  readonly optional?: readonly string[];
  /** The cases of a fixture, in order; `''` for a fixture that has but one, nameless. */
  cases(fixture: Fixture): readonly string[];
  /** Why a case cannot be computed on this machine; undefined where it can. */
  skips?(fixture: Fixture, caseName: string): string | undefined;
  /**
   * Computes the outputs of one case, by key.
   *
   * @throws FixtureError if the case lacks something or makes no sense
   */
  run(fixture: Fixture, caseName: string): Readonly<Record<string, Computed>>;
}
