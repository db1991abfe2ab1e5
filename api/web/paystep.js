// Whether the fan stands at the payment step. The tab's own history keeps it: the browser's back button leaves the step and
// not the event, and a reload comes back to it.

/** PayStep belongs to one booking's panel; changed() hears that the fan went to the step or back. */
export class PayStep {
  constructor(booking, changed, signal) {
    Object.assign(this, { booking, changed });
    addEventListener('popstate', changed, { signal });
  }

  get on() { return this.booking.phase === 'held' && history.state?.pay === this.booking.current.id; }

  enter() {
    if (this.on) return;
    history.pushState({ pay: this.booking.current.id }, '');
    this.changed();
  }

  /** leave goes back to the seats. The step is the newest entry of the history, so back is where the fan came from. */
  leave() { if (this.on) history.back(); }
}
