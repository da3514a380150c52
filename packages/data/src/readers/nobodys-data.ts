/** Files and folders that systems and tools leave among data, and that are never meant as data. */

/** Complete names, in lower case. */
const systemNames = new Set([
  // macOS archives, and folders of its volumes
  '__macosx',
  // Synology and QNAP
  '@eadir',
  '@tmp',
  '@recycle',
  '#recycle',
  '#snapshot',
  // Windows
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '$recycle.bin',
  'system volume information',
  // Linux
  'lost+found',
]);

/**
 * Whether a file or folder with this name is skipped wherever data is looked for: hidden ones, which begin with a dot
 * (such as AppleDouble's `._NAME`, `.ipynb_checkpoints`, `.thumbnails` and `.DS_Store`), and those that systems create.
 */
export function isNobodysData(name: string): boolean {
  return name.startsWith('.') || systemNames.has(name.toLowerCase());
}
