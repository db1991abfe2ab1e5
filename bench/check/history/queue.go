package history

// QueueKind says what a request to a waiting room, or under its admission, wished for.
type QueueKind uint8

// The kinds.
const (
	JoinQueue    QueueKind = iota + 1 // a place
	PollQueue                         // where the place stands; kept only if it says more than "wait"
	TakeTurn                          // the admission
	LeaveQueue                        // the end of the session, or of the place
	BookAdmitted                      // a new hold with the buyer's own admission
	BookBorrowed                      // a new hold with somebody else's admission
	BoughtInside                      // a payment inside, which ends the session
)

// QueueState is what a place was answered to be. The zero value: nothing was said of it.
type QueueState uint8

// The states.
const (
	QueueWaiting QueueState = iota + 1
	QueueCalled
	QueueInside
	QueueGone
	QueueSoldOut     // it waits, and nothing is left
	QueueNotAdmitted // of BookAdmitted: refused, because the admission is none, or has ended
	QueueGaveUp      // the buyer went away without a word
)

// QueueOp is one request to a waiting room and its answer. It holds no pointers.
type QueueOp struct {
	Kind    QueueKind
	Verdict Verdict // Done, Refused or Unknown
	State   QueueState
	Repeat  bool   // of JoinQueue: the buyer had the place before
	Event   uint16 // index into Header.Events
	Number  uint32 // the place's
	Buyer   uint64
	Call    Nanos
	Return  Nanos // Never: the answer did not come
	Until   Nanos // of TakeTurn: expires_at, on the history's own clock
}
