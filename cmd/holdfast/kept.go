package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"holdfast/actors/audit"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// kept says where a command that only reads finds what was written: exactly one of the two.
type kept struct {
	Data  string `help:"The data folder of a stopped server." placeholder:"DIR"`
	Store string `help:"The database's address, whether servers sell from it or not. HOLDFAST_STORE keeps a password out of the list of processes." placeholder:"URL"`
}

// keeper is an open store that nothing is written to.
type keeper struct {
	audit.Source
	close    func() error
	database *sqlstore.Store // nil: it is a folder
	missing  []string        // what the folder's store is known to have lost
}

// open never migrates: who only reads may not be allowed to. who is the name that a database's operator sees.
func (k *kept) open(ctx context.Context, who string) (*keeper, error) {
	switch {
	case (k.Data == "") == (k.Store == ""):
		return nil, errors.New("exactly one of --data DIR (a stopped server's folder) and --store URL (a database) is needed, HOLDFAST_DATA and HOLDFAST_STORE counted")
	case k.Store != "":
		return k.openDatabase(ctx, who)
	}
	store, err := pebblestore.Open(filepath.Join(k.Data, storeFolder), pebblestore.Options{ReadOnly: true})
	if errors.Is(err, storage.ErrInUse) {
		return nil, inUse(k.Data, "one process only can read this store: stop the other first")
	}
	if errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("--data %s: no holdfast has kept anything in this folder", k.Data)
	}
	if err != nil {
		return nil, err
	}
	out := &keeper{Source: store, close: store.Close}
	if lost := store.Lost(); lost != nil {
		out.missing = append(out.missing, lost.Error())
	}
	return out, nil
}

func (k *kept) openDatabase(ctx context.Context, who string) (*keeper, error) {
	if scheme, _, _ := strings.Cut(k.Store, "://"); scheme != "postgres" && scheme != "postgresql" {
		return nil, errors.New("--store must be a postgres:// address") // not repeated here: nobody knows where its password is
	}
	if err := checkStoreSecrets(k.Store); err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, k.Store, sqlstore.Options{Name: who})
	if err != nil {
		return nil, err
	}
	return &keeper{Source: store, close: store.Close, database: store}, nil
}
