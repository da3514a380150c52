import { defineConfig } from 'vitest/config';

const conditions = ['@dn-detr/source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'experiments/{ablations,recipes,reproduce,src}/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    // One process per file: a tfjs engine is process-wide, and a native binding cannot be loaded in two threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
