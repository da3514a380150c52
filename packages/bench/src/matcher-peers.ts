/** The competitors in `bench matcher`: a process with the JavaScript solvers, and scipy where Python has it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { CostMatrix } from './matcher-matrices.ts';
import type { SolverName, Timing, TimingRequest } from './matcher-solvers.ts';
import { type PythonProcess, startPython } from './python-process.ts';

/** Times one solver on one matrix after another. */
export interface Peer {
  readonly name: SolverName | 'scipy';
  /**
   * Solves the matrix `runs` times; undefined if that took longer than `limitMs`, which stops the solver.
   *
   * @throws Error if the solver's process stops by itself
   */
  time(matrix: CostMatrix, runs: number, limitMs: number): Promise<Timing | undefined>;
}

/** The process in which the JavaScript solvers run; it is replaced after it was stopped. */
export class SolverProcess {
  #child: ChildProcess | undefined;

  peer(name: SolverName): Peer {
    return { name, time: (matrix, runs, limitMs) => this.#time({ ...matrix, solver: name, runs }, limitMs) };
  }

  async #time(request: TimingRequest, limitMs: number): Promise<Timing | undefined> {
    this.#child ??= fork(new URL('./matcher-solvers.ts', import.meta.url), { serialization: 'advanced' });
    const child = this.#child;
    child.send(request);
    const waiting = new AbortController();
    const { signal } = waiting;
    const answer = await within(
      limitMs,
      Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })]),
    );
    waiting.abort();
    if (answer === undefined) {
      this.close();
      return undefined;
    }
    if (child.exitCode === null) return answer[0];
    this.close();
    throw new Error(`${request.solver} stopped while it solved ${request.rows}x${request.cols}`);
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

const script = new URL('./matcher-scipy.py', import.meta.url);

/** scipy in a separate Python process, which is replaced after it was stopped. */
export class Scipy implements Peer {
  readonly name = 'scipy';
  readonly version: string;
  readonly #command: string;
  #python: PythonProcess | undefined;
  #matrix: CostMatrix | undefined;

  private constructor(command: string, python: PythonProcess) {
    this.#command = command;
    this.#python = python;
    this.version = python.version;
  }

  /** Starts Python; undefined if the interpreter does not exist or has no scipy. */
  static async start(command: string): Promise<Scipy | undefined> {
    const python = await startPython(command, script);
    return python && new Scipy(command, python);
  }

  async time(matrix: CostMatrix, runs: number, limitMs: number): Promise<Timing | undefined> {
    this.#python ??= await startPython(this.#command, script);
    const python = this.#python;
    if (python === undefined) throw new Error('scipy does not start again');
    const send = (request: object) => python.process.stdin?.write(`${JSON.stringify(request)}\n`);
    if (this.#matrix !== matrix) {
      const { rows, cols, cost } = matrix;
      const bytes = Buffer.from(cost.buffer, cost.byteOffset, cost.byteLength);
      send({ rows, cols, cost: bytes.toString('base64') });
      this.#matrix = matrix;
    }
    send({ runs });
    const line = await within(limitMs, python.lines.next());
    if (line !== undefined && !line.done) return JSON.parse(line.value);
    this.close();
    if (line === undefined) return undefined;
    throw new Error(`scipy stopped while it solved ${matrix.rows}x${matrix.cols}`);
  }

  close(): void {
    this.#python?.process.kill('SIGKILL');
    this.#python = undefined;
    this.#matrix = undefined;
  }
}

async function within<T>(limitMs: number, result: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([result, limit]);
  } finally {
    clearTimeout(timer);
  }
}
