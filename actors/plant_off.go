//go:build !planted

package actors

// plantedBug names a bug that the simulator must find; see plant_on.go. In an ordinary build there is none, and the compiler
// removes what stands behind the question.
type plantedBug uint16

const (
	plantAnswerEarly plantedBug = 1 << iota
	plantRefuseEarly
	plantPastFence
	plantNoTickets
	plantUnknownIsDone
	plantUnknownIsFailed
	plantForgetRequests
)

func planted(plantedBug) bool { return false }

func (w *Writer) plantedOutcome(err error) (bool, error) { return false, err }
