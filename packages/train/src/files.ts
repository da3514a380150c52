export { removeFile, removeLeftovers, unwritable, writeAtomically } from './atomic-file.ts';
export { makeFolder, readJson, readJsonLines, writeJson } from './json-files.ts';
