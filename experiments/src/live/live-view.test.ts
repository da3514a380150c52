import { request } from 'node:http';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import type { RunProgress } from '@dn-detr/train';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressDisplay } from '../progress-display.ts';
import { LiveView } from './live-view.ts';

let view: LiveView;
beforeEach(async () => {
  view = await LiveView.start(0);
});
afterEach(() => view.close());

const state = (progress: number): RunProgress => ({
  progress,
  step: 100 * progress,
  loss: 2,
  imagesPerSecond: 50,
  memoryMiB: 100,
});

/** Status and body of the response to a request with exactly this path and host. */
const ask = (path: string, host: string): Promise<{ status: number | undefined; body: string }> =>
  new Promise((resolve, reject) => {
    const asked = request(view.address, { path, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asked.once('error', reject);
    asked.end();
  });

/** The events of the server from now on, one by one. */
async function follow(): Promise<() => Promise<{ event: string; data: unknown }>> {
  const response = await fetch(new URL('events', view.address));
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let buffer = '';
  return async () => {
    while (!buffer.includes('\n\n')) {
      const { value, done } = await reader.read();
      if (done) return { event: 'end', data: null };
      buffer += decoder.decode(value, { stream: true });
    }
    const [first = '', ...rest] = buffer.split('\n\n');
    buffer = rest.join('\n\n');
    const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(first) ?? [];
    return { event, data: JSON.parse(data) };
  };
}

describe('a live view', () => {
  it('shows the state at the time of the request', async () => {
    const first = await (await fetch(view.address)).text();
    expect(first).toContain('nothing to report yet');
    view.show('', () => exampleSummary({ evaluations: 3 }));
    const second = await (await fetch(view.address)).text();
    expect(second).toContain('id="figure-AP50"');
    expect(second).not.toContain('nothing to report yet');
  });

  it('reports progress and results, also to the display that it wraps', async () => {
    const next = await follow();
    expect(await next()).toEqual({ event: 'progress', data: { ended: false, runs: [] } });
    const shown: unknown[] = [];
    const below: ProgressDisplay = { update: (...update) => shown.push(update), say: () => {}, stop: () => {} };
    const display = view.following(below);
    display.update('detr seed 0', state(0.25));
    expect(shown).toEqual([['detr seed 0', state(0.25)]]);
    const runs = [{ name: 'detr seed 0', ...state(0.25) }];
    expect(await next()).toEqual({ event: 'progress', data: { ended: false, runs } });
    view.changed();
    expect(await next()).toEqual({ event: 'changed', data: null });
  });

  it('no longer reports a run that has ended for any reason', async () => {
    const next = await follow();
    await next();
    const display = view.following({ update: () => {}, say: () => {}, stop: () => {} });
    display.update('detr seed 0', state(0.25));
    await next();
    display.update('dn-detr seed 0', state(0.5));
    view.ended('detr seed 0');
    const left = [{ name: 'dn-detr seed 0', ...state(0.5) }];
    expect(await next()).toEqual({ event: 'progress', data: { ended: false, runs: left } });
    view.end();
    expect(await next()).toEqual({ event: 'progress', data: { ended: true, runs: [] } });
  });

  it('answers only requests for this machine, and only existing pages', async () => {
    const { port } = new URL(view.address);
    expect(await ask('/', `localhost:${port}`)).toMatchObject({ status: 200 });
    expect(await ask('/', `example.org:${port}`)).toMatchObject({ status: 403 });
    expect(await ask('/events', 'example.org')).toMatchObject({ status: 403 });
    expect(await ask('/?again', '127.0.0.1')).toMatchObject({ status: 200 });
    expect(await ask('/report', '127.0.0.1')).toMatchObject({ status: 404 });
    // This path is not valid in a URL.
    expect(await ask('//', '127.0.0.1')).toMatchObject({ status: 404 });
    expect(await ask('//', 'example.org')).toMatchObject({ status: 403 });
  });

  it('shows an error instead of the page, and keeps serving', async () => {
    view.show('', () => {
      throw new Error('runs/a/evaluations.jsonl, line 3 is not JSON');
    });
    const broken = await fetch(view.address);
    expect([broken.status, await broken.text()]).toEqual([500, 'runs/a/evaluations.jsonl, line 3 is not JSON\n']);
    view.show('', () => undefined);
    expect((await fetch(view.address)).status).toBe(200);
  });

  it('refuses a port that is taken', async () => {
    const { port } = new URL(view.address);
    await expect(LiveView.start(Number(port))).rejects.toThrow(`port ${port}: something else listens there`);
  });
});
