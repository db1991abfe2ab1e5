// Package gate is a pure room: the state machine of the waiting room before one pool of an event's seats (P8). Time,
// ids and chance come in as data, answers and changes go out as data; a replay of the changes gives the same state for
// ever.
//
//	Call ──▶ Decide ──▶ Answer             "no", or "yes" as a value
//	           │
//	timer ──▶ DecideTimers ──▶ Changes ──▶ Apply    what replay does too, without judging again
//
// The doors, each arrow one change; a gate without a lobby begins at drawn:
//
//	          Founded            LobbyClosed         LotsDrawn          DoorsOpened
//	(nothing) ──────▶ lobby ────────────────▶ closed ─────────▶ drawn ─────────────▶ open
//	                   joins      N, root, round      the beacon's      calls and admissions
//	                                                  signature
//
// A place, numbered densely in the order of the log and kept for ever:
//
//	        CalledUp            Admitted              SessionEnding, SessionsLapse
//	waiting ────────▶ called ─────────────▶ inside ─────────────────────────────▶ finished
//	                   │  │ CameEarly        ▲  ▲                                    ┊
//	       TurnsLapsed │  └──▶ present ──▶ offered ─┐ TurnsLapsed       SlotsFreed ┊ the slot, by barrier
//	                   ▼         ▲  SlotsOffered    │
//	                  late ──────┘◀─────────────────┘
//	                   │ GraceEnded
//	                   ▼
//	                 lapsed              LeftQueue: from wherever one waits, to left
//
// The rank is the order of calling: π(seed, number) for the N of the draw, the number itself for whoever joined after
// the close. The counter called only grows: every rank below it has been called, or had gone before. So a place's
// position is computed from its number and public counters, by anybody (package position), and a poll needs no state.
//
// # Who is called, and who gets in
//
// A call needs open doors, no pause, something in the newest logged Stock, which it cites, and (G8, G9)
//
//	outstanding ≤ free slots / show rate                    called, present, offered; the rate is measured, 0.1 … 1
//	(inside without a hold + outstanding) × mean seats < free + ρ × (held + paying)        before each call
//	the rate, by the generic cell rate algorithm, at most a second's worth at once
//
// More are called than there are slots, because not all come. Whoever comes while a slot is free and nobody is present
// enters; else they are present, and free slots are offered to the present by rank (G4). An offered slot is kept. So
// those who went away never stall those who are here. An admission needs occupied < cap (G5). Occupied are the sessions
// inside and those whose end is logged and whose slot is not freed: SlotsFreed cites, of every node, a record at or
// behind the end that the node has followed (G6). A lowered cap takes back offers and evicts nobody.
//
// A turn's clock is the log's time while the doors are open, nothing is paused, and a slot is free; an offer's and a
// grace window's does not need a free slot. An outage counts on none: the first change of a life says so, if a clock
// ran (G12). Sessions end by the clock of their signed end, whatever happens meanwhile.
//
// # Refusals and durability
//
// A refusal is told only when what it was judged on is durable (P2): places carry the number of the record that last
// changed them. The buyer is a join's key: a second join gives the first place again. Operators' commands carry a key
// and a reason; the youngest 256 are remembered (P5).
//
// # Presale codes
//
// A gate whose settings say Presale gives a new place for a use of a code only. Codes are numbers that an operator's
// command has minted; what a buyer brings is a number with a signature (package presale), which the caller has checked.
// Uses are counted by the joins in the log, so they are exact however often one is cut off or repeated: a buyer with a
// live place uses nothing. A place that was given up gives no use back.
//
// # Limits of one buyer
//
// A gate keeps what one buyer may ask of the event (package bound), and counts nothing: package api/limit does. They
// stand here so that a change has its reason in the log, is known on every node with the next frame, and outlives them
// all.
//
// # Memory
//
// A place is 24 bytes without a pointer and 4-byte slots of a table that grows in 256 parts: the memory test holds a
// million below 40 bytes each. A Follower keeps counters and sessions, whatever the crowd: changes carry the states
// that places leave, so that whoever only counts can. A join is 20 bytes in the log, 17 each in a batch.
//
// # Rejected
//
// Admitting in strict order of the called: one who went away would hold up everybody until their turn has passed. Slots
// that are free by a clock: a node that has not heard of the end could still grant. A free slot for whoever polls
// first: the fastest poller wins. A timer or a deadline for each waiting place: memory, and a place is kept for ever
// anyway. A count of uses beside the log: after a crash one of the two would be wrong. Settings in the Kind: whoever
// audits would have to be told them. One change for each person called: a call of a thousand is twelve bytes, for ranks
// say who.
package gate
