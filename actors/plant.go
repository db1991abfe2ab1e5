package actors

// plantedBug is a set of bugs that the Writer has on purpose in a build with the tag "planted": the proof that the simulator
// finds what it is there to find. Never ship such a build. In any other build the compiler removes them: see plant_off.go.
type plantedBug uint16

const (
	plantAnswerEarly     plantedBug = 1 << iota // acceptances are told before their record is durable
	plantRefuseEarly                            // refusals are told before what they depend on is durable
	plantPastFence                              // a fenced writer appends again behind the new tail, on its stale memory
	plantNoTickets                              // sales leave the tickets table alone
	plantUnknownIsDone                          // an unknown outcome is taken for success
	plantUnknownIsFailed                        // an unknown outcome is taken for failure, and its seq used again
	plantResendIsWord                           // "not written" of a second sending is taken for the word on the first (S6)
	plantForgetRequests                         // replay forgets which requests were met
)
