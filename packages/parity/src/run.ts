/** Runs the checks for a folder of fixtures and reports what passed, what failed and what was not covered. */
import type { Check, Computed } from './check.ts';
import { adamwCheck } from './checks/adamw.ts';
import { blocksCheck } from './checks/blocks.ts';
import { boxOpsCheck } from './checks/box-ops.ts';
import { cdnPrepareCheck } from './checks/cdn-prepare.ts';
import { cocoEvalCheck } from './checks/coco-eval.ts';
import { criterionDetrCheck, criterionDnCheck } from './checks/criterion.ts';
import { criterionDinoCheck } from './checks/criterion-dino.ts';
import { deformableBlocksCheck } from './checks/deformable-blocks.ts';
import { deformableInitCheck } from './checks/deformable-init.ts';
import { deformableModelChecks } from './checks/deformable-models.ts';
import { dnPrepareCheck } from './checks/dn-prepare.ts';
import { efficientnetCheck } from './checks/efficientnet.ts';
import { focalCeCheck } from './checks/focal-ce.ts';
import { formulaCheck } from './checks/formula.ts';
import { hfDeformableCheck } from './checks/hf-deformable.ts';
import { hfSmallCheck } from './checks/hf-small.ts';
import { instabilityCheck } from './checks/instability.ts';
import { lsapCheck } from './checks/lsap.ts';
import { matcherCheck } from './checks/matcher.ts';
import { modelChecks } from './checks/models.ts';
import { msdaCheck } from './checks/msda.ts';
import { positionEncodingCheck } from './checks/position-encoding.ts';
import { postprocessCheck } from './checks/postprocess.ts';
import { resnetCheck } from './checks/resnet.ts';
import { stateDictNamesCheck } from './checks/state-dict-names.ts';
import { twoStageCheck } from './checks/two-stage.ts';
import { type Fixture, listFixtures, readFixture, storedName } from './fixture.ts';
import { FixtureError } from './json.ts';
import { compare, type Difference, matches, toleranceFor } from './tolerance.ts';

/** The checks, by globs for kinds of fixtures. */
const checks: Readonly<Record<string, Check>> = {
  ...deformableModelChecks,
  ...modelChecks,
  formula: formulaCheck,
  box_ops: boxOpsCheck,
  matcher: matcherCheck,
  lsap: lsapCheck,
  adamw: adamwCheck,
  position_encoding: positionEncodingCheck,
  resnet: resnetCheck,
  efficientnet: efficientnetCheck,
  blocks: blocksCheck,
  deformable_blocks: deformableBlocksCheck,
  two_stage: twoStageCheck,
  msda: msdaCheck,
  dn_prepare: dnPrepareCheck,
  cdn_prepare: cdnPrepareCheck,
  focal_ce: focalCeCheck,
  criterion_detr: criterionDetrCheck,
  criterion_dn: criterionDnCheck,
  criterion_dino: criterionDinoCheck,
  postprocess: postprocessCheck,
  state_dict_names: stateDictNamesCheck,
  state_dict_names_deformable: stateDictNamesCheck,
  deformable_init: deformableInitCheck,
  hf_small: hfSmallCheck,
  hf_deformable: hfDeformableCheck,
  coco_eval: cocoEvalCheck,
  instability: instabilityCheck,
};

/** The result of one case. */
export interface CaseReport {
  readonly name: string;
  /** Keys that were compared. */
  readonly keys: readonly string[];
  /** The error furthest beyond (or nearest to) its tolerance, and that tolerance; null if nothing could be compared. */
  readonly maxError: number | null;
  readonly tolerance: number | null;
  readonly pass: boolean;
  /** One sentence for each failure. */
  readonly problems: readonly string[];
}

/** The results of one fixture. */
export interface FixtureReport {
  readonly name: string;
  readonly cases: readonly CaseReport[];
  /** Stored keys that are neither compared nor inputs. */
  readonly uncovered: readonly string[];
  /** Cases that cannot be computed on this machine, and why; omitted if there are none. */
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
  /** Why the fixture could not be used; it counts as a failure. */
  readonly error?: string;
}

/** The results of a folder of fixtures. */
export interface ParityReport {
  /** Fixtures with a check, and those that cannot be read. */
  readonly fixtures: readonly FixtureReport[];
  /** Number of cases that passed. */
  readonly passed: number;
  /** Number of cases that failed, plus one for each unusable fixture. */
  readonly failed: number;
  /** Names of fixtures without a check. */
  readonly uncovered: readonly string[];
}

/**
 * Reads every fixture of a folder and runs its check, case by case. Problems of a fixture or a case become part of the
 * report.
 *
 * @param only names of the fixtures to run; all if empty
 * @throws FixtureError if the folder does not exist or is empty, or `only` names a fixture that it does not have
 */
export function runParity(
  folder: string,
  only: readonly string[] = [],
  registry: Readonly<Record<string, Check>> = checks,
): ParityReport {
  const names = listFixtures(folder);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new FixtureError(`no fixture ${unknown.join(', ')} in ${folder}; it has: ${names.join(', ')}`);
  }
  const fixtures: FixtureReport[] = [];
  const uncovered: string[] = [];
  for (const name of only.length === 0 ? names : names.filter((candidate) => only.includes(candidate))) {
    const report = runFixture(folder, name, registry);
    if (report === 'uncovered') uncovered.push(name);
    else fixtures.push(report);
  }
  const cases = fixtures.flatMap((fixture) => fixture.cases);
  const passed = cases.filter(({ pass }) => pass).length;
  const broken = fixtures.filter(({ error }) => error !== undefined).length;
  return { fixtures, passed, failed: cases.length - passed + broken, uncovered };
}

