package config

import (
	"bytes"
	"strings"
	"testing"

	"holdfast/actors/budget"
)

// FuzzSettings: any bytes are refused, or are settings by name; and none of them costs more than 64 KiB of YAML can.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		"listen: 127.0.0.1:1\nrequest_timeout: 1s\n", `{"inflight": 9}`, "a: &a [1,1]\nb: [*a,*a]\n",
		"a: !!binary AAAA\n", "? [a]\n: b\n",
		"- - - -\n", "a: |\n  text\n", strings.Repeat("[", 15), "<<: {a: 1}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		// 64 KiB of nothing but keys take 0.3 s and 5 MB.
		budget.Reading{Fixed: 32 << 20, PerByte: 1000}.Check(t, len(text), func() {
			_, _ = Read(bytes.NewReader(text))
		})
		resolver, err := Read(bytes.NewReader(text))
		if err == nil && resolver == nil {
			t.Fatal("neither settings nor an error")
		}
	})
}
