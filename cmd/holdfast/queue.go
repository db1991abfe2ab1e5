package main

import (
	"encoding/json"
	"fmt"
	"time"

	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/terminal"
)

// queueCommand is everything an operator does with an event's waiting room.
type queueCommand struct {
	Status  queueStatusCommand  `cmd:"" help:"Show who waits, who is inside, and how fast people are called."`
	Rate    queueRateCommand    `cmd:"" help:"Bound the calls a second, or lift the bound."`
	Cap     queueCapCommand     `cmd:"" help:"Set how many people may be inside. Whoever is inside stays."`
	Pause   queuePauseCommand   `cmd:"" help:"Call and admit nobody. Places are kept, and turns stand still."`
	Resume  queueResumeCommand  `cmd:"" help:"The end of a pause."`
	Open    queueOpenCommand    `cmd:"" help:"Open the doors before their time."`
	Message queueMessageCommand `cmd:"" help:"Tell everybody who waits something; an empty text takes the message away."`
	Draw    queueDrawCommand    `cmd:"" help:"Hand in the beacon's round that seeds the draw, or a value where there is no beacon."`
}

// Help is shown by holdfast queue --help.
func (queueCommand) Help() string {
	return `Examples:

  holdfast queue status 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast queue cap 500 0b6d4f0e-… --reason 'payments are slow'
  holdfast queue rate 2.5 0b6d4f0e-… --reason 'calmer'
  holdfast queue rate none 0b6d4f0e-… --reason 'as fast as slots and stock allow'
  holdfast queue message 'Doors open at 10:15.' 0b6d4f0e-… --reason 'stage is late'

Every change is logged with its reason, for ever, beside what it caused. No change takes a place away, and none sends anybody out.`
}

// queueTarget is an event's waiting room on a running server.
type queueTarget struct {
	nodeTarget
	Event string `arg:"" help:"The event's id."`
}

// queueChange is a change of one.
type queueChange struct {
	queueTarget
	Reason string `required:"" help:"Why. It is logged." env:"-" placeholder:"TEXT"`
	Key    string `help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
}

func (q *queueChange) change(c *console, what *waitingroom.Change) error {
	if _, err := terminal.ParseEventID(q.Event); err != nil {
		return err
	}
	server, err := q.client(c.ctx)
	if err != nil {
		return err
	}
	if q.Key == "" {
		q.Key = fmt.Sprintf("queue-%d", time.Now().UnixNano())
	}
	what.Reason = &q.Reason
	now, err := eventctl.ChangeQueue(c.ctx, server, q.Event, q.Key, what)
	if err != nil {
		return err
	}
	return eventctl.WriteQueue(c.out, &now)
}

type queueStatusCommand struct {
	queueTarget
	JSON bool `help:"As the server tells it." env:"-"`
}

// Run shows the room.
func (q *queueStatusCommand) Run(c *console) error {
	if _, err := terminal.ParseEventID(q.Event); err != nil {
		return err
	}
	server, err := q.client(c.ctx)
	if err != nil {
		return err
	}
	now, err := eventctl.Queue(c.ctx, server, q.Event)
	if err != nil {
		return err
	}
	if q.JSON {
		return json.NewEncoder(c.out).Encode(&now)
	}
	return eventctl.WriteQueue(c.out, &now)
}

type queueRateCommand struct {
	Rate string `arg:"" help:"Calls a second, 0.001 to 100000, or none."`
	queueChange
}

// Run bounds the calls.
func (q *queueRateCommand) Run(c *console) error {
	if q.Rate == "none" {
		yes := true
		return q.change(c, &waitingroom.Change{AdmitUnbounded: &yes})
	}
	var rate float64
	if n, err := fmt.Sscanf(q.Rate+"\n", "%g\n", &rate); n != 1 || err != nil {
		return fmt.Errorf("%q is no rate: say calls a second, such as 2.5, or none", q.Rate)
	}
	return q.change(c, &waitingroom.Change{AdmitPerSecond: &rate})
}

type queueCapCommand struct {
	Cap int64 `arg:"" help:"People inside; 0 lets nobody more in."`
	queueChange
}

// Run sets the cap.
func (q *queueCapCommand) Run(c *console) error {
	return q.change(c, &waitingroom.Change{ActiveMax: &q.Cap})
}

type queuePauseCommand struct{ queueChange }

// Run pauses.
func (q *queuePauseCommand) Run(c *console) error {
	yes := true
	return q.change(c, &waitingroom.Change{Paused: &yes})
}

type queueResumeCommand struct{ queueChange }

// Run ends a pause.
func (q *queueResumeCommand) Run(c *console) error {
	return q.change(c, &waitingroom.Change{Paused: new(bool)})
}

type queueOpenCommand struct{ queueChange }

// Run opens.
func (q *queueOpenCommand) Run(c *console) error {
	yes := true
	return q.change(c, &waitingroom.Change{Open: &yes})
}

type queueMessageCommand struct {
	Text string `arg:"" help:"At most 500 bytes."`
	queueChange
}

// Run tells everybody.
func (q *queueMessageCommand) Run(c *console) error {
	return q.change(c, &waitingroom.Change{Message: &q.Text})
}

type queueDrawCommand struct {
	Round     int64  `help:"The beacon's round; 0: there is no beacon." env:"-"`
	Signature string `required:"" help:"The round's signature, or the value, in hexadecimal digits." env:"-" placeholder:"HEX"`
	queueChange
}

// Run hands the round in.
func (q *queueDrawCommand) Run(c *console) error {
	return q.change(c, &waitingroom.Change{Draw: &waitingroom.HandIn{Round: &q.Round, Signature: &q.Signature}})
}