function runFixture(
  folder: string,
  name: string,
  registry: Readonly<Record<string, Check>>,
): FixtureReport | 'uncovered' {
  try {
    const fixture = readFixture(folder, name);
    const [, check] = Object.entries(registry).find(([kinds]) => matches(kinds, fixture.kind)) ?? [];
    if (check === undefined) return 'uncovered';
    const names = check.cases(fixture);
    if (names.length === 0) throw new FixtureError(`${name} has no cases for the check '${fixture.kind}'`);
    const skipped = names.flatMap((name) => {
      const reason = check.skips?.(fixture, name);
      return reason === undefined ? [] : [{ name, reason }];
    });
    const cases = names
      .filter((name) => !skipped.some((skip) => skip.name === name))
      .map((caseName) => runCase(check, fixture, caseName));
    const report = { name, cases, uncovered: uncoveredKeys(check, fixture, cases) };
    return skipped.length === 0 ? report : { ...report, skipped };
  } catch (error) {
    return { name, cases: [], uncovered: [], error: (error as Error).message };
  }
}

function runCase(check: Check, fixture: Fixture, name: string): CaseReport {
  const keys: string[] = [];
  const problems: string[] = [];
  let worst: Difference | undefined;
  const guard = (action: () => void) => {
    try {
      action();
    } catch (error) {
      problems.push((error as Error).message);
    }
  };
  guard(() => {
    const outputs = Object.entries(check.run(fixture, name));
    if (outputs.length === 0) throw new FixtureError(`the check '${fixture.kind}' computed nothing for this case`);
    for (const [key, computed] of outputs) {
      if (isLeftOut(check, fixture, name, key, computed)) continue;
      keys.push(key);
      guard(() => {
        const difference = compareOutput(fixture, name, key, computed);
        if (!difference.pass) problems.push(describeDifference(key, difference));
        if (worst === undefined || isWorse(difference, worst)) worst = difference;
      });
    }
    if (keys.length === 0)
      throw new FixtureError('none of the outputs that the check computes is stored for this case');
  });
  return {
    name,
    keys,
    maxError: worst?.error ?? null,
    tolerance: worst?.tolerance ?? null,
    pass: problems.length === 0,
    problems,
  };
}

function isLeftOut({ optional = [] }: Check, fixture: Fixture, caseName: string, key: string, computed: Computed) {
  const isStored = computed.expected !== undefined || fixture.tensors.has(storedName(caseName, key));
  return !isStored && optional.some((glob) => matches(glob, key));
}

function compareOutput(fixture: Fixture, caseName: string, key: string, computed: Computed): Difference {
  const tensor = fixture.tensors.get(storedName(caseName, key));
  const expected = computed.expected?.values ?? tensor?.data;
  if (expected === undefined) {
    throw new FixtureError(`${key}: there is nothing to compare with: '${storedName(caseName, key)}' is not stored`);
  }
  const shape = computed.expected === undefined ? tensor?.shape : undefined;
  if (shape !== undefined && computed.shape !== undefined && `${shape}` !== `${computed.shape}`) {
    throw new FixtureError(
      `${key}: our shape is [${computed.shape.join(', ')}], the stored shape is [${shape.join(', ')}]`,
    );
  }
  if (computed.values.length !== expected.length) {
    throw new FixtureError(`${key}: expected the ${expected.length} stored values, computed ${computed.values.length}`);
  }
  // Integers and masks are exact, whatever the rules say about other tensors.
  const exact = computed.expected?.exact ?? (computed.expected === undefined && !tensor?.dtype.startsWith('F'));
  const rtol = exact ? 0 : computed.expected?.rtol;
  const facts = fixture.cases.get(caseName) ?? fixture.json;
  const tolerance = rtol === undefined ? toleranceFor(fixture, key, expected, facts) : { atol: 0, rtol };
  return compare(computed.values, expected, tolerance);
}

function isWorse(a: Difference, b: Difference): boolean {
  if (a.pass !== b.pass) return b.pass;
  const ratio = ({ error, tolerance }: Difference) => {
    if (error === 0) return 0;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / tolerance;
  };
  // If all agree, the looser tolerance says more than the 0 of an exact comparison.
  return ratio(a) === ratio(b) ? a.tolerance > b.tolerance : ratio(a) > ratio(b);
}

function describeDifference(key: string, { error, tolerance, index }: Difference): string {
  const size = Number.isNaN(error) ? 'is NaN in one of the two' : `differs by ${error.toPrecision(3)}`;
  return `${key}: element ${index} ${size}, allowed is ${tolerance.toPrecision(3)}`;
}

/** Tensors, and fields of the cases' configuration, that were not compared and are not inputs. */
function uncoveredKeys({ inputs }: Check, fixture: Fixture, reports: readonly CaseReport[]): string[] {
  const compared = new Set(reports.flatMap(({ name, keys }) => keys.map((key) => storedName(name, key))));
  // Longest first, so that the name of case `a.b` is not read as case `a` with a key `b.…`.
  const names = [...new Set([...reports.map(({ name }) => name), ...fixture.cases.keys()])];
  const cases = names.sort((a, b) => b.length - a.length);
  const ownerOf = (stored: string) => cases.find((name) => name !== '' && stored.startsWith(`${name}.`));
  const keyOf = (stored: string): string => {
    const owner = ownerOf(stored);
    return owner === undefined ? stored : stored.slice(owner.length + 1);
  };
  const fields = [...fixture.cases].flatMap(([name, facts]) => Object.keys(facts).map((key) => storedName(name, key)));
  const isCovered = (stored: string) => compared.has(stored) || inputs.some((glob) => matches(glob, keyOf(stored)));
  return [...new Set([...fields, ...fixture.tensors.keys()])].filter((stored) => !isCovered(stored)).sort();
}
