// The way in: which page the address means, and who the visitor is.

import { h, toast } from './dom.js';
import { identity } from './api.js';
import { showEvents } from './events.js';
import { showEvent } from './show.js';

const main = document.getElementById('main');

/** stats is what tests and curious people read as window.__holdfast.stats; all times in milliseconds. */
const stats = {
  frames: 0, lastDrawMs: 0, maxDrawMs: 0, sumDrawMs: 0, layerDraws: 0, lastLayerMs: 0, maxLayerMs: 0, seats: 0, visibleSeats: 0,
  liveDeltas: 0, gaps: 0, reloads: 0, checkpoints: 0, mismatches: 0, live: 'off',
};
window.__holdfast = { stats };

let leave = () => {};

function route() {
  if (location.hash && !location.hash.startsWith('#/')) return; // the skip link, not a page
  leave();
  window.__holdfast = { stats };
  document.getElementById('bar-middle').replaceChildren();
  const found = /^#\/e\/([^/]+)$/.exec(location.hash);
  const page = found ? showEvent(main, decodeURIComponent(found[1]), stats) : showEvents(main);
  leave = page.leave;
  document.body.classList.toggle('on-event', Boolean(found));
  scrollTo(0, 0);
}

function showIdentity() {
  const name = identity.token ? 'Signed in' : identity.buyer;
  document.getElementById('who-name').textContent = name;
  document.getElementById('who-avatar').textContent = name.slice(0, 1).toUpperCase();
  document.getElementById('who-button').setAttribute('aria-label', `You are ${name}. Change`);
}

function openIdentity(why) {
  document.getElementById('who-buyer').value = identity.buyer;
  document.getElementById('who-token').value = identity.token;
  if (why) document.getElementById('who-why').textContent = why;
  document.getElementById('who').showModal();
}

function saveIdentity() {
  const buyer = document.getElementById('who-buyer').value.trim();
  const token = document.getElementById('who-token').value.trim().replace(/^Bearer\s+/i, '');
  if (buyer === identity.buyer && token === identity.token) return;
  if (buyer && /^[\x21-\x7e]+$/.test(buyer)) identity.buyer = buyer;
  else if (!token) { toast('A buyer name is letters, digits and signs without spaces.', 'warn'); return; }
  identity.token = token;
  location.reload(); // everything on the page belongs to the one who opened it
}

document.getElementById('who-button').addEventListener('click', () => openIdentity());
document.getElementById('who-cancel').addEventListener('click', () => document.getElementById('who').close());
document.getElementById('who-form').addEventListener('submit', saveIdentity);
addEventListener('holdfast:unauthorized', () => openIdentity('The server does not know you. Choose a name, or paste a sign-in token.'));
addEventListener('hashchange', route);

main.append(h('p', { class: 'vh', text: 'Loading' }));
showIdentity();
route();
