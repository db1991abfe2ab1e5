package planted

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Server is the package of the server.
const Server = "holdfast/cmd/holdfast"

// Root is the folder of the module that the working directory is in.
func Root() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module holdfast\n") {
			return at, nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", errors.New("planted: no go.mod of the module holdfast here or above: this is no checkout")
		}
		at = above
	}
}

// Build builds a server with every bug in it, all switched off until HOLDFAST_PLANT names some. flags go to go build.
func Build(ctx context.Context, binary string, flags ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "holdfast-planted-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // nothing of the build is in it
	overlay, err := Write(root, folder)
	if err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	arguments := append([]string{"build", "-overlay", overlay, "-o", binary}, flags...)
	build := exec.CommandContext(ctx, "go", append(arguments, Server)...)
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("planted: %w\n%s", err, said)
	}
	return nil
}
