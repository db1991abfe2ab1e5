package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/lab"
)

// logLineMax bounds a line of the log; a change of some hundred seats is the longest.
const logLineMax = 1 << 20

// logFile is the run's copy of what holdfast log prints.
const logFile = "log.ndjson"

// readLog runs holdfast log, keeps what it prints, and parses it.
func (r *run) readLog(ctx context.Context) ([]wire.LogChange, error) {
	var said bytes.Buffer
	lines, err := lab.Log(ctx, r.cfg.Binary, &said, "--store", r.bed.Database.Near)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(lines)
	if err = errors.Join(err, lines.Close()); err != nil {
		return nil, fmt.Errorf("chaos: %w: %s", err, said.String())
	}
	if err := os.WriteFile(filepath.Join(r.bed.Folder, logFile), text, 0o600); err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	return parseLog(text)
}

func parseLog(text []byte) (changes []wire.LogChange, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(make([]byte, 1<<16), logLineMax)
	for lines.Scan() {
		var c wire.LogChange
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("chaos: holdfast log, line %d: %w", len(changes)+1, err)
		}
		changes = append(changes, c)
	}
	return changes, lines.Err()
}

// truth is what an event's log ends with: the letters of each section.
func truth(changes []wire.LogChange, event *buyers.Event) map[string][]byte {
	letters := map[string][]byte{}
	for i := range event.Plan.Sections {
		s := &event.Plan.Sections[i]
		letters[s.ID] = bytes.Repeat([]byte{'a'}, int(s.Seats))
	}
	seats, back := map[string][]uint32{}, new(returned)
	for i := range changes {
		c := &changes[i]
		if c.Event != event.ID || letters[c.Section] == nil {
			continue
		}
		if c.Kind == wire.LogHoldPlaced || c.Kind == wire.LogLegBound {
			seats[c.Booking] = c.Seats
		}
		switch letter := letterAfter[c.Kind]; {
		case c.Kind == wire.LogLegSeatsFreed: // the leg keeps the others
			draw(letters[c.Section], c.Seats, 'a')
			gone := c.Seats
			seats[c.Booking] = slices.DeleteFunc(slices.Clone(seats[c.Booking]),
				func(seat uint32) bool { return slices.Contains(gone, seat) })
		case back.by(c) && len(c.Seats) > 0:
			draw(letters[c.Section], c.Seats, 'a')
		case back.by(c):
			draw(letters[c.Section], seats[c.Booking], 'a')
		case letter != 0:
			draw(letters[c.Section], seats[c.Booking], letter)
		}
	}
	return letters
}

// letterAfter is what each change of a booking makes of its seats; 0: they stay as they are, or returned says which are
// on sale again. Nobody blocks seats here.
var letterAfter = map[string]byte{
	wire.LogHoldPlaced: 'h', wire.LogHoldReleased: 'a', wire.LogHoldExpired: 'a', wire.LogSold: 's',
	wire.LogLegBound: 'h', wire.LogLegSold: 's', wire.LogLegFreed: 'a',
	wire.LogRefundDue: 0, wire.LogRefundPending: 0, wire.LogRefunded: 0, wire.LogRefundFailed: 0,
	wire.LogClaim: 0, wire.LogReleased: 0, wire.LogHoldExtended: 0, wire.LogPaymentBegun: 0,
	wire.LogPaymentFailed: 0, wire.LogPaymentChallenged: 0, wire.LogBlocked: 0, wire.LogUnblocked: 0,
	wire.LogSaleOpened: 0, wire.LogSalePaused: 0, wire.LogSaleClosed: 0, wire.LogSaleCancelled: 0,
	wire.LogGrantsFenced: 0, wire.LogOrderSettled: 0, wire.LogOrderServed: 0, wire.LogLegSeatsFreed: 0,
	wire.LogExchanged: 0, // nobody exchanges seats here
	wire.LogTermsSet:  0, wire.LogPricesSet: 0, wire.LogTicketAdmitted: 0, wire.LogTicketDoubled: 0,
	wire.LogTicketReissued:  0,
	wire.LogTransferOffered: 0, wire.LogTransferAccepted: 0, wire.LogTransferWithdrawn: 0,
}

// draw leaves out seats that there are not: the check of the log tells of them.
func draw(letters []byte, seats []uint32, letter byte) {
	for _, seat := range seats {
		if int(seat) < len(letters) {
			letters[seat] = letter
		}
	}
}
