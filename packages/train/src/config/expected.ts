/** Messages that say what value a setting expects. */
import type { z } from 'zod';
import { counted } from '../words.ts';

/** The expectation behind a validation issue; undefined where zod's own message, or the schema's, is clear enough. */
export function expected(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'expected a whole number' : undefined;
    case 'too_small':
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected ${issue.inclusive ? 'at most' : 'less than'} ${amount(issue.maximum, issue.origin)}`;
    default:
      return undefined;
  }
}

/** A bound as text: a plain number, or a count of elements or characters. */
function amount(value: number | bigint, origin: string): string {
  if (origin === 'array') return counted(Number(value), 'element');
  return origin === 'string' ? counted(Number(value), 'character') : `${value}`;
}
