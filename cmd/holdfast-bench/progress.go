package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"holdfast/bench/run"
)

// progress is one line at the foot of a terminal, written over and over. Where there is no terminal, each new thing
// under way is a line of its own and nothing else is said.
type progress struct {
	mu      sync.Mutex
	out     io.Writer
	live    bool
	quiet   bool
	width   int
	doing   string
	useful  uint64
	elapsed time.Duration
}

func newProgress(t *console, quiet bool) *progress {
	p := &progress{out: t.err, quiet: quiet}
	if file, ok := t.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.live = true
		p.width, _, _ = term.GetSize(int(file.Fd())) // 0: unknown, and then nothing is cut
	}
	return p
}

func (p *progress) show(s run.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := s.Doing != p.doing
	if fresh {
		p.doing, p.useful, p.elapsed = s.Doing, 0, 0
	}
	switch {
	case p.quiet:
	case p.live:
		p.rewrite(p.line(&s))
	case fresh:
		fmt.Fprintln(p.out, s.Doing)
	}
}

// line tells the last second, not the average: a stall should be seen when it happens.
func (p *progress) line(s *run.Status) string {
	if s.Elapsed == 0 {
		return s.Doing + " …"
	}
	rate := float64(s.Useful-p.useful) / max((s.Elapsed-p.elapsed).Seconds(), 0.001)
	p.useful, p.elapsed = s.Useful, s.Elapsed
	text := fmt.Sprintf("%s  %s", s.Doing, s.Elapsed.Round(time.Second))
	if s.Expected > 0 && s.Expected < time.Hour {
		part := min(float64(s.Elapsed)/float64(s.Expected), 1)
		text += " " + strings.Repeat("█", int(20*part)) + strings.Repeat("░", 20-int(20*part))
	}
	text += fmt.Sprintf("  %.0f useful/s  %s", rate, &s.Answers)
	if s.Waiting > 0 {
		text += fmt.Sprintf("  %d waiting for a connection", s.Waiting)
	}
	return text
}

func (p *progress) rewrite(line string) {
	if runes := []rune(line); p.width > 1 && len(runes) >= p.width {
		line = string(runes[:p.width-1])
	}
	fmt.Fprint(p.out, "\r\x1b[K"+line)
}

// end leaves the terminal as it was.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && !p.quiet && p.doing != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
