package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/roomrules"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/terminal"
)

// queueCommand is everything an operator does with an event's waiting room.
type queueCommand struct {
	Status  queueStatusCommand  `cmd:"" help:"Show who waits, who is inside, and how fast people are called."`
	Rate    queueRateCommand    `cmd:"" help:"Bound the calls a second, or lift the bound."`
	Cap     queueCapCommand     `cmd:"" help:"Set how many people may be inside. Whoever is inside stays."`
	Limits  queueLimitsCommand  `cmd:"" help:"Bound the joins, polls and new holds of one buyer of the event."`
	Pause   queuePauseCommand   `cmd:"" help:"Call and admit nobody. Places are kept, and turns stand still."`
	Resume  queueResumeCommand  `cmd:"" help:"The end of a pause."`
	Open    queueOpenCommand    `cmd:"" help:"Open the doors before their time."`
	Message queueMessageCommand `cmd:"" help:"Tell everybody who waits something; an empty text takes the message away."`
	Draw    queueDrawCommand    `cmd:"" help:"Hand in the beacon's round that seeds the draw, or a value where there is no beacon."`
	Codes   queueCodesCommand   `cmd:"" help:"Mint presale codes, or take some back."`
}

// Help is shown by holdfast queue --help.
func (queueCommand) Help() string {
	return `Examples:

  holdfast queue status 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast queue cap 500 0b6d4f0e-… --reason 'payments are slow'
  holdfast queue rate 2.5 0b6d4f0e-… --reason 'calmer'
  holdfast queue rate none 0b6d4f0e-… --reason 'as fast as slots and stock allow'
  holdfast queue limits 0b6d4f0e-… --polls 1 --polls-burst 5 --reason 'scripts poll'
  holdfast queue codes mint 0b6d4f0e-… --count 500 --reason 'fan club'
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
	Key    string `            help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
}

func (q *queueChange) change(c *console, what *waitingroom.Change) error {
	if _, err := terminal.ParseEventID(q.Event); err != nil {
		return err
	}
	server, err := q.client(c.ctx)
	if err != nil {
		return err
	}
	what.Reason = &q.Reason
	now, err := eventctl.ChangeQueue(c.ctx, server, q.Event, keyOr(q.Key, "queue"), what)
	if err != nil {
		return err
	}
	return eventctl.WriteQueue(c.out, &now)
}

