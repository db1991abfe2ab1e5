// A page sleeps: in a pocket, behind another tab, without a network. What it knew before may be wrong when it wakes.

const lookEveryMs = 2000;
const jumpMs = 5000;

/**
 * onWake runs something when the page may have missed what happened: it is seen again, comes back from the browser's
 * cache, has a network again, or was not run for a while. run(true): the two clocks of the browser have gone apart, by
 * a sleep or because one was set, and what was computed by them may be wrong.
 */
export function onWake(run, signal) {
  const seen = () => { if (!document.hidden) run(false); };
  document.addEventListener('visibilitychange', seen, { signal });
  addEventListener('pageshow', (e) => { if (e.persisted) run(false); }, { signal });
  addEventListener('online', () => run(false), { signal });
  let gap = Date.now() - performance.now(), last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now(), newGap = Date.now() - now;
    const slept = now - last > 10 * lookEveryMs; // timers stood still, and both clocks went on
    last = now;
    const apart = Math.abs(newGap - gap) >= jumpMs;
    gap = newGap;
    if (apart || slept) run(apart);
  }, lookEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
