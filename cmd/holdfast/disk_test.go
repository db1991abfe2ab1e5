package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/testkit"
)

// smallDisk mounts a file system of so many bytes, which ends with the test. Only root can.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root mounts a small file system: nobody has tried a full disk with a real process")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", bytes)); err != nil {
		t.Skipf("SKIPPED: this machine mounts no tmpfs (%v): nobody has tried a full disk with a real process", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillDisk writes until nothing fits any more; empty takes all of it away again.
func fillDisk(t *testing.T, dir string) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "somebody-elses")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := file.Write(block); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			block = block[:len(block)/2]
		}
	}
	return func() {
		if err := errors.Join(file.Close(), os.Remove(name)); err != nil {
			t.Error(err)
		}
	}
}

const alarmLine = "alarm=disk_full"

// onSmallDisk is a server that sells from a disk of 160 MiB.
func onSmallDisk(t *testing.T) (x *victim, disk string) {
	t.Helper()
	disk = smallDisk(t, 160<<20)
	x = attacked(t, func(p *process) {
		p.where[1] = filepath.Join(disk, "data")
	}, "--disk-free-min-mib=8", "--buyer-rate=0")
	x.stillSells()
	return x, disk
}

func (x *victim) look(path string) (status int, text, retryAfter string) {
	x.t.Helper()
	response, err := http.Get("http://" + x.address + path)
	if err != nil {
		x.t.Fatalf("it does not listen: %v\n%.4000s", err, x.logs)
	}
	body, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		x.t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header.Get("Retry-After")
}

// until waits for a condition of the process, which may take as long as a slow machine needs.
func (x *victim) until(what string, condition func() bool) {
	x.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(attackPatience)
	for !condition() {
		select {
		case <-tick.C:
		case <-late:
			x.t.Fatalf("%s: not after %v\n%.4000s", what, attackPatience, x.logs)
		}
	}
}

// A disk that fills while seats are sold: the process says so once, serves the map, refuses whatever would have to be
// written with 503, Retry-After and the reason, and sells on by itself when there is room.
func TestFullDiskWhileSellingIsSurvived(t *testing.T) {
	x, disk := onSmallDisk(t)
	empty := fillDisk(t, disk)
	x.until("the disk is known to be full", func() bool { return x.metric("holdfast_store_disk_full") == 1 })
	got, err := x.askOnce("late", "POST", "/v1/events/"+x.event+"/bookings", "late-1",
		`{"best_available":{"quantity":1}}`)
	if err != nil || got.status != http.StatusServiceUnavailable || got.Code != "unavailable" {
		t.Errorf("a hold on a full disk: %+v, %v", got, err)
	}
	if status, text, _ := x.look("/v1/events/" + x.event + "/availability"); status != http.StatusOK {
		t.Errorf("the map is not served: %d %s", status, text)
	}
	if free := x.metric("holdfast_store_free_bytes"); free > 8<<20 {
		t.Errorf("%v bytes are free", free)
	}
	x.until("the alarm is told", func() bool { return strings.Contains(x.logs.String(), alarmLine) })
	if n := strings.Count(x.logs.String(), "the disk is full"); n != 1 {
		t.Errorf("%d lines about the disk, want 1\n%s", n, x.logs)
	}
	empty()
	x.until("there is room again", func() bool { return x.metric("holdfast_store_disk_full") == 0 })
	x.stillSells()
	if n := strings.Count(x.logs.String(), "\n"); n > 40 {
		t.Errorf("%d lines of log:\n%s", n, x.logs)
	}
}

// A refusal on a full disk says why, and when to come back.
func TestFullDiskRefusalSaysWhy(t *testing.T) {
	x, disk := onSmallDisk(t)
	defer fillDisk(t, disk)()
	x.until("the disk is known to be full", func() bool { return x.metric("holdfast_store_disk_full") == 1 })
	request, err := http.NewRequest("POST", "http://"+x.address+"/v1/events/"+x.event+"/bookings",
		strings.NewReader(`{"best_available":{"quantity":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Buyer", "late")
	request.Header.Set("Idempotency-Key", "late-1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" ||
		!strings.Contains(string(body), "the disk is full") {
		t.Errorf("%d, Retry-After %q, %s", response.StatusCode, response.Header.Get("Retry-After"), body)
	}
}

// A server that is started on a full disk listens, says on /readyz why it is not ready, and opens its store by itself
// when there is room; nobody has to restart it, and its log does not fill what is left.
func TestStartOnAFullDiskWaitsForRoom(t *testing.T) {
	x, disk := onSmallDisk(t)
	x.kill()
	empty := fillDisk(t, disk)
	x.logs = &logBuffer{}
	x.errs = x.logs
	if err := x.launch(); err != nil {
		t.Fatal(err)
	}
	if err := x.answers("/healthz"); err != nil {
		t.Fatalf("it does not listen: %v\n%s", err, x.logs)
	}
	status, text, retry := x.look("/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "MiB are free") || retry == "" {
		t.Errorf("/readyz: %d %s, Retry-After %q", status, text, retry)
	}
	if status, text, _ := x.look("/v1/events"); status != http.StatusServiceUnavailable ||
		!strings.Contains(text, `"not_ready"`) {
		t.Errorf("/v1/events: %d %s", status, text)
	}
	if x.metric("holdfast_store_disk_full") != 1 || x.metric("holdfast_store_free_bytes") > 8<<20 {
		t.Error("the metrics do not say that the disk is full")
	}
	x.until("the alarm is told", func() bool { return strings.Contains(x.logs.String(), alarmLine) })
	empty()
	if err := x.answers("/readyz"); err != nil {
		t.Fatalf("not ready with room: %v\n%s", err, x.logs)
	}
	close(x.up)
	x.stillSells()
	if n := strings.Count(x.logs.String(), "\n"); n > 40 || strings.Count(x.logs.String(), alarmLine) != 2 {
		t.Errorf("%d lines of log, two of them about the disk:\n%s", n, x.logs)
	}
}

// A server that waits for room can be stopped.
func TestStopWhileWaitingForRoom(t *testing.T) {
	x, disk := onSmallDisk(t)
	x.kill()
	empty := fillDisk(t, disk)
	if err := errors.Join(x.launch(), x.answers("/healthz")); err != nil {
		t.Fatal(err)
	}
	if code := x.stop(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, x.logs)
	}
	empty()
	x.auditClean()
}

// What is audited may be a copy that nobody can write, mounted read-only: no lock file is made, nothing is changed.
func TestAuditReadsAReadOnlyCopy(t *testing.T) {
	x, disk := onSmallDisk(t)
	x.kill() // the copy of a crash has a log to be read back
	data := x.where[1]
	if err := os.Remove(filepath.Join(data, datafolder.StoreFolder, "LOCK")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIPPED: this machine does not mount read-only (%v): nobody has tried a read-only copy", err)
	}
	code, out := tool(t, "audit", "--data", data)
	if code != exitOK || !strings.Contains(out, "clean") || !strings.Contains(out, "1 held") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := tool(t, "log", "--data", data); code != exitOK {
		t.Errorf("log: %d %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(data, datafolder.StoreFolder, "LOCK")); err == nil {
		t.Error("a lock was made")
	}
}
