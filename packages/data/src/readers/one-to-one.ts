/** Assigns each entry in a list one file, and no file to two entries. */

/** One way to find the file of an entry. */
export interface Way<Entry, Name extends string> {
  readonly name: Name;
  /** Returns an absolute path, or undefined where this way leads to no file or to several. */
  find(entry: Entry): string | undefined;
  /** True for certain names: entries that name the same file share it. */
  readonly shared?: boolean;
}

export interface Given<Name extends string> {
  readonly file: string;
  /** Name of the way in which it was found. */
  readonly by: Name;
}

export interface OneToOne<Entry, Name extends string> {
  /** The assigned files; without the entries for which no way finds a file. */
  readonly given: ReadonlyMap<Entry, Given<Name>>;
  /** Files that several entries would get in the same way; none of them gets it. */
  readonly contested: ReadonlyMap<string, readonly Entry[]>;
  /** For an entry without a file, the first that it contested. */
  readonly lost: ReadonlyMap<Entry, string>;
}

/**
 * Tries each way for all entries before the next one. A file that is assigned to an entry is not assigned to another
 * one by a later, less certain way; a file that several entries would get in the same way goes to none of them.
 *
 * @param identity key of an entry; entries with the same key are the same, and so may share a file
 */
export function oneToOne<Entry, Name extends string>(
  entries: readonly Entry[],
  ways: readonly Way<Entry, Name>[],
  identity: (entry: Entry) => unknown = (entry) => entry,
): OneToOne<Entry, Name> {
  const given = new Map<Entry, Given<Name>>();
  const contested = new Map<string, readonly Entry[]>();
  const taken = new Set<string>();
  for (const { name, find, shared = false } of ways) {
    const wanted = new Map<string, Entry[]>();
    for (const entry of entries) {
      if (given.has(entry)) continue;
      const file = find(entry);
      if (file === undefined || taken.has(file) || contested.has(file)) continue;
      const others = wanted.get(file);
      if (others) others.push(entry);
      else wanted.set(file, [entry]);
    }
    for (const [file, claimants] of wanted) {
      if (!shared && new Set(claimants.map(identity)).size > 1) contested.set(file, claimants);
      else {
        taken.add(file);
        for (const entry of claimants) given.set(entry, { file, by: name });
      }
    }
  }
  const lost = new Map<Entry, string>();
  for (const [file, claimants] of contested) {
    for (const entry of claimants) if (!given.has(entry) && !lost.has(entry)) lost.set(entry, file);
  }
  return { given, contested, lost };
}
