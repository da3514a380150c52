/**
 * The allowed imports between packages, which are the arrows of docs/architecture.md. There are no circular imports.
 *
 *   npm run check:arrows   checks the imports
 *   npm run arrows         redraws docs/arrows.svg
 */

/** The packages that the sources of each package may import, not counting tests. */
const arrows = {
  boxes: [],
  matcher: ['boxes'],
  metrics: ['boxes'],
  data: ['boxes'],
  core: ['boxes'],
  // Only its entry `tfjs` may import core, which a separate rule below enforces.
  dn: ['boxes', 'core'],
  runtime: [],
  train: ['boxes', 'core', 'data', 'dn', 'matcher', 'metrics', 'runtime'],
  report: ['boxes', 'core', 'data', 'dn', 'metrics', 'train'],
  parity: ['boxes', 'core', 'data', 'dn', 'matcher', 'metrics', 'runtime', 'train'],
  bench: ['boxes', 'core', 'data', 'dn', 'matcher', 'metrics', 'runtime', 'train'],
};

const tests = '(\\.test\\.ts$|/testing/|^packages/testing/|^test/)';

const packageRules = Object.entries(arrows).map(([name, targets]) => ({
  name: `${name}-imports`,
  comment: `packages/${name} may import ${targets.join(', ') || 'no other package'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src`, pathNot: tests },
  to: {
    path: '^(packages/[^/]+|experiments|test)/',
    pathNot: `^packages/(${name}/|(${[name, ...targets].join('|')})/src/)`,
  },
}));

export default {
  forbidden: [
    ...packageRules,
    {
      name: 'resolvable',
      comment: 'the import cannot be resolved, for example because the package is not a dependency',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tensors',
      comment: 'these packages work with any framework, so their inputs and outputs are typed arrays',
      severity: 'error',
      from: {
        path: '^packages/(boxes|matcher|metrics|data|dn|report)/src',
        pathNot: ['^packages/dn/src/tfjs\\.ts$', tests],
      },
      to: { path: '@tensorflow' },
    },
    {
      name: 'every-package-has-arrows',
      comment: 'the package is not listed in this file',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/(${[...Object.keys(arrows), 'testing'].join('|')})/` },
      to: {},
    },
    {
      name: 'dn-to-core-for-tensors-alone',
      comment: 'only the entry tfjs of dn uses tensors',
      severity: 'error',
      from: { path: '^packages/dn/src', pathNot: ['^packages/dn/src/tfjs\\.ts$', tests] },
      to: { path: '^packages/core/' },
    },
    {
      name: 'no-circle',
      comment: 'modules that import each other cannot be read or loaded one by one',
      severity: 'error',
      from: { pathNot: tests },
      to: { circular: true },
    },
    {
      name: 'packages-by-name',
      comment: 'other packages are imported by their names and not by file paths',
      severity: 'error',
      from: { path: '^(packages/[^/]+|experiments|test)/' },
      to: { path: '^(packages/[^/]+|experiments)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'tools-for-the-command-line-alone',
      comment: 'parity and bench are private tools that only commands use',
      severity: 'error',
      from: { path: '^experiments/', pathNot: ['^experiments/src/commands/', tests] },
      to: { path: '^packages/(parity|bench)/' },
    },
    {
      name: 'no-recipe-imports-the-command-line',
      comment:
        'recipes, ablations and reproduce are for researchers to edit; src imports them, not the other way round',
      severity: 'error',
      from: { path: '^experiments/(recipes|ablations|reproduce)/', pathNot: tests },
      to: { path: '^experiments/src/' },
    },
    {
      name: 'reproduce-is-imported-by-nobody',
      severity: 'error',
      from: { path: '^experiments/(recipes|ablations|src)/' },
      to: { path: '^experiments/reproduce/' },
    },
    {
      name: 'test-helpers-in-tests',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: '(/testing/|\\.test\\.ts$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/fixtures/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@dn-detr/source', 'import', 'types', 'default'],
    },
  },
};
