package api

import (
	"strings"
	"testing"
)

func TestStreamRefusesBadBounds(t *testing.T) {
	h := open(t, nil)
	show := h.show("")
	for _, query := range []string{"seconds=0", "seconds=-1", "seconds=86401", "seconds=1.5", "seconds=", "secs=1"} {
		name, _, _ := strings.Cut(query, "=")
		a := h.do("GET", show+"/availability/stream?"+query, nobody, "").want(400, "bad_request")
		if a.problem.Field != name {
			t.Errorf("%s: field %q", query, a.problem.Field)
		}
	}
}
