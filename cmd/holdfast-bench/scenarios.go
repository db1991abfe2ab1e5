package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/rig"
)

// server says what is measured.
type server struct {
	Binary string `help:"A holdfast executable: it is started on a free port with fresh data, and stopped at the end." type:"existingfile" placeholder:"FILE"`
	Folder string `help:"Where the fresh data goes: choose the disk (the system's place for temporary files)."         type:"existingdir"  placeholder:"DIR"`
}

// shape says how it is driven.
type shape struct {
	// Conns: 256 by default, because a hold waits for the disk: with few connections a closed loop measures the disk's
	// latency divided by their number, and not what the server can do.
	Conns    int           `help:"Connections, one request at a time each (${default})." default:"256"`
	Duration time.Duration `help:"Length of a round (${default})."                       default:"3s"`
	JSON     bool          `help:"Print JSON."`
}

// httpCommand runs one scenario once.
type httpCommand struct {
	Scenario string `arg:"" enum:"holds,refusals,availability,joins,polls,availability-busy,single,expiry,restart" help:"What to measure."`
	server
	shape
	Target string `                                                                                  help:"A running server instead of --binary, such as http://127.0.0.1:8080. It needs --dev-auth."                                                placeholder:"URL"`
	operatorKey
	Rate  load.Rate `                                                                                  help:"Open loop with so many requests a second; 0 is a closed loop (${default}). availability-busy and expiry are always open: 200."                              default:"0"`
	Count int       `                                                                                  help:"single: how many holds. expiry: how many lapse, in whole ten thousands. restart: changes before the kill. 0: 2,000, 100,000 and 100,000."                   default:"0"`
}

func (h *httpCommand) Run(c *console) (err error) {
	address, err := addressOf(h.Target)
	if err != nil {
		return err
	}
	key, err := h.key()
	if err != nil {
		return err
	}
	bench, err := rig.OpenRig(c.ctx, rig.RigConfig{Binary: h.Binary, Address: address, OperatorKey: key,
		Folder: h.Folder, Notice: c.notice})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bench.Close()) }()
	result, err := h.measure(c.ctx, bench)
	if err != nil {
		return err
	}
	return c.report(h.JSON, commandLine(), result)
}

func (h *httpCommand) measure(ctx context.Context, bench *rig.Rig) (fmt.Stringer, error) {
	s := rig.Shape{Conns: h.Conns, Duration: h.Duration, Rate: h.Rate}
	open := s
	if open.Rate == 0 {
		open.Rate = 200
	}
	s.Rate = h.Rate
	switch h.Scenario {
	case "availability-busy":
		s.Rate = 0
		return bench.AvailabilityWhileSelling(ctx, open, s)
	case "single":
		return bench.Single(ctx, h.count(2_000))
	case "expiry":
		return bench.Expiry(ctx, h.count(100_000), open)
	case "restart":
		return bench.Restart(ctx, uint64(h.count(100_000)), h.Conns)
	}
	return bench.Measure(ctx, h.Scenario, s)
}

func (h *httpCommand) count(otherwise int) int {
	if h.Count > 0 {
		return h.Count
	}
	return otherwise
}

// addressOf takes host:port out of a URL. TLS would be measured with it, so it is refused rather than ignored.
func addressOf(target string) (string, error) {
	if target == "" {
		return "", nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Port() == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("--target %s: give http://HOST:PORT", target)
	}
	return u.Host, nil
}

// compareCommand puts a server that does nothing beside Holdfast.
type compareCommand struct {
	Scenario string `arg:"" enum:"holds,refusals,availability,joins,polls" help:"What to compare."`
	server
	shape
	Rounds int `                                          help:"Rounds of each (${default})." default:"5"`
}

func (n *compareCommand) Run(c *console) (err error) {
	if n.Binary == "" {
		return errors.New("--binary is needed: both servers are started here, so that they run under the same " +
			"conditions")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	null := func(address, answerFile string) (string, []string) {
		return self, []string{"null", "--listen", address, "--answer", answerFile}
	}
	bench, err := rig.OpenRig(c.ctx, rig.RigConfig{Binary: n.Binary, Folder: n.Folder, Null: null})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bench.Close()) }()
	comparison, err := bench.CompareNull(c.ctx, n.Scenario, rig.Shape{Conns: n.Conns, Duration: n.Duration}, n.Rounds)
	if err != nil {
		return err
	}
	return c.report(n.JSON, commandLine(), comparison)
}

// nullCommand is the do-nothing server.
type nullCommand struct {
	Listen    string `help:"Address (${default})."                                     default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	Answer    string `help:"A recorded answer (status line, headers, body) to repeat."                          placeholder:"FILE"      type:"existingfile"`
	Status    int    `help:"Without --answer: the status (${default})."                default:"201"`
	BodyBytes int    `help:"Without --answer: the body's length (${default})."         default:"250"`
}

func (n *nullCommand) Run(c *console) error {
	answer := lab.PlainAnswer(n.Status, n.BodyBytes)
	if n.Answer != "" {
		raw, err := os.ReadFile(n.Answer)
		if err != nil {
			return err
		}
		if answer, err = lab.ParseAnswer(raw); err != nil {
			return err
		}
	}
	return lab.ServeNull(c.ctx, n.Listen, answer)
}
