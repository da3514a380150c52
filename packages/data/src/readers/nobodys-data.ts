/** Files and folders that systems and tools leave among data, and that nobody means as data. */

/** By their whole name, in lower case. */
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
 * Whether a file or folder of this name is passed over wherever data is looked for: hidden ones, which begin with a dot
 * (AppleDouble's `._NAME`, `.ipynb_checkpoints`, `.thumbnails`, `.DS_Store` among them), and those of systems.
 */
export function isNobodysData(name: string): boolean {
  return name.startsWith('.') || systemNames.has(name.toLowerCase());
}
