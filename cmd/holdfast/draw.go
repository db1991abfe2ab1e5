package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast/api/wire/drawproof"
	"holdfast/cmd/holdfast/drawctl"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/storage"
)

// drawCommand is what anybody does about a published draw.
type drawCommand struct {
	Verify drawVerifyCommand `cmd:"" help:"Check a published draw, without asking any server."`
	Export drawExportCommand `cmd:"" help:"Print the log of an event's waiting room, for others to check."`
}

type drawVerifyCommand struct {
	sourceFlags
	Document           string   `arg:"" help:"The draw as GET /v1/events/{event}/queue/draw answers; - reads standard input." placeholder:"FILE"`
	Before             []string `help:"The same answer, saved earlier. May be given several times." placeholder:"FILE" sep:"none"`
	Log                string   `help:"The waiting room's log, as holdfast draw export prints it." placeholder:"FILE" xor:"log"`
	SaltKey            string   `help:"File with the key of the leaves' salts, 64 hexadecimal digits (default: the one in the log)." placeholder:"FILE"`
	ChainInfo          string   `help:"The beacon's parameters as drand serves them at /info; quicknet and default are known." placeholder:"FILE"`
	RequireIndependent bool     `help:"Take a draw that is not independent as a finding."`
	JSON               bool     `name:"json" help:"The verdict as JSON, for machines."`
}

// Help is shown by holdfast draw verify --help.
func (drawVerifyCommand) Help() string {
	return `Examples:

  curl -s https://tickets.example/v1/events/0b9d…/queue/draw > drawn.json
  holdfast draw verify drawn.json
  holdfast draw verify drawn.json --before saved-in-the-lobby.json --before saved-at-the-close.json
  holdfast draw verify drawn.json --log waiting-room.ndjson --require-independent
  holdfast draw verify drawn.json --data /var/lib/holdfast --json | jq .independent

Recomputes a draw from what was published. Each line says what was looked at, and whether it holds:

  rule      the beacon's round was fixed before, and comes after the close of the lobby
  beacon    the signature is that of the round, by the beacon's public key
  seed      the seed comes from the event, the number of entrants, their root and the signature
  place     the buyer's place in the document leads to the root, and the seed gives its rank
  witness   rule and entrants are those of documents that were saved earlier
  entrants  all entrants in the log give number and root: nobody was dropped, added or swapped
  log       the log says the same as the document, and keeps the waiting room's rules

The last line is the verdict. It says "independent" only if a beacon's signature was verified with the beacon's public key; else the
operator is trusted, and the line says so. What nobody can find: made-up entrants from before the close, and joins that were never taken.

Exit code: 0 the draw holds in all that was checked; 1 something does not, or is not independent with --require-independent; 2 it could
not be checked, or there is no draw yet.`
}

// Run verifies.
func (d *drawVerifyCommand) Run(c *console) error {
	if d.Log != "" && (d.Data != "" || d.Store != "") {
		return errors.New("give one of --log, --data and --store")
	}
	evidence, err := d.evidence(c)
	if err != nil {
		return err
	}
	v, err := drawctl.Verify(evidence)
	if err != nil {
		return err
	}
	if d.JSON {
		err = json.NewEncoder(c.out).Encode(v)
	} else {
		err = v.Print(c.out)
	}
	switch {
	case err != nil:
		return err
	case v.Verdict == drawctl.Contradicted:
		return errFindings
	case v.Verdict == drawctl.NotDrawn:
		return errors.New("there is no draw to verify yet")
	case d.RequireIndependent && !v.Independent:
		return errFindings
	}
	return nil
}

func (d *drawVerifyCommand) evidence(c *console) (e drawctl.Evidence, err error) {
	if e.Now, err = readDocument(d.Document); err != nil {
		return e, err
	}
	for _, name := range d.Before {
		then, err := readDocument(name)
		if err != nil {
			return e, err
		}
		e.Earlier = append(e.Earlier, then)
	}
	if d.ChainInfo != "" {
		body, err := readBounded(d.ChainInfo)
		if err != nil {
			return e, err
		}
		if e.Chain, err = drawctl.ParseChain(body); err != nil {
			return e, fmt.Errorf("%s: %w", d.ChainInfo, err)
		}
	}
	if d.SaltKey != "" {
		body, err := readBounded(d.SaltKey)
		if err != nil {
			return e, err
		}
		if e.SaltKey, err = drawctl.ParseKey(string(body)); err != nil {
			return e, fmt.Errorf("%s: %w", d.SaltKey, err)
		}
	}
	e.Log, err = d.readLog(c, e.Now.Event)
	return e, err
}

func (d *drawVerifyCommand) readLog(c *console, event string) (*drawctl.Log, error) {
	switch {
	case d.Log != "":
		file, err := os.Open(d.Log)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		log, err := drawctl.ReadLog(file, event)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Log, err)
		}
		return log, nil
	case d.Data == "" && d.Store == "":
		return nil, nil
	}
	log := drawctl.NewLog()
	return log, storectl.ReadGateLog(c.ctx, d.source(), event, func(e *storage.Entry) error {
		return log.Add(drawctl.RecordOf(event, e))
	})
}

func readDocument(name string) (*drawproof.Document, error) {
	body, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	d, err := drawproof.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("%s is no published draw: %w", name, err)
	}
	return d, nil
}

// readBounded reads a file, or standard input, of which more than a document's length is of no use.
func readBounded(name string) ([]byte, error) {
	from := os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		from = file
	}
	body, err := io.ReadAll(io.LimitReader(from, drawproof.BytesMax+1))
	if err == nil && len(body) > drawproof.BytesMax {
		err = fmt.Errorf("%s is longer than 64 KiB", name)
	}
	return body, err
}

type drawExportCommand struct {
	sourceFlags
	Event string `arg:"" help:"The event's id."`
}

// Help is shown by holdfast draw export --help.
func (drawExportCommand) Help() string {
	return `Examples:

  holdfast draw export 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40 --data /var/lib/holdfast > waiting-room.ndjson
  holdfast draw export 0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40 --store 'postgres://auditor@db.example/holdfast' > waiting-room.ndjson

Prints the waiting room's log, one record a line, for holdfast draw verify --log. The changes of a record are Base64 of the very bytes that
the store has. The log names nobody: it holds pseudonyms, and the key of the leaves' salts. Publish it after the draw and not before: with
the key, whoever knows a pseudonym knows its leaf.

With --data the server must be stopped. With --store it need not be.

Exit code: 0 all printed, 2 not: damaged, or could not be read.`
}

// Run prints.
func (d *drawExportCommand) Run(c *console) error {
	to := json.NewEncoder(c.out)
	return storectl.ReadGateLog(c.ctx, d.source(), d.Event, func(e *storage.Entry) error {
		return to.Encode(drawctl.RecordOf(d.Event, e))
	})
}
