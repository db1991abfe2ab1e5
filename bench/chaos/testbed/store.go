package testbed

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"holdfast/storage/sqlstore/pgserver"
)

// database is the one PostgreSQL of a run.
type database struct {
	*pgserver.Server
	Near string // its address from here
	far  string // its address from the nodes
}

// letIn is who may connect: whoever reaches it. The machines' network lets nobody reach it but this machine.
const letIn = "local all all trust\nhost all all all trust\n"

// nodeConnections is how many connections a node may want at most; the server admits that many of each.
const nodeConnections = 40

func openDatabase(ctx context.Context, g Machines, folder string, nodes int) (*database, error) {
	options := []pgserver.Option{pgserver.WithFolder(filepath.Dir(folder)),
		pgserver.WithSetting("max_connections", "500")}
	if nodes*nodeConnections > 450 {
		return nil, errors.New("testbed: too many nodes for one PostgreSQL")
	}
	if ip := g.storeIP(); ip != "" {
		hostRules := filepath.Join(folder, "pg_hba.conf")
		if err := os.WriteFile(hostRules, []byte(letIn), 0o644); err != nil {
			//nolint:gosec // read by PostgreSQL's user; nothing in it is secret
			return nil, err
		}
		options = append(options, pgserver.WithSetting("listen_addresses", "127.0.0.1,"+ip),
			pgserver.WithSetting("hba_file", hostRules))
	}
	server, err := pgserver.Start(ctx, options...)
	if err != nil {
		return nil, err
	}
	d := &database{Server: server}
	if d.Near, err = server.CreateDatabase("chaos"); err == nil {
		d.far, err = seenFrom(d.Near, g.storeIP())
	}
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return d, nil
}

// seenFrom is the database's address with another host.
func seenFrom(address, ip string) (string, error) {
	if ip == "" {
		return address, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Host = net.JoinHostPort(ip, u.Port())
	return u.String(), nil
}
