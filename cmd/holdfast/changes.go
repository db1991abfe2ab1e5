package main

import (
	"errors"

	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/storectl"
)

type logCommand struct {
	sourceFlags
	Event   string `help:"Only the event of this id." placeholder:"ID"`
	Section string `help:"Only sections of this id." placeholder:"ID" xor:"log"`
	Queue   bool   `help:"The log of the event's waiting room instead; needs --event." name:"waiting-room" xor:"log"`
	JSON    bool   `name:"json" default:"true" help:"One JSON object a line. It is the only format, so this may be left out."`
}

// Help is shown by holdfast log --help.
func (logCommand) Help() string {
	return `Examples:

  holdfast log --data /var/lib/holdfast > changes.ndjson
  holdfast log --data /var/lib/holdfast | jq -c 'select(.kind == "sold")' | wc -l
  holdfast log --store 'postgres://auditor@db.example:5432/holdfast?sslmode=verify-full' --event 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40
  holdfast log --data /var/lib/holdfast --event 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40 --section A | grep '"seats":\[7\]'
  holdfast log --data /var/lib/holdfast --event 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40 --waiting-room | jq -c 'select(.kind == "admitted")'

Prints what happened, one change a line, section after section, each in the order of its log. Nothing is written.

  event, section   ids, as the API tells them
  seq, index       the record of the section's log, and the change's place in it
  epoch            which writer's: every takeover raises it
  at               when
  kind             hold_placed hold_extended hold_released hold_expired payment_begun payment_failed sold refunded blocked unblocked;
                   claim and released are records without a change: somebody took the section over, or gave it up
  booking          its id, as the API tells it
  request, buyer   who asked, and under which key: the log knows hashes, never names
  expires_at       of hold_placed and hold_extended
  seats            indexes into the section, in seat map order, of hold_placed, blocked and unblocked

With --waiting-room the lines are of the event's waiting room: who joined (pseudonyms, which get the next numbers), each stock, call and
admission, and what operators did and why. holdfast draw export has the same records as bytes, with the key of the salts.

The chain of hashes is verified on the way. Where a log is damaged, what precedes the damage is printed, then the reason is given, and
nothing after it: holdfast audit goes on and tells of everything.

With --data the server must be stopped. With --store it need not be: each section is printed up to where its log ended when its turn
came, so two sections are not seen at one instant. A role that may only read is enough.

Exit code: 0 all printed, 2 not: damaged, or could not be read.`
}

var errNoEvent = errors.New("--waiting-room needs --event: the log is that of one event")

// Run prints the log.
func (l *logCommand) Run(c *console) error {
	node.RelaxCollector()
	if l.Queue {
		if l.Event == "" {
			return errNoEvent
		}
		return storectl.PrintQueueLog(c.ctx, c.out, l.source(), l.Event)
	}
	return storectl.PrintLog(c.ctx, c.out, l.source(), l.Event, l.Section)
}
