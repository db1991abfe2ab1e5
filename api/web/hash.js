// SHA-256, at once and in any page: crypto.subtle is there on secure pages only, and waits for a promise at each hash.

const constants = new Uint32Array(64);
const first = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n++) { // fractions of the roots of the first 64 primes
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (found < 8) first[found] = (Math.sqrt(n) % 1) * 2 ** 32;
  constants[found++] = (Math.cbrt(n) % 1) * 2 ** 32;
}

const turn = (x, by) => x >>> by | x << 32 - by;

function block(state, view, at, words) {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15], y = words[i - 2];
    words[i] = words[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + words[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10);
  }
  let [a, b, c, d, e, f, g, last] = state;
  for (let i = 0; i < 64; i++) {
    const one = last + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + constants[i] + words[i] | 0;
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
    [last, g, f, e, d, c, b, a] = [g, f, e, d + one | 0, c, b, a, one + two | 0];
  }
  [a, b, c, d, e, f, g, last].forEach((word, i) => { state[i] += word; });
}

/** joined puts byte arrays behind one another. */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

/** sha256 hashes the parts, one behind the other: 32 bytes. */
export function sha256(...parts) {
  const text = joined(...parts);
  const padded = new Uint8Array(Math.ceil((text.length + 9) / 64) * 64);
  padded.set(text);
  padded[text.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, text.length / 2 ** 29);
  view.setUint32(padded.length - 4, text.length << 3);
  const state = Uint32Array.from(first), words = new Uint32Array(64);
  for (let at = 0; at < padded.length; at += 64) block(state, view, at, words);
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setUint32(4 * i, word));
  return new Uint8Array(out.buffer);
}

/** ascii gives a text's bytes. */
export const ascii = (text) => new TextEncoder().encode(text);

/** u32 and u64 give a whole number's bytes, the highest first. */
export function u32(n) { return u64(n).slice(4); }
export function u64(n) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(n / 2 ** 32));
  view.setUint32(4, n % 2 ** 32);
  return new Uint8Array(view.buffer);
}

/** hex writes bytes as lower-case digits. */
export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

/** unhex reads lower-case digits; it throws where something else stands. */
export function unhex(text) {
  if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/.test(text)) throw new TypeError('no hexadecimal digits');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
