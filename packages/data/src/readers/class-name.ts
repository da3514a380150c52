/** The name of a class, from any value in its place in JSON or YAML. */

/**
 * Returns a class's name. A number names a class as a text does; a class without a name is named after its id or index.
 */
export function className(name: unknown, id: string | number): string {
  const isName =
    (typeof name === 'string' && name.trim() !== '') || typeof name === 'number' || typeof name === 'boolean';
  return String(isName ? name : id);
}
