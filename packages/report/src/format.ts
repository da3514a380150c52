/** Numbers as a reader sees them. Whatever has no value is a dash: AP is -1 where there was nothing to find. */

export const dash = '–';

type Maybe = number | null | undefined;

/** AP and its kin, in 0..1: `0.173`. */
export function ap(value: Maybe): string {
  return isNumber(value) && value !== -1 ? value.toFixed(3) : dash;
}

/** Any other small number: `0.173`. */
export function decimal(value: Maybe, digits = 3): string {
  return isNumber(value) ? value.toFixed(digits) : dash;
}

/** `+0.285`, with a minus sign that is as wide as the plus. */
export function signed(value: Maybe, digits = 3): string {
  if (!isNumber(value)) return dash;
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** `[+0.201, +0.369]` */
export function bounds(
  { low, high }: { readonly low: number; readonly high: number },
  format: (value: number) => string = signed,
): string {
  return `[${format(low)}, ${format(high)}]`;
}

/** `95 %` */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

export function pValue(value: Maybe): string {
  if (!isNumber(value)) return dash;
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

/** A count: `12,345`. */
export function count(value: Maybe): string {
  return isNumber(value) ? Math.round(value).toLocaleString('en-GB') : dash;
}

/** Time spent: `312 s`, `12 min`, `1 h 20 min`. */
export function duration(seconds: Maybe): string {
  if (!isNumber(seconds)) return dash;
  if (seconds < 600) return `${Number(seconds.toPrecision(3))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}

/** Time of one step: `0.124 s`. */
export function secondsAStep(seconds: Maybe): string {
  if (!isNumber(seconds)) return dash;
  return seconds < 9.9995 ? seconds.toFixed(3) : seconds.toFixed(1);
}

/** `2026-03-04 05:06 UTC` of an ISO 8601 time; the text itself where it is none. */
export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A setting's value: text as it is, the rest as JSON. */
export function setting(value: unknown): string {
  if (value === undefined) return dash;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `a, b and c` */
export function listed(items: readonly string[], last = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}

function isNumber(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
