/** The module that the processes of a pool run if all models are those of this package. */
import { serveRun } from './worker.ts';

serveRun();
