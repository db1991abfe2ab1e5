package main

import (
	"strings"
	"testing"
)

func TestConnectionSettingsThatCannotWorkAreRefused(t *testing.T) {
	for flag, value := range map[string]string{
		"--connections-max": "-1", "--connections-per-address": "-1", "--read-timeout": "-1s", "--write-timeout": "0s",
		"--idle-timeout": "1ms", "--head-bytes-max": "10", "--body-memory-mib": "0", "--admin-listen": "nowhere",
	} {
		code, out := tool(t, "serve", "--data", t.TempDir(), "--dev-auth", "--listen", "127.0.0.1:0", flag+"="+value)
		if code != exitFailed || !strings.Contains(out, flag) {
			t.Errorf("%s=%s: %d %s", flag, value, code, out)
		}
	}
}
