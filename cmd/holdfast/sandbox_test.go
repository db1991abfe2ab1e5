package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/cmd/holdfast/testkit"
)

// startSandbox runs holdfast sandbox as a process, and gives its adapter.
func startSandbox(t *testing.T, books string, more ...string) (*exec.Cmd, *remote.Client) {
	t.Helper()
	args := append([]string{"sandbox", "--listen", "127.0.0.1:0", "--books", books}, more...)
	command := exec.Command(buildBinary(t), args...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() }) // it has ended where all went well
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "http://")
	if err != nil || !found {
		t.Fatalf("the sandbox says %q, %v", line, err)
	}
	client, err := remote.New("http://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // it has nothing to lose
	return command, client
}

// heardOf is what one payer heard of one attempt.
type heardOf struct {
	reference processor.Reference
	status    processor.Status
	refunded  int64
}

// TestKilledSandboxLosesNothingItAnswered guards P6: kill -9 under load, again and again; what was told holds.
func TestKilledSandboxLosesNothingItAnswered(t *testing.T) {
	const kills, payers = 6, 8
	books := filepath.Join(t.TempDir(), "payments.jsonl")
	heard := map[processor.AttemptID]heardOf{}
	for round := range kills {
		command, client := startSandbox(t, books)
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var all sync.WaitGroup
		enough := make(chan struct{}, payers)
		for payer := range payers {
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					a := processor.AttemptID(fmt.Sprintf("%d.%d.%d-1", round, payer, n))
					one, err := payRemotely(ctx, client, a)
					mu.Lock()
					heard[a] = one
					mu.Unlock()
					if n == 5+rand.IntN(20) || err != nil && n > 5 {
						enough <- struct{}{}
						<-ctx.Done()
					}
				}
			})
		}
		<-enough
		if err := command.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // it was killed
		stop()
		all.Wait()
	}
	command, client := startSandbox(t, books)
	checkTold(t, client, heard)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("told to stop: %v", err)
	}
}

func payRemotely(ctx context.Context, client *remote.Client, a processor.AttemptID) (one heardOf, err error) {
	one.reference, err = client.Open(ctx, processor.Opening{Attempt: a, Amount: 500, Currency: "EUR"})
	if err != nil {
		return heardOf{}, err
	}
	answer, err := client.Charge(ctx, processor.Charge{Attempt: a, Reference: one.reference, Token: "tok_ok"})
	if err != nil {
		return one, err
	}
	one.status = answer.Status
	status, err := client.Refund(ctx, processor.Refund{
		ID: processor.RefundID(a) + "-r1", Attempt: a, Reference: one.reference, Amount: 200, Currency: "EUR",
	})
	if status == processor.Refunded {
		one.refunded = 200
	}
	return one, err
}

func checkTold(t *testing.T, client *remote.Client, heard map[processor.AttemptID]heardOf) {
	t.Helper()
	kept := map[processor.AttemptID]processor.Payment{}
	err := client.Payments(t.Context(), time.Time{}, func(p processor.Payment) error {
		kept[p.Attempt] = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	captured := 0
	for a, one := range heard {
		is := kept[a]
		if one.status == processor.Captured {
			captured++
		}
		if one.reference != "" && is.Reference != one.reference || one.status > is.Status ||
			one.refunded > is.Refunded {
			t.Errorf("P6: told %+v, and the books have %+v", one, is)
		}
	}
	if captured == 0 || len(heard) < 30 {
		t.Errorf("%d payments, %d of them captured: too few to mean anything", len(heard), captured)
	}
	t.Logf("%d payments, %d captured", len(heard), captured)
}

// TestSandboxRefusesWhatCannotWork: before it listens.
func TestSandboxRefusesWhatCannotWork(t *testing.T) {
	books := filepath.Join(t.TempDir(), "payments.jsonl")
	secret := testkit.WriteFile(t, "secret", strings.Repeat("s", 20))
	for want, args := range map[string][]string{
		"missing flags":               {"--listen", "127.0.0.1:0"},
		"--webhook x":                 {"--books", books, "--webhook", "x", "--webhook-secret-file", secret},
		"needs --webhook-secret-file": {"--books", books, "--webhook", "http://127.0.0.1:1/"},
		"no such file":                {"--books", books, "--webhook-secret-file", secret + ".none"},
		"--public-url":                {"--books", books, "--public-url", "javascript:x"},
		"ledger byte 0":               {"--books", noLedger(t)},
	} {
		args = append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)
		if code, out := tool(t, args...); code != exitFailed ||
			!strings.Contains(out, want) {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
}

func noLedger(t *testing.T) string {
	t.Helper()
	return testkit.WriteFile(t, "books", "this is no ledger\n")
}
