package oplog

import (
	"regexp"
	"strings"
)

// Names turns what the machine calls things into what people call them. A nil function knows nothing. The functions are
// asked while a line is being written: they must not wait, and not log.
type Names struct {
	Section func(key string) (name string, ok bool) // of an event's id, a slash, and a number
	Node    func(id string) (name string, ok bool)  // of the first eight hex digits of a writer's id
}

// Name has the handler, and all that were made of it, use names from now on.
func (h *Handler) Name(names Names) {
	h.shared.mu.Lock()
	h.shared.names = names
	h.shared.mu.Unlock()
}

func (n Names) section(key string) (name string, known bool) {
	if n.Section != nil {
		if name, ok := n.Section(key); ok {
			return name, true
		}
	}
	return key, false
}

var (
	sectionKey = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[0-9]+`)
	writerID   = regexp.MustCompile(`(?:writer|node) [0-9a-f]{8}\b`)
)

// within adds names to a text.
func (n Names) within(text string) string {
	if n.Section != nil {
		text = sectionKey.ReplaceAllStringFunc(text, func(key string) string {
			if name, ok := n.Section(key); ok {
				return name + " (" + key + ")"
			}
			return key
		})
	}
	if n.Node != nil {
		text = writerID.ReplaceAllStringFunc(text, func(found string) string {
			if name, ok := n.Node(found[strings.IndexByte(found, ' ')+1:]); ok {
				return found + " (" + name + ")"
			}
			return found
		})
	}
	return text
}
