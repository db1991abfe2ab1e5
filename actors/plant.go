package actors

// plantedBug is a set of bugs that the Writer has on purpose in a build with the tag "planted": the proof that the
// simulator, the audit and the bench's checker find what they are there to find. Never ship such a build. In any other
// build the compiler removes them: see plant_off.go.
type plantedBug uint32

// Bugs that need a crash, a second node or a store in trouble to be seen.
const (
	plantAnswerEarly     plantedBug = 1 << iota // acceptances are told before their record is durable
	plantRefuseEarly                            // refusals are told before what they depend on is durable
	plantPastFence                              // a fenced writer appends again behind the new tail, on its stale memory
	plantNoTickets                              // sales leave the tickets table alone
	plantUnknownIsDone                          // an unknown outcome is taken for success
	plantUnknownIsFailed                        // an unknown outcome is taken for failure, and its seq used again
	plantResendIsWord                           // "not written" of a second sending is taken for the word on the first (S6)
	plantForgetRequests                         // replay forgets which requests were met

	// Bugs that buyers meet on a healthy store are in plant_on.go, from firstBuyersBug on: nothing else speaks of them.

	// Bugs of nodes that share the sections.

	plantReclaim     // sections are claimed from nodes that are alive and have not released them
	plantAnyHome     // a section lets searches in from whatever node
	plantUnsettled   // a home searches without waiting until all members are settled
	plantPastRelease // a section goes on judging after it has written its release
	plantNoRelease   // a section is handed over without saying so in its log
	plantOutOfOrder  // a follower applies whatever record comes
	plantDeafRoute   // requests go where a section is placed, whoever has said that it serves it
	plantBlindClock  // records are stamped by a clock that has stepped
	plantGhosts      // what is turned away by a section that lets go is judged all the same
	plantForgetSeen  // a log is claimed without a look at what is known to have been acknowledged
	plantOwnMemory   // an operator's key is known to the process that met it, and to nobody else
)
