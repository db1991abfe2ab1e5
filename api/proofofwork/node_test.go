package proofofwork

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// altchaPath is a program of npm's that make packages installs.
const altchaPath = "../../cmd/tools/npm/node_modules/altcha-lib/dist/esm/v1/index.js"

// node runs a script with the worker beside it, and gives what the script prints. Without node nobody has run the
// worker: that fails under CI and is loud elsewhere.
func node(t *testing.T, script string, input any) []byte {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("THE PAGE'S WORKER IS NOT TESTED: there is no node (make packages)")
	}
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string][]byte{"worker.mjs": Worker, "test.mjs": []byte(script)} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), program, filepath.Join(folder, "test.mjs"))
	run.Stdin = bytes.NewReader(body)
	out, err := run.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("%v: %s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const readInput = `
import { readFileSync } from 'node:fs';
import { solve, proof } from './worker.mjs';
const input = JSON.parse(readFileSync(0));
`

// TestWorkerFindsTheNumber: the page's worker solves puzzles with salts of every length, by the hash that Go has, and
// says so when there is no number.
func TestWorkerFindsTheNumber(t *testing.T) {
	type task struct {
		Challenge string `json:"challenge"`
		Salt      string `json:"salt"`
		MaxNumber uint32 `json:"maxnumber"`
	}
	var tasks []task
	for length := range 140 {
		salt := strings.Repeat("s", length)
		challenge := challengeOf([]byte(salt), uint64(length)*3)
		tasks = append(tasks, task{string(challenge[:]), salt, 500})
	}
	none := challengeOf(nil, 501)
	tasks = append(tasks, task{string(none[:]), "", 500}, task{"no challenge", "", 500})
	out := node(t, readInput+`console.log(JSON.stringify(input.map((task) => solve(task))));`, tasks)
	var numbers []*int
	if err := json.Unmarshal(out, &numbers); err != nil || len(numbers) != 142 {
		t.Fatalf("%v: %s", err, out)
	}
	for i, n := range numbers {
		if i < 140 && (n == nil || *n != i*3) || i >= 140 && n != nil {
			t.Errorf("salt of %d bytes: %s", i, out)
		}
	}
}

// TestAltchaTakesOurPuzzles: ALTCHA's own library finds the same numbers, takes our worker's proofs, and refuses what
// we refuse; and we take what the library's solver finds.
func TestAltchaTakesOurPuzzles(t *testing.T) {
	library, err := filepath.Abs(altchaPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(library); err != nil && os.Getenv("CI") == "" {
		t.Skipf("NOBODY ELSE JUDGES THE PROOF OF WORK: no altcha-lib at %s (make packages)", altchaPath)
	}
	p := puzzles(t, key1)
	var all []puzzle
	for i := range byte(12) {
		all = append(all, issued(t, p, 400, i*20))
	}
	out := node(t, readInput+`
const { default: altcha } = await import(input.library);
const verdicts = [];
for (const puzzle of input.puzzles) {
  const { challenge, salt, maxnumber } = puzzle;
  const theirs = (await altcha.solveChallenge(challenge, salt, 'SHA-256', maxnumber).promise).number;
  const ours = solve(puzzle);
  verdicts.push({ theirs, ours, proof: proof(puzzle, ours),
    taken: await altcha.verifySolution(proof(puzzle, ours), input.key),
    wrongNumber: await altcha.verifySolution(proof(puzzle, ours + 1), input.key),
    wrongKey: await altcha.verifySolution(proof(puzzle, ours), 'x' + input.key),
    expires: altcha.extractParams(proof(puzzle, ours)).expires });
}
console.log(JSON.stringify(verdicts));`, map[string]any{"library": library, "puzzles": all, "key": string(key1[:])})
	var verdicts []struct {
		Theirs, Ours                 int
		Proof, Expires               string
		Taken, WrongNumber, WrongKey bool
	}
	if err := json.Unmarshal(out, &verdicts); err != nil || len(verdicts) != len(all) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, v := range verdicts {
		if v.Theirs != v.Ours || !v.Taken || v.WrongNumber || v.WrongKey || v.Expires != "4000000060" {
			t.Errorf("puzzle %d: %+v", i, v)
		}
		if err := p.Verify([]byte(v.Proof), &alice, now); err != nil {
			t.Errorf("puzzle %d: the page's proof: %v", i, err)
		}
	}
}

// TestWorkerSaysHowItEnds: the worker answers with the number, or that there is none, and tells its progress.
func TestWorkerSaysHowItEnds(t *testing.T) {
	challenge := challengeOf([]byte("salt"), 70_000)
	out := node(t, `
import { readFileSync } from 'node:fs';
const said = [];
globalThis.WorkerGlobalScope = class {};
globalThis.self = { postMessage: (message) => said.push(message) };
await import('./worker.mjs');
const task = JSON.parse(readFileSync(0));
self.onmessage({ data: task });
self.onmessage({ data: { ...task, maxnumber: 10 } });
console.log(JSON.stringify(said));`,
		map[string]any{"challenge": string(challenge[:]), "salt": "salt", "maxnumber": 100_000})
	want := `[{"progress":0},{"progress":0.65536},{"number":70000},{"progress":0},` +
		`{"error":"there is no number that solves this puzzle"}]`
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("the worker says %s", got)
	}
}
