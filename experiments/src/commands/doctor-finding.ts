/** A line of `doctor`'s table. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  /** False for what costs speed or will not work. */
  readonly ok: boolean;
  /** Meaning of the value, and what to do about it. */
  readonly verdict: string;
}
