/** Tables as CSV (RFC 4180) that a page carries in its links. */

export type CsvValue = string | number | null | undefined;

/**
 * A header and rows. Numbers have six digits, which is more than they are good for; what has no value is an empty field.
 *
 * @param rows of which the first one's keys are the columns
 */
export function csv(rows: readonly Readonly<Record<string, CsvValue>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => columns.map((column) => field(row[column])).join(','));
  return [columns.map(field).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

function field(value: CsvValue): string {
  if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  const text = String(typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A link's address that holds the text itself. */
export function csvAddress(text: string): string {
  // Half a surrogate pair, which no UTF-8 has, would be an error below.
  const wellFormed = Buffer.from(text).toString();
  // Commas and the like may stand as they are: the address is about as long as the text.
  return `data:text/csv;charset=utf-8,${encodeURI(wellFormed).replaceAll('#', '%23')}`;
}
