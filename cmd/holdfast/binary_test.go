package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func buildBinary(t *testing.T) string {
	t.Helper()
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// binaryFolder is made and removed by TestMain.
var binaryFolder string

var theBinary = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(binaryFolder, "holdfast")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})
