/**
 * The arrows of docs/architecture.md: which package imports which. Nothing points back, and no import is a circle.
 *
 *   npm run check:arrows   checks them
 *   npm run arrows         draws docs/arrows.svg anew
 */

/** What the sources of each package may import of others; tests aside. */
const arrows = {
  boxes: [],
  matcher: ['boxes'],
  metrics: ['boxes'],
  data: ['boxes'],
  core: ['boxes'],
  // Only its entry `tfjs` imports core, as a separate rule below says.
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
      comment: 'an import that leads nowhere, such as a package that is not among the dependencies',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tensors',
      comment: 'these packages run beside any framework: typed arrays go in and out',
      severity: 'error',
      from: {
        path: '^packages/(boxes|matcher|metrics|data|dn|report)/src',
        pathNot: ['^packages/dn/src/tfjs\\.ts$', tests],
      },
      to: { path: '@tensorflow' },
    },
    {
      name: 'every-package-has-arrows',
      comment: 'a package that this file does not list',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/(${[...Object.keys(arrows), 'testing'].join('|')})/` },
      to: {},
    },
    {
      name: 'dn-to-core-for-tensors-alone',
      comment: 'dn holds no tensors but in its entry tfjs',
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
      comment: "another package is imported by its name, not by its files' paths",
      severity: 'error',
      from: { path: '^(packages/[^/]+|experiments|test)/' },
      to: { path: '^(packages/[^/]+|experiments)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'tools-for-the-command-line-alone',
      comment: 'parity and bench are tools of ours: only commands run them',
      severity: 'error',
      from: { path: '^experiments/', pathNot: ['^experiments/src/commands/', tests] },
      to: { path: '^packages/(parity|bench)/' },
    },
    {
      name: 'no-recipe-imports-the-command-line',
      comment: 'recipes, ablations and reproduce are what a researcher edits; src reads them',
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
