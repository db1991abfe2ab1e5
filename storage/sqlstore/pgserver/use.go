package pgserver

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Addr is the server's host:port, for a proxy before it. It stays the same over Restart.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is the address of a database, as role User. On a server with TLS it says nothing of sslmode: add what is wanted.
func (s *Server) URL(database string) string { return s.URLAs(User, database) }

// URLAs is URL for another role, which the caller has made.
func (s *Server) URLAs(role, database string) string {
	address := url.URL{Scheme: "postgres", User: url.User(role), Host: s.Addr(), Path: database}
	if s.certFile == "" {
		address.RawQuery = "sslmode=disable"
	}
	return address.String()
}

// CreateDatabase creates an empty database and gives its address. The name is a plain SQL name; one that is taken is an
// error.
func (s *Server) CreateDatabase(name string) (url string, err error) {
	return s.URL(name), s.admin("CREATE DATABASE " + name)
}

// DropDatabase drops a database if it is there, whoever is still connected.
func (s *Server) DropDatabase(name string) error {
	return s.admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
}

// adminURL goes through the socket: it is there whatever is done to TCP and TLS.
func (s *Server) adminURL() string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", s.dir, s.port, User)
}

func (s *Server) admin(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.adminURL())
	if err != nil {
		return fmt.Errorf("pgserver: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("pgserver: %w", err)
	}
	return nil
}

func (s *Server) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.adminURL())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
