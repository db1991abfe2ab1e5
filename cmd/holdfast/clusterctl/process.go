package clusterctl

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/client"
	"holdfast/storage/sqlstore/pgserver"
)

// process is one node of a local cluster: a process that ends with this one.
type process struct {
	name, executable, log string
	api, gossip           string
	seeds                 []string // every node's gossip
	store                 string
	buyers                int

	process  *exec.Cmd
	ended    <-chan struct{} // nil: never launched
	reported bool            // that it has ended
}

// arguments of its command line. The database is no part of it: every user of the machine can read those.
func (n *process) arguments() []string {
	all := []string{
		"serve", "--listen", n.api, "--node-name", n.name, "--gossip-listen", n.gossip, "--insecure",
		"--demo", "--demo-buyers", strconv.Itoa(n.buyers), "--drain-wait", "0s", "--shutdown-timeout", "4s",
	}
	for _, seed := range n.seeds {
		all = append(all, "--join", seed)
	}
	return all
}

// commandLine is what a person types to start the node again; shown makes the database's address fit to be seen.
func (n *process) commandLine(shown func(string) string) string {
	return "HOLDFAST_STORE='" + shown(n.store) + "' " + n.executable + " " + strings.Join(n.arguments(), " ")
}

// environment is this process's without what HOLDFAST_… says there, which was meant for another server.
func (n *process) environment() (all []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "HOLDFAST_") {
			all = append(all, variable)
		}
	}
	return append(all, "HOLDFAST_STORE="+n.store)
}

// launch starts the process, in a group of its own: ^C is for the one who ends them in order.
func (n *process) launch() error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer log.Close() // the child keeps its own
	n.process = exec.Command(n.executable, n.arguments()...)
	n.process.Env, n.process.Stdout, n.process.Stderr = n.environment(), log, log
	n.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ended, err := pgserver.Launch(n.process)
	if err != nil {
		return err
	}
	n.ended = ended
	return nil
}

func (n *process) pid() int { return n.process.Process.Pid }

func (n *process) lives() bool {
	if n.ended == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// endedNow says once that the process is gone, and how it went.
func (n *process) endedNow() (how string, now bool) {
	if n.ended == nil || n.reported || n.lives() {
		return "", false
	}
	n.reported = true
	return n.process.ProcessState.String(), true
}

// readyMax is how long a node may take to serve; the first one makes a database's tables and a stadium of 40,000 seats.
const readyMax = 60 * time.Second

// awaitReady returns once the node's readyz says yes.
func (n *process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyMax)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !n.ready(ctx) {
		select {
		case <-tick.C:
		case <-n.ended:
			return fmt.Errorf("%s ended at its start (%s): see %s\n%s", n.name, n.process.ProcessState, n.log,
				lastLines(n.log))
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w: see %s", n.name, ctx.Err(), n.log)
		}
	}
	return nil
}

func (n *process) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.api+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // read or not, its status is all that counts
	return response.StatusCode == http.StatusOK
}

func lastLines(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// client speaks to the node as its operator, in dev mode.
func (n *process) client() *client.Client {
	return &client.Client{Base: "http://" + n.api, Key: "dev", HTTP: http.DefaultClient}
}

// terminate asks the process to stop in good order; false: there is none.
func (n *process) terminate() bool {
	if !n.lives() {
		return false
	}
	_ = n.process.Process.Signal(syscall.SIGTERM) // it may just have ended
	return true
}

// awaitEnd waits for the process's end, and ends it when it is late.
func (n *process) awaitEnd(late context.Context) {
	if n.ended == nil {
		return
	}
	select {
	case <-n.ended:
	case <-late.Done():
		_ = n.process.Process.Kill() // it may just have ended
		<-n.ended
	}
}
