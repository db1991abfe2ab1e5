// Package capacity finds the rate of buyers that a deployment carries.
//
// How many buyers a second can a deployment carry? That is the number that a waiting room is set by, and a guess is
// either a server that breaks or one that sells at half its speed.
//
//	Climb ──rate──▶ step: fresh events, arrivals in an open loop ──▶ window ──▶ judge: SLO kept? ──▶ Climb …
//	                 warm-up ┆ what counts ┆ the last leave                   └──▶ confirmed rate × (1 − headroom)
//
// What is raised is buyers, not requests, because buyers are what is let in: each makes a whole conversation, looks,
// chooses, thinks, pays or goes. The loop is open: a server that falls behind gets no relief from clients who wait for
// it, as it gets none on the day.
//
// A step has events of its own, so many that it cannot sell them out: in a venue that is empty, refusals are cheap and
// every server looks fast. That spreads the buyers over more events the higher the rate is, which one evening does not;
// it is said beside the figure.
package capacity
