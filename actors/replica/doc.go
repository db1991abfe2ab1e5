// Package replica follows a shard that another node serves: for the map and the event's ledgers meanwhile, and to go on
// from when this node takes over.
//
//	Record from the serving node ──┐
//	                               ├─▶ continues the chain? ─▶ Machine.Replay ─▶ Host.Took: map, ledgers
//	the log in the store ──────────┘         no: read the log from here on (catchUp)
//
// A link may lose records, be slow or be down: the log fills every gap. Records come from a link only because that is
// quicker; each must continue the hash chain, so that nothing is believed which the log does not hold.
//
// A replica grants nothing, and no refusal rests on it: it may be behind.
//
// # Rejected
//
// A replica that asks the serving node for what it missed (the node may be gone, and the log is there); a second copy
// of the machine for readers (the map is one already); records applied by the shard that claims the log (it would be
// behind at the one moment that counts).
package replica
