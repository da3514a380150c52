/** A line of `doctor`'s table. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  /** False for what costs speed or will not work. */
  readonly ok: boolean;
  /** What it means, and what to do about it. */
  readonly verdict: string;
}
