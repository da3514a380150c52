export { formatReport, reportAsJson } from './report.ts';
export { runParity } from './run.ts';
