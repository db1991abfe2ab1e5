// Package coordinator holds what spans the sections of an event, as rules without clocks, goroutines or I/O. No seat is
// ever granted because of it: seats are a section's, and its log's, alone.
//
//	BuyerQuota   how many live seats a buyer has, over all sections
//	KeyIndex     which section met an idempotency key, so that a repeat goes there (P5)
//	Granter      one coordinator: grants holds while nobody else can, and counts each until its fate is known (P13)
//	Views        in events without coordinators: on which node a buyer's searches may run, and when it may begin
//
// BuyerQuota and KeyIndex are on every node, rebuilt from the sections when they load and kept by following their
// records. Each is spread over locks, and a call holds one of them for a map's access.
//
// # Searches over sections
//
// A search asks one section after the other, so no single log can see two searches under one key. On several nodes that
// is for one of them to see: the buyer's coordinator, a node that the view names for each buyer of an event. When a
// view names another one, nothing that the views before allowed may still happen anywhere before it searches (P5):
//
//	view changes ──▶ a new round: Quiesce to all ──▶ requests of older rounds end ──▶ Quiesced to all who asked
//	                                                                                        │
//	             every event whose sections have been heard is safe ◀── heard from all ◀────┘
//
// It is the old trick of virtual synchrony: a member says that it has the view after everything has ended that it let
// in under the views before. A view may come back under the number it had, so a word counts only in answer to the
// present round's question. A view that only others had (they believed this node gone, say) stands in the list of views
// as unknown: in it, any node may have been any buyer's coordinator.
//
// In an event with coordinators no search is brought to such a node: its buyers' calls go to their coordinator, whose
// log gives the epoch, and sections refuse what an older one let in. That is the simpler of the two, and exact; Views
// stays for events without.
//
// # Keys by coordinators
//
//	call under a key ──▶ the asker's coordinator, in epoch E: KeyIndex.Enter
//	                        │ known elsewhere: a mismatch
//	                        └ new, or known there ──▶ its section, with the word of E ── another's fence: stale
//
// What older epochs let in anywhere is in the index before E grants, and what E lets in is refused wherever a newer
// epoch has its fence. So one key has one outcome, over all sections and however coordinators move (P5). An operator's
// keys are one list over all buyers: a hold's goes by the operators' coordinator first. A hold of an operator's that is
// on its way while that one moves is seen by the next one only once it is in a log: the one gap, which the audit shows.
//
// An event that a node alone has made has no coordinators: its index and its ledger see everything.
//
// A call that blocks seats goes the same way, by the operators' coordinator: its parts in several sections share its
// key.
//
// # Sections that stay closed
//
// A section may be served by nobody for long, or for good: its log is lost or damaged, or its part of the store is
// away. It must not close the event's other sections. Invariant, of an epoch E that grants: of an older epoch nothing
// can become a hold any more, in any section, but what E counts.
//
//	while E lasts       the section has E's fence. What is known of it goes on counting, and so does each grant of E
//	                    whose fate nobody knows. Nobody else can have granted anything there: no count is too low.
//	E excludes it       after 4 s. From here on no grant of E is used there (Asks: no), by whatever call. Then E's log
//	                    says so, with a list: what E's buyers are known to have there, and what is under way there.
//	the next epoch, F   reads the list after its claim. It needs no fence there: older epochs than E were fenced out,
//	                    E gives nothing there once it excluded it, and what came before that is in the list. The list
//	                    counts (what it has beyond what F's node knows of the section): a kill -9 loses no count.
//	it is served again  F has its fence written there, and follows the section up to it; then F's log says
//	                    "readmitted"; only then grants of F are used there. An E that slept through all that cannot
//	                    readmit: its log is F's, and refuses its record.
//
// So the section's log is not touched, and need not be readable. Only an epoch whose own fence stands in a section may
// exclude it: F cannot, of a section that closed before F's fence came there. Where a section closes for good in the
// moment in which its coordinator's node dies, or before the coordinator ever had an epoch, that coordinator waits for
// the section: its buyers, and no others, are refused until the section is back or an operator has accepted the loss.
// Nobody can know what was under way there, and a count that may be too low is worse than a refusal.
//
// Keys: those of holds under way stand in the list, and F's index has them. What else was used in a closed section is
// known on every node that has followed it. One gap: a call about a booking there that was under way as the section was
// excluded, and whose key is used for another request once the coordinator has moved; and a node that started since
// does not know the keys of a section that it cannot read. The audit shows either (G11).
//
// # Hashes for keys
//
// There is one key for every hold of the day, and one buyer, so both stand as hashes in a table without keys:
//
//	KeyIndex     accepted: 64 bits of a hash, 16 bits of the key, section, seconds: 16 bytes. Under way: the full key
//	BuyerQuota   64 bits of a hash, count of seats: 12 bytes
//
// The hash is hash/maphash's under a secret of the process, so nobody can look for keys that share one; what is in a
// table never leaves the process. Keys and buyers are 128-bit hashes themselves.
//
// A key that was wrongly "known" would have a wrong answer: a mismatch where a search or another section has the other
// key, or a way past the sale's state. With 80 bits, one of a million new keys beside a million others is that with a
// chance of 10^-12, once in a million million days of a million holds: below that of an undetected error of the memory
// that the key stands in, and the only reason why a call need not ask the section whether it remembers the key. A
// repeat is never wrongly new: what is entered is found (P5).
//
// Two buyers who share 64 bits count together, and one may be told too_many_for_buyer early. Among a million buyers of
// an event there is such a pair in one of 37 million events; nobody gets a seat for it, and none twice (P1).
//
// # Rejected
//
//   - Slots of 8 bytes, with 32 bits of hash and the section asked in case: a false "known" at every 4,000th new key of
//     an event of a million. Each caller would have to take a new request for a repeat until the section says no, on
//     another node too, after sale and quota were not looked at.
//   - The quota in each section: a limit that a buyer meets would be one section's, and not the event's.
//   - A rule of the index's own for how long it keeps keys: sections forget by time and by count, which no second rule
//     repeats exactly. The index asks them.
//   - Waiting on a lock for a key in use: the waiter must give up at its deadline, so Enter gives a channel instead.
//   - A lock in the store for each buyer's search: a write for each loser of a sold-out event.
//   - Leaving out a section that lacks the fence, after a time: its owner may be alive and out of reach, with a grant
//     of the older epoch in a mailbox, or a record of it on its way to the store, for as long as a process can sleep.
//   - Grants that end by a clock: the record may come to the log after any time, and no clocks agree on a limit.
//   - A claim of the closed section's log by the coordinator, which would fence everybody: records that a person could
//     have restored would not continue the log any more.
//   - A marker beside the section's log that each append checks: a read for each hold, for the sake of a day that may
//     never come.
//   - The closed section's snapshot in place of the list: four times the size, and a format more to open for ever.
package coordinator
