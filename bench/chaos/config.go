package chaos

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Namespaces says where the nodes stand.
type Namespaces string

// Auto: in network namespaces where that can be done, else on the loopback. Never: on the loopback.
const (
	Auto  Namespaces = "auto"
	Never Namespaces = "never"
)

// Config of a run. Zero values mean what is said of each.
type Config struct {
	Binary   string        // of Holdfast: required
	Seed     uint64        // of the schedule and of all requests
	Duration time.Duration // how long buyers shop; 0: 60 s. The end (healing, reading the log, checking) comes on top
	Nodes    int           // besides those that join; 0: 3
	Buyers   int           // closed loops; 0: 16
	// Nemeses are the names of those to use; none: all that can be done here. One that was named and cannot be done is
	// an error.
	Nemeses     []string
	Namespaces  Namespaces // "": Auto
	Folder      string     // where the run's own folder is made; "": the system's place for temporary files
	Keep        bool       // the folder is kept even if nothing was found
	Environment []string   // of the nodes, besides this process's: NAME=value
	Command     string     // how to repeat the run, for the report; "": none is told
	// Say is told what happens, a line each, from several goroutines; nil: nobody.
	Say func(line string)
}

// Bounds and defaults.
const (
	durationDefault = 60 * time.Second
	nodesDefault    = 3
	nodesMax        = 9
	buyersDefault   = 16
	// HealBound is how long after the last nemesis of a step every section must be served again by somebody, and every
	// node be ready.
	HealBound = 10 * time.Second
	// UsefulLeast is the fewest changes acknowledged a second, over the whole run, with which a run means anything.
	UsefulLeast = 50
)

func (c *Config) fill() error {
	if c.Binary == "" {
		return errors.New("chaos: Binary is needed")
	}
	if _, err := os.Stat(c.Binary); err != nil {
		return fmt.Errorf("chaos: Binary: %w", err)
	}
	if c.Duration == 0 {
		c.Duration = durationDefault
	}
	if c.Nodes == 0 {
		c.Nodes = nodesDefault
	}
	if c.Buyers == 0 {
		c.Buyers = buyersDefault
	}
	if c.Namespaces == "" {
		c.Namespaces = Auto
	}
	if c.Say == nil {
		c.Say = func(string) {}
	}
	return c.bounds()
}

func (c *Config) bounds() error {
	switch {
	case c.Duration < 0 || c.Duration > 24*time.Hour:
		return errors.New("chaos: Duration must be between 0 and a day")
	case c.Nodes < 1 || c.Nodes > nodesMax:
		return fmt.Errorf("chaos: Nodes must be between 1 and %d", nodesMax)
	case c.Buyers < 1 || c.Buyers > 1000:
		return errors.New("chaos: Buyers must be between 1 and 1000")
	case c.Namespaces != Auto && c.Namespaces != Never:
		return fmt.Errorf("chaos: Namespaces must be %s or %s", Auto, Never)
	}
	for _, name := range c.Nemeses {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("chaos: there is no nemesis %q; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	return nil
}

func (c *Config) sayf(format string, args ...any) { c.Say(fmt.Sprintf(format, args...)) }
