import { defineConfig } from 'vitest/config';

const conditions = ['@dn-detr/source', 'node', 'import', 'module', 'default'];
const beside = ['packages/*/src', 'experiments/{ablations,recipes,reproduce,src}'];

/**
 * Tests are next to the code they test. Those that take seconds, train, start processes or need the network are
 * `*.integration.test.ts`; the folder `test` has tests of the command line and of browsers.
 *
 *   npm test -- --project unit
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    globalSetup: './packages/testing/src/temporary-folder.ts',
    // Processes and not threads, because a native binding cannot be loaded in two threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: beside.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ['**/*.integration.test.ts'],
          // Without isolation, modules are loaded once per process and not once per file, which would dominate short tests.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: beside.map((folder) => `${folder}/**/*.integration.test.ts`),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/{docs,end-to-end}/**/*.test.ts'], sequence: { groupOrder: 1 } },
      },
      { extends: true, test: { name: 'browser', include: ['test/browser/**/*.test.ts'], sequence: { groupOrder: 1 } } },
    ],
  },
});
