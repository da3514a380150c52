/** A line of `doctor`'s table. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  /** Whether all is well; false if it costs speed or will not work. */
  readonly ok: boolean;
  /** The meaning of the value, and advice if it is not ok. */
  readonly verdict: string;
}
