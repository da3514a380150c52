/** Tables as CSV that a page carries in its links. */
import { csvFormat } from 'd3-dsv';

export type CsvValue = string | number | null | undefined;

/** A header and rows. Numbers have six digits, which is more than they are good for; what has no value is an empty field. */
export function csv(rows: readonly Readonly<Record<string, CsvValue>>[]): string {
  return csvFormat(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, field(value)]))),
  );
}

function field(value: CsvValue): CsvValue {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : undefined;
}

/** A link's address that holds the text itself. */
export function csvAddress(text: string): string {
  // Half a surrogate pair, which no UTF-8 has, would be an error below.
  const wellFormed = Buffer.from(text).toString();
  // Commas and the like may stand as they are: the address is about as long as the text.
  return `data:text/csv;charset=utf-8,${encodeURI(wellFormed).replaceAll('#', '%23')}`;
}
