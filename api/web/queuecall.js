// Calling a person who may be looking elsewhere: the tab's title, a sound for who wants one, and a telephone's
// trembling.

import { reducedMotion } from './dom.js';

const soundKey = 'holdfast.queue.sound';
const blinkMs = 2000; // calm: far below three a second
const chime = [[659.3, 0], [880, 0.22]]; // two tones: Hz, and seconds from the beginning
const chimeSeconds = 0.6;

/** Caller calls one person. The sound is off until somebody switches it on, and a browser may ask for a press first. */
export class Caller {
  #context = null;

  constructor(quietTitle) {
    this.quietTitle = quietTitle;
    document.title = quietTitle;
  }

  get sound() { return localStorage.getItem(soundKey) === 'on'; }

  /** setSound is for a press of the person: browsers let nothing sound otherwise. It is heard at once, as a trial. */
  setSound(on) {
    localStorage.setItem(soundKey, on ? 'on' : 'off');
    if (on) this.#chime();
  }

  /** silent says that the sound is wanted, and that the browser would not let it be heard before a press on this page. */
  get silent() { return this.sound && !navigator.userActivation?.hasBeenActive; }

  /** title changes what the tab says while nobody is called. */
  title(words) {
    this.quietTitle = words;
    if (!this.#blinking) document.title = words;
  }

  /** call calls until quiet. */
  call(words) {
    if (this.#blinking) return;
    document.title = words;
    let loud = true;
    const blink = () => { loud = !loud; document.title = loud ? words : this.quietTitle; };
    this.#blinking = setInterval(reducedMotion() ? () => {} : blink, blinkMs);
    if (this.sound) this.#chime();
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([180, 120, 180]);
  }

  #blinking = 0;

  quiet() {
    clearInterval(this.#blinking);
    this.#blinking = 0;
    document.title = this.quietTitle;
  }

  /** close ends it all. */
  close() {
    this.quiet();
    this.#context?.close().catch(() => {}); // closed already
    this.#context = null;
  }

  #chime() {
    if (!globalThis.AudioContext) return;
    const context = this.#context ??= new AudioContext();
    context.resume().catch(() => {}); // not before a press: silent says so
    for (const [hertz, after] of chime) {
      const tone = new OscillatorNode(context, { frequency: hertz }), volume = new GainNode(context, { gain: 0 });
      const at = context.currentTime + after;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.2, at + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.001, at + chimeSeconds);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + chimeSeconds);
    }
  }
}
