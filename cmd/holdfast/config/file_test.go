package config

import (
	"strings"
	"testing"
)

func TestSettingsBehindAByteOrderMarkAreRead(t *testing.T) {
	for _, text := range []string{"\xef\xbb\xbfdata: /x\n", "\xef\xbb\xbf{\"data\": \"/x\"}"} {
		got, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got.(settings)["data"].Value != "/x" {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
