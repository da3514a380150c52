/** Formats a parity report for people (a table) and for programs (one JSON document). */
import Table from 'cli-table3';
import type { CaseReport, FixtureReport, ParityReport } from './run.ts';

/** A table with fixture, case, largest error, tolerance and verdict, then failures, uncovered keys and totals. */
export function formatReport(report: ParityReport): string {
  const table = new Table({
    head: ['fixture', 'case', 'keys', 'largest error', 'tolerance', ''],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, cases, error } of report.fixtures) {
    if (error !== undefined) table.push([name, '(unusable)', '', '', '', 'FAIL']);
    for (const entry of cases) {
      const verdict = entry.pass ? 'pass' : 'FAIL';
      table.push([name, entry.name, entry.keys.length, number(entry.maxError), number(entry.tolerance), verdict]);
    }
  }
  const failures = report.fixtures.flatMap((fixture) => [
    ...(fixture.error === undefined ? [] : [`FAIL ${fixture.name}: ${fixture.error}`]),
    ...fixture.cases.flatMap(({ name, problems }) => problems.map((text) => `FAIL ${fixture.name} ${name}: ${text}`)),
  ]);
  const skipped = report.fixtures.flatMap((fixture) =>
    (fixture.skipped ?? []).map(({ name, reason }) => `skipped ${fixture.name} ${name}: ${reason}`),
  );
  const uncovered = report.fixtures.flatMap((fixture) =>
    fixture.uncovered.length === 0 ? [] : [`not covered in ${fixture.name}: ${fixture.uncovered.join(', ')}`],
  );
  const unchecked = report.uncovered.length === 0 ? [] : [`fixtures without a check: ${report.uncovered.join(', ')}`];
  return [
    ...(report.fixtures.length === 0 ? [] : [table.toString()]),
    ...failures,
    ...skipped,
    ...uncovered,
    ...unchecked,
    `${report.passed} passed, ${report.failed} failed, ${report.uncovered.length} fixtures without a check`,
  ].join('\n');
}

/** The report as JSON. Numbers that JSON lacks become the strings `NaN` and `Infinity`, as in the fixtures. */
export function reportAsJson(report: ParityReport): string {
  const { fixtures, passed, failed, uncovered } = report;
  const document = { fixtures: fixtures.map(withoutEmptyWords), passed, failed, uncovered };
  return JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    2,
  );
}

/** Leaves out `problems` where it is empty. */
function withoutEmptyWords(fixture: FixtureReport): object {
  const strip = ({ problems, ...rest }: CaseReport) => (problems.length === 0 ? rest : { ...rest, problems });
  return { ...fixture, cases: fixture.cases.map(strip) };
}

const number = (value: number | null): string => (value === null ? '-' : value === 0 ? '0' : value.toExponential(2));
