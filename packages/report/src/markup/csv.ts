/** Formats tables as CSV that a page contains in its links. */
import { csvFormat } from 'd3-dsv';

export type CsvValue = string | number | null | undefined;

/** Formats a header and rows. Numbers have six digits, more than are meaningful; missing values are empty fields. */
export function csv(rows: readonly Readonly<Record<string, CsvValue>>[]): string {
  return csvFormat(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, field(value)]))),
  );
}

function field(value: CsvValue): CsvValue {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : undefined;
}

/** The address of a link that contains the text. */
export function csvAddress(text: string): string {
  // A lone surrogate, which UTF-8 cannot encode, would make encodeURI throw.
  const wellFormed = Buffer.from(text).toString();
  // Commas and the like need no escaping, so the address is about as long as the text.
  return `data:text/csv;charset=utf-8,${encodeURI(wellFormed).replaceAll('#', '%23')}`;
}
