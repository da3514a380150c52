/** Parses JSON as Python writes it: with bare NaN and Infinity, and with ids of any length. */

/** An id, rather than an area or a coordinate, that is a number which `JSON.parse` may round. */
const longId = /(?<!\\)"(?:id|image_id|category_id)"\s*:\s*-?[1-9]\d{15,}(?![\d.eE])/;
const bareNumber = /[[:,]\s*-?(?:NaN|Infinity)\b/;
/**
 * Strings, so that nothing inside them is mistaken for anything else, with a long integer after a key; and bare
 * numbers.
 */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(?:(\s*:\s*)(-?[1-9]\d{15,})(?![\d.eE]))?|-?\b(?:NaN|Infinity)\b/g;
const idKeys = ['"id"', '"image_id"', '"category_id"'];
/** First character of a string that represents a number while JSON is parsed. */
const mark = '\0';

/**
 * Parses the text of a COCO file. In addition to JSON, NaN, Infinity and -Infinity may occur in place of numbers, as
 * Python's `json` writes them, and `id`, `image_id` and `category_id` keep all their digits: they become bigints if
 * they are not safe integers.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseCocoJson(text: string): unknown {
  // Most files have neither, and checking for that takes a fraction of the time of a reviver.
  if (!longId.test(text) && !bareNumber.test(text)) return JSON.parse(text);
  const marked = text.replaceAll(tokens, (found, string?: string, colon?: string, digits?: string) => {
    if (string === undefined) return `"\\u0000${found}"`;
    return digits !== undefined && idKeys.includes(string) ? `${string}${colon}"\\u0000${digits}"` : found;
  });
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? numberOf(value.slice(mark.length)) : value,
  );
}

function numberOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
