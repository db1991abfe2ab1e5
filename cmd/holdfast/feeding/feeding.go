// Package feeding lets a node, or a process beside the nodes, tell topics and streams what happens: addresses in, sinks
// of the feed out.
//
//	kafka://broker:9092/topic?… ──▶ package kafka ───────┐
//	redis://host:6379/0?…       ──▶ package redisstream ─┴──▶ feed.Feed
//
//	serve --feed ADDRESS         in each node, of its own sections, as soon as a record is durable
//	holdfast feed --to ADDRESS   in a process of its own, of all sections of a store, at each look at it
//
// Both may run at once: cursors are the store's, so the two of them repeat things and leave nothing out.
package feeding

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"holdfast/actors/feed"
	"holdfast/actors/feed/kafka"
	"holdfast/actors/feed/redisstream"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
)

// passwordMin is how many bytes a password must have: the server judges it, so anything may be one.
const passwordMin = 1

// Parts are what a process has.
type Parts struct {
	Store  storage.Feed
	Feed   *feed.Feed
	Node   string
	Logger *slog.Logger
	// Standing says how far a section's log is, by the node that serves it for sure. nil: nobody can say here.
	Standing func(context.Context, storage.SectionKey) (section.Instant, section.Seq, bool)
}

// sink is one that is told until it is closed.
type sink interface {
	feed.Sink
	Close()
}

// Sinks are those that were opened. nil: none.
type Sinks struct{ all []sink }

// Open begins to tell every address. Those who are addressed need not be there yet.
func Open(addresses []string, p *Parts) (*Sinks, error) {
	s := &Sinks{}
	names := map[string]bool{}
	for _, address := range addresses {
		one, err := open(address, p)
		if err == nil && names[one.Name()] {
			one.Close()
			err = fmt.Errorf("is another one of the name %s: give one of them name=", one.Name())
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("the feed to %s: %w", shown(address), err)
		}
		names[one.Name()] = true
		s.all = append(s.all, one)
	}
	for _, one := range s.all {
		p.Feed.Add(one)
	}
	return s, nil
}

// Close ends the connections, once the feed is closed.
func (s *Sinks) Close() {
	if s == nil {
		return
	}
	for _, one := range s.all {
		one.Close()
	}
}

// shown is an address without what may be secret in it.
func shown(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}

func open(address string, p *Parts) (sink, error) {
	if strings.HasPrefix(address, "kafka://") {
		return openKafka(address, p)
	}
	a, err := redisstream.Parse(address)
	if err != nil {
		return nil, err
	}
	c := redisstream.Config{Address: a, Logger: p.Logger}
	if c.Password, err = keyfile.ReadSecret(a.PasswordFile, passwordMin); err != nil {
		return nil, fmt.Errorf("password_file: %w", err)
	}
	if a.CAFile != "" {
		if c.TLS, err = tlsOf(a.CAFile, "", ""); err != nil {
			return nil, err
		}
		c.TLS.ServerName = a.Options.TLSConfig.ServerName
	}
	return redisstream.Open(c), nil
}

func openKafka(address string, p *Parts) (sink, error) {
	a, err := kafka.Parse(address)
	if err != nil {
		return nil, err
	}
	c := kafka.Config{Address: a, Store: p.Store, Logger: p.Logger, Node: p.Node}
	if p.Standing != nil {
		c.Standing = func(ctx context.Context, shard storage.SectionKey) (kafka.Standing, bool) {
			at, seq, sure := p.Standing(ctx, shard)
			return kafka.Standing{At: at, Seq: seq}, sure
		}
	}
	if c.Password, err = keyfile.ReadSecret(a.PasswordFile, passwordMin); err != nil {
		return nil, fmt.Errorf("password_file: %w", err)
	}
	if a.TLS {
		if c.TLS, err = tlsOf(a.CAFile, a.CertFile, a.KeyFile); err != nil {
			return nil, err
		}
	}
	return kafka.Open(c)
}

// tlsOf is how a server is believed, and what is shown to it. Without files: the system's authorities, and nothing.
func tlsOf(ca, certificate, key string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("ca_file: has no certificate in PEM")
		}
	}
	if certificate != "" {
		own, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}
