// A corner for the house: open, pause or close the sale. Shown only with ?operator in the address.

import { mutate } from './api.js';
import { h, toast } from './dom.js';
import { identity } from './identity.js';
import { problemText } from './words.js';

/** operatorCorner answers an element, or null for everybody else. changed(event) is told the new state. */
export function operatorCorner(event, changed) {
  if (!new URLSearchParams(location.search).has('operator')) return null;
  const key = h('input', { type: 'password', value: identity.operator, placeholder: 'Operator key', 'aria-label': 'Operator key', autocomplete: 'off' });
  const set = async (state) => {
    identity.operator = key.value.trim();
    try {
      const path = `/v1/events/${encodeURIComponent(event.id)}/sale`;
      const { body } = await mutate('POST', path, { state }, { asOperator: true });
      changed(body);
      toast(`Sale is ${body.sale}.`, 'good');
    } catch (err) {
      toast(err.status === 401 || err.status === 403 ? 'This operator key is not accepted.' : problemText(err), 'bad');
    }
  };
  const button = (state, text) => h('button', { type: 'button', text, 'data-sale': state, on: { click: () => set(state) } });
  return h('fieldset', { class: 'operator' }, h('legend', { text: 'Operator' }), key,
    h('div', { class: 'row' }, button('open', 'Open'), button('paused', 'Pause'), button('closed', 'Close')));
}
