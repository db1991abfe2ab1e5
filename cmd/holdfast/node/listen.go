package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"holdfast/cluster/netlimit"
	"holdfast/cmd/holdfast/config"
)

// ServeProfiles serves Go's profiles until close. An empty address serves nothing.
func ServeProfiles(address string, log *slog.Logger) (stop func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("debug-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10}
	limiter := netlimit.New(netlimit.Options{Name: "debug", Max: config.KeptForDebug, Plain: true, Logger: log})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(limiter.Listen(listener)) }()
	return func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// noListener says why an address cannot be listened on, by its flag.
func noListener(flag, address string, err error) error {
	var of *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s: another program listens there already: stop it, or choose another port", flag,
			address)
	case errors.As(err, &of): // its own text repeats the address
		return fmt.Errorf("%s %s: %w", flag, address, of.Err)
	}
	return fmt.Errorf("%s %s: %w", flag, address, err)
}
