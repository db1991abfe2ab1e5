package node

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"holdfast/cluster"
	"holdfast/cmd/holdfast/keyfile"
)

// nodeKeys are this node's keys in the cluster: they are looked at again and again, for they are replaced while the
// node runs, and end if nobody does so.
type nodeKeys struct {
	keys *cluster.Keys
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	trouble error // the files cannot be used; nil: they are in use
	seen    int   // looks at this trouble in a row
	stage   int   // warnings that were given of this certificate's end
	until   time.Time
}

// loadNodeKeys reads them at start, when bad ones are the end.
func loadNodeKeys(dir, name string, log *slog.Logger) (*nodeKeys, error) {
	for _, file := range cluster.SecretFiles(dir, name) {
		if err := keyfile.CheckFile(file); err != nil {
			return nil, fmt.Errorf("--cluster-keys: %w", err)
		}
	}
	keys, err := cluster.LoadKeys(dir, name)
	if err != nil {
		return nil, fmt.Errorf("--cluster-keys: %w", err)
	}
	k := &nodeKeys{keys: keys, log: log, now: time.Now}
	k.logSharedName()
	k.logExpiry()
	return k, nil
}

func (k *nodeKeys) logSharedName() {
	if k.keys.SharedName() {
		k.log.Warn("this node's certificate names no node: whoever has a copy of it can be any node; make one for " +
			"each (holdfast cluster keys)")
	}
}

// keysTroubleLooks is how many looks in a row must find the files unusable: they are not replaced in one instant.
const keysTroubleLooks = 2

// reload takes in new files, and says when the certificate ends soon.
func (k *nodeKeys) reload() {
	changed, err := k.keys.Reload(keyfile.CheckFile)
	k.mu.Lock()
	if err == nil || k.trouble == nil || err.Error() != k.trouble.Error() {
		k.seen = 0
	}
	if k.trouble = err; err != nil {
		k.seen++
	}
	say := k.seen == keysTroubleLooks
	k.mu.Unlock()
	switch {
	case say:
		k.log.Error("ALARM: the cluster's keys were not reloaded: those that were read before still count", "alarm",
			"keys_not_reloaded", "error", err)
	case changed:
		_, until := k.keys.Validity()
		k.log.Info("the cluster's keys are reloaded: handshakes from now on use them", "certificate_ends", until)
		k.logSharedName()
	}
	k.logExpiry()
}

const day = 24 * time.Hour

// warnings are the times before a certificate's end at which somebody is told: 30, 7 and 1 days, of those that are less
// than half of its life; a tenth of its life where none is.
func warnings(life time.Duration) (all []time.Duration) {
	for _, before := range []time.Duration{30 * day, 7 * day, day} {
		if before <= life/2 {
			all = append(all, before)
		}
	}
	if len(all) == 0 {
		all = append(all, life/10)
	}
	return append(all, 0)
}

// stageOf is how many of the warnings are due.
func stageOf(from, until, now time.Time) (due, of int) {
	all := warnings(until.Sub(from))
	for _, before := range all {
		if until.Sub(now) <= before {
			due++
		}
	}
	return due, len(all)
}

const renewKeys = "make new keys (holdfast cluster keys) and copy them here; no restart is needed"

// logExpiry logs each warning once.
func (k *nodeKeys) logExpiry() {
	from, until := k.keys.Validity()
	due, of := stageOf(from, until, k.now())
	k.mu.Lock()
	if !until.Equal(k.until) {
		k.until, k.stage = until, 0
	}
	fresh := due > k.stage
	k.stage = due
	k.mu.Unlock()
	switch {
	case !fresh:
	case due == of:
		k.log.Error("ALARM: this node's certificate has ended: no new link comes up; "+renewKeys, "alarm",
			"certificate_ends", "ended", until)
	case due == of-1:
		k.log.Error("ALARM: this node's certificate ends soon: then no new link comes up; "+renewKeys, "alarm",
			"certificate_ends", "ends", until)
	default:
		k.log.Warn("this node's certificate ends: "+renewKeys, "ends", until)
	}
}

// troubles are what is wrong with them now, for operators.
func (k *nodeKeys) troubles() (all []trouble) {
	from, until := k.keys.Validity()
	switch due, of := stageOf(from, until, k.now()); {
	case due == of:
		all = append(all, trouble{codeCertificateExpired,
			fmt.Sprintf("its certificate ended on %s: no new link comes up", until.Format(time.RFC3339))})
	case due > 0 && due >= of-2:
		all = append(all, trouble{codeCertificateExpires, fmt.Sprintf("its certificate ends on %s",
			until.Format(time.RFC3339))})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.trouble != nil && k.seen >= keysTroubleLooks {
		all = append(all, trouble{codeKeysNotReloaded, "its cluster keys cannot be reloaded: " + k.trouble.Error()})
	}
	return slices.Clip(all)
}

// usable says that what is in the files is in use.
func (k *nodeKeys) usable() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trouble == nil
}

// watch looks until the node leaves.
func (k *nodeKeys) watch(left <-chan struct{}) {
	keyfile.Watch(left, k.reload)
}