// keyOr is an idempotency key: the one that was given, or another each time.
func keyOr(given, what string) string {
	if given != "" {
		return given
	}
	return fmt.Sprintf("%s-%d", what, time.Now().UnixNano())
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

type queueLimitsCommand struct {
	queueChange
	Joins      *float64 `help:"Joins a second of one buyer; 0 is no limit." env:"-" placeholder:"RATE"`
	JoinsBurst *int64   `help:"Joins of one buyer at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	Polls      *float64 `help:"Polls a second with one place; 0 is no limit." env:"-" placeholder:"RATE"`
	PollsBurst *int64   `help:"Polls with one place at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	Holds      *float64 `help:"New holds a second of one buyer; 0 is no limit." env:"-" placeholder:"RATE"`
	HoldsBurst *int64   `help:"New holds of one buyer at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
}

// Run changes the limits.
func (q *queueLimitsCommand) Run(c *console) error {
	limit := func(rate *float64, burst *int64) *roomrules.Limit {
		if rate == nil && burst == nil {
			return nil
		}
		return &roomrules.Limit{PerSecond: rate, Burst: burst}
	}
	return q.change(c, &waitingroom.Change{Limits: &roomrules.Limits{Joins: limit(q.Joins, q.JoinsBurst),
		Polls: limit(q.Polls, q.PollsBurst), Holds: limit(q.Holds, q.HoldsBurst)}})
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
	Signature string `help:"The round's signature, or the value, in hexadecimal digits." env:"-" required:"" placeholder:"HEX"`
	Previous  string `help:"The signature of the round before, of a chained beacon." env:"-" placeholder:"HEX"`
	queueChange
}

// Run hands the round in.
func (q *queueDrawCommand) Run(c *console) error {
	round := &waitingroom.HandIn{Round: &q.Round, Signature: &q.Signature}
	if q.Previous != "" {
		round.Previous = &q.Previous
	}
	return q.change(c, &waitingroom.Change{Draw: round})
}

// queueCodesCommand is everything an operator does with presale codes.
type queueCodesCommand struct {
	Mint   queueMintCommand   `cmd:"" help:"Make codes, and print them, one a line: number, code, buyer."`
	Revoke queueRevokeCommand `cmd:"" help:"Have codes let nobody more in. Places that they gave stay."`
}

// Help is shown by holdfast queue codes --help.
func (queueCodesCommand) Help() string {
	return `Examples:

  holdfast queue codes mint 0b6d4f0e-… --count 500 --uses 2 --reason 'fan club'
  holdfast queue codes mint 0b6d4f0e-… --buyers-file members --until 2030-05-01T10:00:00Z --reason 'members'
  holdfast queue codes revoke 0b6d4f0e-… --code AEAQEAYA-AAAASWBV-… --reason 'leaked'
  holdfast queue codes revoke 0b6d4f0e-… --first 1 --count 500 --reason 'the wrong list'

A code gives entry to the waiting room of an event that was made with "presale": true, and nothing else.
The server keeps no codes: whoever loses what mint printed runs it again with the same --key.`
}

// queueCodesTarget is an event's codes on a running server.
type queueCodesTarget struct {
	queueTarget
	Reason string `required:"" help:"Why. It is logged." env:"-" placeholder:"TEXT"`
	Key    string `            help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
}

// post sends a body, and reads what became of it.
func (q *queueCodesTarget) post(c *console, path string, body any) (codes waitingroom.Codes, err error) {
	if _, err := terminal.ParseEventID(q.Event); err != nil {
		return codes, err
	}
	server, err := q.client(c.ctx)
	if err != nil {
		return codes, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return codes, err
	}
	err = server.Post(c.ctx, "/v1/events/"+q.Event+path, keyOr(q.Key, "codes"), bytes.NewReader(text),
		int64(len(text)), &codes)
	return codes, err
}

type queueMintCommand struct {
	queueCodesTarget
	Count      int64  `help:"Codes that every buyer may use, 1 to 10000." env:"-" placeholder:"N"`
	BuyersFile string `help:"Instead of --count: a file with one buyer a line (a token's sub). Each gets a code that nobody else may use." env:"-" placeholder:"FILE"`
	Uses       int64  `help:"New places that each gives (${default})." env:"-" placeholder:"N" default:"1"`
	From       string `help:"From when on they let people in. Default: at once." env:"-" placeholder:"TIME"`
	Until      string `help:"From when on they let nobody in. Default: never." env:"-" placeholder:"TIME"`
	JSON       bool   `help:"As the server tells them." env:"-"`
}

// Run mints.
func (q *queueMintCommand) Run(c *console) error {
	body := &waitingroom.MintCodes{Reason: &q.Reason, Uses: &q.Uses}
	if q.BuyersFile != "" {
		buyers, err := readBuyers(q.BuyersFile)
		if err != nil {
			return err
		}
		body.Buyers = buyers
	}
	if q.Count != 0 {
		body.Count = &q.Count
	}
	for _, bound := range []struct {
		flag, text string
		into       **wire.OffsetTime
	}{{"--from", q.From, &body.OpensAt}, {"--until", q.Until, &body.ClosesAt}} {
		if bound.text == "" {
			continue
		}
		at := new(wire.OffsetTime)
		if err := at.UnmarshalJSON(strconv.AppendQuote(nil, bound.text)); err != nil {
			return fmt.Errorf("%s: %q is no time such as 2030-05-01T10:00:00Z", bound.flag, bound.text)
		}
		*bound.into = at
	}
	codes, err := q.post(c, "/queue/codes", body)
	if err != nil {
		return err
	}
	if q.JSON {
		return json.NewEncoder(c.out).Encode(&codes)
	}
	return eventctl.WriteCodes(c.out, &codes)
}

// buyersBytesMax bounds a file of buyers: what one call may send.
const buyersBytesMax = 64 << 10

func readBuyers(name string) (buyers []string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	size := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if size += len(lines.Bytes()); size > buyersBytesMax {
			return nil, fmt.Errorf(
				"%s is longer than %d bytes: mint its parts one after the other",
				name,
				buyersBytesMax,
			)
		}
		if buyer := strings.TrimSpace(lines.Text()); buyer != "" {
			buyers = append(buyers, buyer)
		}
	}
	if len(buyers) == 0 {
		return nil, fmt.Errorf("%s names no buyer", name)
	}
	return buyers, nil
}

type queueRevokeCommand struct {
	queueCodesTarget
	Code  string `help:"One code." env:"-" placeholder:"CODE" xor:"which" required:""`
	First int64  `help:"The number of the first." env:"-" placeholder:"N" xor:"which" required:""`
	Count int64  `help:"Codes from --first on (${default})." env:"-" placeholder:"N" default:"1"`
}

// Run takes codes back.
func (q *queueRevokeCommand) Run(c *console) error {
	body := &waitingroom.RevokeCodes{Reason: &q.Reason}
	if q.Code != "" {
		body.Code = &q.Code
	} else {
		body.First, body.Count = &q.First, &q.Count
	}
	codes, err := q.post(c, "/queue/codes/revoke", body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%d taken back, from number %d on\n", codes.Count, codes.First)
	return err
}
