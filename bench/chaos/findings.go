package chaos

import "sync"

// Finding is something that must not be, seen by the harness itself.
type Finding struct {
	Check string `json:"check"`
	Text  string `json:"text"`
}

// findingsShown is how many findings of one check are told in words.
const findingsShown = 20

// findings are gathered by whoever meets them.
type findings struct {
	mu    sync.Mutex
	list  []Finding
	count map[string]int
}

func (f *findings) add(check, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[check]++
	if f.count[check] <= findingsShown {
		f.list = append(f.list, Finding{check, text})
	}
}

// of are the findings of one check, and how many there were.
func (f *findings) of(check string) (shown []string, count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.list {
		if one.Check == check {
			shown = append(shown, one.Text)
		}
	}
	return shown, f.count[check]
}
