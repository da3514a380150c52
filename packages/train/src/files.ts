/**
 * Files that appear complete or not at all, JSON, and lines of JSON.
 *
 * @module @dn-detr/train/files
 */
export { removeFile, removeLeftovers, unwritable, writeAtomically } from './atomic-file.ts';
export { fittingName, longestName } from './fitting-name.ts';
export { makeFolder, readJson, readJsonLines, writeJson } from './json-files.ts';
