// The worker that solves a puzzle of the waiting room (ALTCHA, version 1): it counts until a hash fits, so that the page
// stays quick meanwhile. Post {challenge, salt, maxnumber}; it answers {progress: 0 … 1} now and then, and at last
// {number} or {error}. End it with terminate(). It hashes by itself: crypto.subtle is there on secure pages only, and
// waits for a promise at each hash.

const K = new Uint32Array(64), FIRST = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n++) { // fractions of the roots of the first 64 primes
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (found < 8) FIRST[found] = (n ** 0.5 % 1) * 2 ** 32;
  K[found++] = (Math.cbrt(n) % 1) * 2 ** 32;
}

const w = new Uint32Array(64);

/** Takes one block of 64 bytes into the state. */
function compress(state, bytes, from) {
  for (let i = 0; i < 16; i++, from += 4) {
    w[i] = bytes[from] << 24 | bytes[from + 1] << 16 | bytes[from + 2] << 8 | bytes[from + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  let a = state[0] | 0, b = state[1] | 0, c = state[2] | 0, d = state[3] | 0;
  let e = state[4] | 0, f = state[5] | 0, g = state[6] | 0, h = state[7] | 0;
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = h + s1 + (e & f ^ ~e & g) + K[i] + w[i] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g; g = f; f = e; e = d + t1 | 0; d = c; c = b; b = a; a = t1 + t2 | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

/** The number of 0 … maxnumber whose hash behind the salt is the challenge; null if there is none. */
export function solve({ challenge, salt, maxnumber }, told = () => {}) {
  if (!/^[0-9a-f]{64}$/.test(challenge) || typeof salt !== 'string' || !(maxnumber >= 0)) return null;
  const want = Uint32Array.from(challenge.match(/.{8}/g), (word) => parseInt(word, 16));
  const head = new TextEncoder().encode(salt);
  const whole = head.length - head.length % 64, before = FIRST.slice();
  for (let i = 0; i < whole; i += 64) compress(before, head, i); // the blocks that no number changes
  const tail = new Uint8Array(128), state = new Uint32Array(8), rest = head.length - whole;
  for (let number = 0; number <= maxnumber; number++) {
    if (number % 65536 === 0) told(number / maxnumber);
    tail.fill(0);
    tail.set(head.subarray(whole));
    const digits = String(number);
    for (let i = 0; i < digits.length; i++) tail[rest + i] = digits.charCodeAt(i);
    const length = rest + digits.length, end = length < 56 ? 64 : 128;
    tail[length] = 0x80;
    const bits = (whole + length) * 8;
    tail[end - 3] = bits >> 16; tail[end - 2] = bits >> 8; tail[end - 1] = bits;
    state.set(before);
    for (let i = 0; i < end; i += 64) compress(state, tail, i);
    let same = true;
    for (let i = 0; i < 8; i++) if (state[i] !== want[i]) { same = false; break; }
    if (same) return number;
  }
  return null;
}

/** The proof that a join takes: Base64 of JSON. */
export function proof(puzzle, number) {
  const { algorithm, challenge, salt, signature } = puzzle;
  return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
}

if (typeof WorkerGlobalScope !== 'undefined') {
  self.onmessage = ({ data }) => {
    const number = solve(data, (progress) => self.postMessage({ progress }));
    self.postMessage(number === null ? { error: 'there is no number that solves this puzzle' } : { number });
  };
}
