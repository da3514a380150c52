import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdFolder } from './hold-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-hold-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('keeps others out until it is released, whatever path they use for the folder', async () => {
  const release = await holdFolder(folder, 0);
  const link = path.join(folder, 'link');
  symlinkSync(folder, link);
  for (const name of [folder, link]) {
    await expect(holdFolder(name, 0)).rejects.toThrow(/is being trained by another process: wait/);
  }
  const other = await holdFolder(path.join(folder, 'inner'), 0);
  other();
  release();
  (await holdFolder(link, 0))();
});

it('waits for a holder that is about to finish', async () => {
  const release = await holdFolder(folder, 0);
  let isReleased = false;
  setTimeout(() => {
    release();
    isReleased = true;
  }, 200);
  const next = await holdFolder(folder, 10_000);
  expect(isReleased).toBe(true);
  await expect(holdFolder(folder, 0)).rejects.toThrow(/is being trained by another process: wait/);
  next();
});

it('releases the folder when the process that holds it is killed', async () => {
  const script = path.join(folder, 'hold.mts');
  const module = fileURLToPath(new URL('hold-folder.ts', import.meta.url));
  writeFileSync(
    script,
    `import { holdFolder } from ${JSON.stringify(module)};
    await holdFolder(${JSON.stringify(folder)}, 0);
    process.send('held');
    setInterval(() => {}, 1000);`,
  );
  const execArgv = ['--conditions=@dn-detr/source', '--import', import.meta.resolve('tsx')];
  const child = fork(script, { execArgv });
  await once(child, 'message');
  await expect(holdFolder(folder, 0)).rejects.toThrow('another process');
  child.kill('SIGKILL');
  await once(child, 'exit');
  (await holdFolder(folder, 0))();
});
