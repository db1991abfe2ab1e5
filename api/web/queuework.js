// The proof of work that an event may ask of whoever joins (ALTCHA, version 1). A worker counts (api/proofofwork), so
// that the page stays quick meanwhile.

const workerPath = '/assets/proof-of-work.js';

/**
 * prove solves a puzzle and answers the proof that a join takes. told(share) hears 0 … 1 of the longest that it can
 * take. The signal ends it; a puzzle without a solution, and a worker that cannot run, are errors.
 */
export function prove(puzzle, told, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const worker = new Worker(workerPath, { type: 'module' });
    const end = (settle, value) => {
      signal.removeEventListener('abort', giveUp);
      worker.terminate();
      settle(value);
    };
    const giveUp = () => end(reject, signal.reason);
    signal.addEventListener('abort', giveUp);
    worker.addEventListener('error', () => end(reject, new Error('the worker cannot run')));
    worker.addEventListener('message', ({ data }) => {
      if (data.progress !== undefined) told(data.progress);
      else if (data.number !== undefined) end(resolve, proofOf(puzzle, data.number));
      else end(reject, new Error(data.error));
    });
    worker.postMessage(puzzle);
  });
}

const proofOf = ({ algorithm, challenge, salt, signature }, number) =>
  btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
