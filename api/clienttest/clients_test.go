package clienttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// patience bounds each step: a busy machine compiles the generated code slowly.
const patience = 4 * time.Minute

// run starts a program in a folder, waits for its end, and answers what it printed.
func run(t *testing.T, folder string, environment []string, name string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
	}
	return string(out)
}

func copyFile(t *testing.T, from, to string, edit func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		text = edit(text)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// server is a real one on a free port, in dev mode, with an empty store.
type server struct {
	url     string
	command *exec.Cmd
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

func startServer(t *testing.T) *server {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "holdfast")
	run(t, root, nil, "go", "build", "-o", binary, "./cmd/holdfast")
	s := &server{command: exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--dev-auth", "--data", t.TempDir())}
	logs, err := s.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go readLogs(logs, address)
	t.Cleanup(func() { s.stop(t) })
	select {
	case at := <-address:
		s.url = "http://" + at
	case <-time.After(patience):
		t.Fatal("the server does not listen")
	}
	return s
}

// readLogs finds the line that says where the server listens, and goes on reading so that the server never waits.
func readLogs(logs io.Reader, address chan<- string) {
	var seen bytes.Buffer
	chunk := make([]byte, 4096)
	for told := false; ; {
		n, err := logs.Read(chunk)
		if err != nil {
			return
		}
		if told {
			continue
		}
		seen.Write(chunk[:n])
		if found := listening.FindSubmatch(seen.Bytes()); found != nil {
			told = true
			address <- string(found[1])
		}
	}
}

func (s *server) stop(t *testing.T) {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := s.command.Wait(); err != nil {
		t.Errorf("the server did not stop in good order: %v", err)
	}
}

// document fetches /openapi.json into a file, as a user of the API would.
func (s *server) document(t *testing.T, path string) {
	t.Helper()
	response, err := http.Get(s.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", response.StatusCode, err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A client generated in Go compiles, and sells a seat.
func TestGeneratedGoClientSellsASeat(t *testing.T) {
	s, folder := startServer(t), t.TempDir()
	document := filepath.Join(folder, "openapi.json")
	s.document(t, document)
	run(t, ".", nil, "go", "tool", "oapi-codegen", "-package", "main", "-generate", "types,client",
		"-o", filepath.Join(folder, "client.gen.go"), document)
	copyFile(t, "testdata/hold.go.txt", filepath.Join(folder, "main.go"), nil)
	copyFile(t, "go.sum", filepath.Join(folder, "go.sum"), nil)
	copyFile(t, "go.mod", filepath.Join(folder, "go.mod"), func(text []byte) []byte {
		return bytes.Replace(text, []byte("module holdfast/api/clienttest"), []byte("module generated"), 1)
	})
	run(t, folder, []string{"GOFLAGS=-mod=mod"}, "go", "build", "-o", "hold", ".")
	if said := run(t, folder, nil, filepath.Join(folder, "hold"), s.url); said != "sold\n" {
		t.Fatal(said)
	}
}

// modules is where the generators of TypeScript are installed, from package-lock.json.
func modules(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("npm is needed for the generators of TypeScript: make packages installs it")
	}
	folder := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		copyFile(t, name, filepath.Join(folder, name), nil)
	}
	run(t, folder, nil, "npm", "ci", "--ignore-scripts", "--no-progress")
	return folder
}

const compilerOptions = `{"compilerOptions": {"strict": true, "target": "es2022", "module": "nodenext",
  "skipLibCheck": false, "moduleResolution": "nodenext", "types": ["node"],
  "outDir": "out", "allowImportingTsExtensions": false}}`

// The document passes a linter; a client generated in TypeScript compiles under --strict, and sells a seat.
func TestGeneratedTypeScriptClientSellsASeat(t *testing.T) {
	s, folder := startServer(t), modules(t)
	document := filepath.Join(folder, "openapi.json")
	s.document(t, document)
	tool := func(name string, arguments ...string) {
		run(t, folder, []string{"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true"},
			filepath.Join(folder, "node_modules", ".bin", name), arguments...)
	}
	copyFile(t, "redocly.yaml", filepath.Join(folder, "redocly.yaml"), nil)
	tool("redocly", "lint", document)
	tool("openapi-typescript", document, "-o", filepath.Join(folder, "api.d.ts"))
	copyFile(t, "testdata/hold.ts", filepath.Join(folder, "hold.ts"), nil)
	if err := os.WriteFile(filepath.Join(folder, "tsconfig.json"), []byte(compilerOptions), 0o600); err != nil {
		t.Fatal(err)
	}
	tool("tsc", "-p", folder)
	if said := run(t, folder, nil, "node", filepath.Join("out", "hold.js"), s.url); said != "sold\n" {
		t.Fatal(fmt.Sprintf("%q", said))
	}
}
