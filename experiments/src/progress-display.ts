/** Progress of runs: a bar for each run on a terminal, occasional lines elsewhere. */
import type { RunProgress } from '@dn-detr/train';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { Output } from './terminal.ts';

export interface ProgressDisplay {
  update(run: string, state: RunProgress): void;
  /** Writes a line that stays above the bars. */
  say(text: string): void;
  stop(): void;
}

/** Milliseconds between two lines of a run if the stream is not a terminal. */
const lineInterval = 15_000;
const scale = 1000;

export function progressDisplay(err: Output): ProgressDisplay {
  return err.isTTY ? bars(err) : lines(err);
}

function bars(err: Output): ProgressDisplay {
  const multi = new MultiBar(
    {
      format: '{run} {bar} {percentage}% {figures} ETA {eta_formatted}',
      stream: err,
      hideCursor: true,
      clearOnComplete: false,
      barsize: 20,
      etaBuffer: 50,
      // Steps block the thread, so bars are drawn after a step and not by a timer.
      forceRedraw: true,
      autopadding: true,
    },
    undefined,
  );
  const byRun = new Map<string, SingleBar>();
  return {
    update(run, state) {
      let bar = byRun.get(run);
      if (!bar) {
        bar = multi.create(scale, 0, { run, figures: '' });
        byRun.set(run, bar);
      }
      bar.update(Math.floor(scale * state.progress), { run, figures: figuresOf(state) });
    },
    say: (text) => multi.log(`${text}\n`),
    stop: () => multi.stop(),
  };
}

function lines(err: Output): ProgressDisplay {
  const last = new Map<string, number>();
  const started = new Map<string, { at: number; progress: number }>();
  const write = (text: string): void => void err.write(`${text}\n`);
  return {
    update(run, state) {
      const now = Date.now();
      const first = started.get(run) ?? { at: now, progress: state.progress };
      started.set(run, first);
      if (now - (last.get(run) ?? 0) < lineInterval && state.progress < 1) return;
      last.set(run, now);
      const rate = (state.progress - first.progress) / (now - first.at);
      const left = rate > 0 ? `, ${duration((1 - state.progress) / rate / 1000)} left` : '';
      write(`${run}: ${Math.floor(100 * state.progress)} %, ${figuresOf(state)}${left}`);
    },
    say: write,
    stop() {},
  };
}

function figuresOf({ step, loss, imagesPerSecond, memoryMiB, AP50 }: RunProgress): string {
  const found = AP50 === undefined ? '' : `, AP50 ${AP50.toFixed(3)}`;
  return `step ${step}, loss ${loss.toPrecision(4)}${found}, ${imagesPerSecond.toFixed(0)} img/s, ${memoryMiB.toFixed(0)} MiB`;
}

/** `1 h 5 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole} s`;
}
