package config

import "errors"

// WaitingRooms is what all waiting rooms of a server share. What an event asks of a join is the event's own, and is
// said when the event is made.
type WaitingRooms struct {
	// QueuePollsPerSecond bounds all polls of one waiting room together, over all nodes, in polls a second. Default
	// 20000: half of what one processor answers. Whoever waits is told to ask again so late that the bound holds, up
	// to an hour; those who are called soon are told earlier. Smaller lets people hear late that they have moved;
	// larger lets polls crowd out joins and holds on the same machine.
	QueuePollsPerSecond float64 `help:"Polls a second of one waiting room, over all nodes: the more wait, the later each is told to ask again (${default})." default:"20000" placeholder:"RATE" group:"Waiting room"`
}

func (c *WaitingRooms) checkWaitingRooms() error {
	if !(c.QueuePollsPerSecond >= 1 && c.QueuePollsPerSecond <= 1e9) { // NaN is neither
		return errors.New("--queue-polls-per-second must be from 1 to 1000000000")
	}
	return nil
}
