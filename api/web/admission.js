// The way from outside of an event to its seats: through a waiting room, where the event has one.

import { pause, retryDelayMs, whoIsKnown } from './api.js';
import { underWay } from './kept.js';
import { focusOn } from './dom.js';
import { operatorCorner } from './operator.js';
import { WaitingRoom } from './queue.js';
import { RoomView } from './queueview.js';
import { Session } from './session.js';

/**
 * admitted resolves once seats may be looked at: at once with null where there is no waiting room, else with the
 * session. Whoever holds something, or has asked for it, is not kept outside of it: their session may be over. It never
 * resolves when the signal ends it.
 */
export async function admitted(root, event, signal) {
  if (!event.waiting_room) return null;
  await untilKnown(signal);
  if (!signal.aborted && new Session(event).over && !underWay(event.id)) await waitOutside(root, event, signal);
  document.body.classList.add('on-event');
  return new Session(event);
}

// A place is kept under the name of its person, so nothing can be shown before the server has said how it knows people.
async function untilKnown(signal) {
  for (let attempt = 1; !signal.aborted; attempt++) {
    const known = await whoIsKnown().then(() => true, () => false);
    if (known) return;
    await pause(retryDelayMs(attempt, null, Math.random()), signal).catch(() => {});
  }
}

function waitOutside(root, event, signal) {
  document.body.classList.remove('on-event');
  return new Promise((resolve) => {
    const close = () => { room.stop(); view.close(); };
    const room = new WaitingRoom(event, { changed: () => view.update(), enter: () => { close(); focusOn(root); resolve(); } });
    const view = new RoomView(room, event);
    root.replaceChildren(view.element);
    const corner = operatorCorner(event, () => {});
    if (corner) view.element.append(corner);
    view.update();
    window.__holdfast = { ...window.__holdfast, room: () => ({ state: room.state, stand: room.stand, live: room.line?.live ?? false }) };
    signal.addEventListener('abort', close, { once: true });
    room.start();
  });
}
