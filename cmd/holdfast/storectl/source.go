package storectl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"holdfast/actors/audit"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// Source says where a command that only reads finds what was written: exactly one of the two.
type Source struct {
	Data  string // the data folder of a stopped server
	Store string // the database's address, whether servers sell from it or not
}

// opened is an open store that nothing is written to.
type opened struct {
	audit.Source
	close    func() error
	database *sqlstore.Store // nil: it is a folder
	missing  []string        // what the folder's store is known to have lost
}

// open never migrates: who only reads may not be allowed to. who is the name that a database's operator sees.
func (k Source) open(ctx context.Context, who string) (*opened, error) {
	switch {
	case (k.Data == "") == (k.Store == ""):
		return nil, errors.New("exactly one of --data DIR (a stopped server's folder) and --store URL (a database) " +
			"is needed, HOLDFAST_DATA and HOLDFAST_STORE counted")
	case k.Store != "":
		return k.openDatabase(ctx, who)
	}
	store, err := pebblestore.Open(filepath.Join(k.Data, datafolder.StoreFolder), pebblestore.Options{ReadOnly: true})
	if errors.Is(err, storage.ErrInUse) {
		return nil, terminal.InUse(k.Data, "one process only can read this store: stop the other first")
	}
	if errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("--data %s: no holdfast has kept anything in this folder", k.Data)
	}
	if err != nil {
		return nil, err
	}
	out := &opened{Source: store, close: store.Close}
	if lost := store.Lost(); lost != nil {
		out.missing = append(out.missing, lost.Error())
	}
	return out, nil
}

func (k Source) openDatabase(ctx context.Context, who string) (*opened, error) {
	if scheme, _, _ := strings.Cut(k.Store, "://"); scheme != "postgres" && scheme != "postgresql" {
		// not repeated here: nobody knows where its password is
		return nil, errors.New("--store must be a postgres:// address")
	}
	if err := keyfile.CheckStore(k.Store); err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(sqlstore.Patiently(ctx, commandTimeout), k.Store,
		sqlstore.Options{Name: who, AttemptTimeout: commandTimeout})
	if err != nil {
		return nil, err
	}
	return &opened{Source: store, close: store.Close, database: store}, nil
}
