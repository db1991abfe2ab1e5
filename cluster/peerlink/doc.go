// Package peerlink carries messages between the nodes of a cluster: one gRPC stream for each pair of nodes.
//
//	SetPeers ──▶ address book ──▶ peer ──▶ keep: the lower id dials ──▶ session = stream
//	                                                                     │
//	Send ──▶ outbox ──▶ write ──▶ stream ══ HTTP/2, TLS 1.3 ══▶ stream ──▶ read ──▶ PeerUp, Received …, PeerDown
//	         4 MiB      one a                1 MiB window                  one a
//	         a peer     session                                            session
//
// The room is given an identity, keys, an address book and callbacks. The room knows neither views nor heartbeats nor
// what a message means.
//
// # A session is a stream
//
// Order, the absence of gaps, flow control and the end are the stream's. Nothing is sent again: a caller that needs an
// answer asks again in the next session, under the same request id. The rules that the room adds:
//
//   - Of two nodes the one with the lower id dials, so that a pair has one stream. An acceptor that is dialled by the
//     same node again ends the older stream first: the dialler has given it up.
//   - Callbacks about one peer are never concurrent, and a session's PeerDown comes before the next one's PeerUp.
//     Callbacks about several peers are concurrent: each peer is read by a goroutine of its own.
//   - A stream begins with a hello in each direction: the protocols, who is there and who is meant, and the database. A
//     caller that is not in the book yet waits for the book, as long as a handshake may take.
//   - A session ends, on both sides, when the peer is silent for DownAfter (a side that has nothing to say sends a beat
//     each KeepAlive), when a write is stuck for WriteTimeout, when a frame cannot be read or the handler does not
//     understand a message, when the handler panics, when the peer leaves the book, and when the connection ends. The
//     log names the reason, and a refusal is counted by its kind. Up and Send say no at once; PeerDown comes when the
//     handler has returned.
//
// Many messages share a frame: while one write is under way, the next frame fills. No timer delays a message.
//
// # What is bounded
//
//	connections from others      netlimit, 4 streams each, 8 KiB of headers, 10 s without a stream
//	connection and hello         DownAfter to connect, HandshakeTimeout to the hello, 50 ms to 1 s between two tries
//	what waits for a peer        OutboxBytes in this room, then Send says no; 1 MiB window and 64 KiB in gRPC
//	what a peer sends            1 MiB a message, frames of 1 MiB, 1 MiB window; a peer that floods waits for us
//	a peer that vanished         DownAfter; a connection without a session: gRPC's ping after 10 s, 5 s for the answer
//
// # Versions
//
// Each side tells the lowest and the highest protocol that it speaks, and the highest common one is the session's. A
// later protocol adds kinds of frames, and sends them in sessions of its own version only; nothing that stands is
// changed. So two builds with adjacent protocols work side by side. Protocols 1 and 2 were Proto.Actor's remote, which
// is another service of gRPC: builds before the stream and builds since then refuse each other, and say so on both
// sides (other_protocol).
//
// # Rejected
//
// Proto.Actor's remote, which this room replaced (it believes what it reads, its queues have no bound, its connections
// go by address, its end is not told, and it had to be started through go:linkname to be raced); a connection in each
// direction (two ends that have to be made one by random numbers, echoes and acknowledgements); TCP with frames of our
// own (HTTP/2's flow control, pings and resets would be written again); generated protobuf types (what travels is bytes
// already); a queue between the reader and the handler (it would need a bound, and an answer to its being full; the
// window is both); sending again within a session (a second sequence to get wrong: sections answer the same request id
// twice anyway).
package peerlink
