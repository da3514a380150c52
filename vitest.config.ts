import { defineConfig } from 'vitest/config';

const conditions = ['@dn-detr/source', 'node', 'import', 'module', 'default'];
const beside = ['packages/*/src', 'experiments/{ablations,recipes,reproduce,src}'];

/**
 * Tests stand beside what they test. Those that take seconds, train, start processes or need the network are
 * `*.integration.test.ts`; the folder `test` holds those of the whole command line and of browsers.
 *
 *   npm test -- --project unit
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    globalSetup: './packages/testing/src/temporary-folder.ts',
    // Not threads: a native binding cannot be loaded in two of them.
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
          // Modules are loaded once for all files of a process, which is most of the time of short tests.
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
