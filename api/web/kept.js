// What a tab keeps of a buyer's way through an event, so that a reload goes on where it was.

/** storeOf names what this tab keeps of an event. */
export const storeOf = (event) => ({
  current: `holdfast.booking.${event}`, wish: `holdfast.wish.${event}`, bought: `holdfast.bought.${event}`,
  pay: `holdfast.pay.${event}`,
});

/** kept reads what stands under a name; null: nothing does. */
export const kept = (name) => JSON.parse(sessionStorage.getItem(name) ?? 'null');

/** underWay tells whether this tab holds something of an event, or has asked for it and not heard yet. */
export const underWay = (event) => [storeOf(event).current, storeOf(event).wish].some((name) => sessionStorage.getItem(name));

/** boughtHere answers the ids of the bookings of an event that were paid in this tab. */
export const boughtHere = (event) => kept(storeOf(event).bought) ?? [];

/** keepBought has this tab show a booking that was bought elsewhere, with what can be done about it. */
export function keepBought({ id, event }) {
  const ids = new Set(boughtHere(event)).add(id);
  sessionStorage.setItem(storeOf(event).bought, JSON.stringify([...ids]));
}
