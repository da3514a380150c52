/** Formats numbers for readers. Missing values become a dash, including an AP of -1, which means that there was nothing to find. */

export const dash = '–';

type Maybe = number | null | undefined;

/** AP, AR and similar figures in 0..1: `0.173`. */
export function ap(value: Maybe): string {
  return isNumber(value) && value !== -1 ? value.toFixed(3) : dash;
}

/** Any other small number: `0.173`. */
export function decimal(value: Maybe, digits = 3): string {
  return isNumber(value) ? value.toFixed(digits) : dash;
}

/** A number with its sign, `+0.285`, and a minus sign that is as wide as the plus. */
export function signed(value: Maybe, digits = 3): string {
  if (!isNumber(value)) return dash;
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** An interval as `[+0.201, +0.369]`. */
export function bounds(
  { low, high }: { readonly low: number; readonly high: number },
  format: (value: number) => string = signed,
): string {
  return `[${format(low)}, ${format(high)}]`;
}

/** A fraction as a percentage, `95 %`. */
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

/** An ISO 8601 time as `2026-03-04 05:06 UTC`; other text is returned unchanged. */
export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A setting's value: strings unchanged, everything else as JSON. */
export function setting(value: unknown): string {
  if (value === undefined) return dash;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A list as `a, b and c`. */
export function listed(items: readonly string[], last = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}

function isNumber(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
