package pgserver

import (
	"maps"
	"slices"
)

// settings are postgresql.conf's, by name.
type settings map[string]string

// defaults make a server that is small and starts fast, and that keeps every promise of a large one: nothing here
// touches syncing.
func defaults() settings {
	return settings{
		"shared_buffers":    "32MB",
		"max_connections":   "300",
		"max_wal_size":      "256MB",
		"jit":               "off",
		"log_line_prefix":   "%m [%p] %a ",
		"timezone":          "UTC",
		"autovacuum":        "on",
		"listen_addresses":  "127.0.0.1",
		"logging_collector": "off",
	}
}

// arguments are the settings as the server's flags, in order of name.
func (s settings) arguments() (flags []string) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		flags = append(flags, "-c", name+"="+s[name])
	}
	return flags
}

// Option changes a server before its first start.
type Option func(*Server)

// WithSetting sets one of postgresql.conf's settings, such as max_connections (300 unless told).
func WithSetting(name, value string) Option {
	return func(s *Server) { s.settings[name] = value }
}

// WithTLS gives the server a certificate and its key, PEM files that the caller made. Connections without TLS are then
// refused, so that a client which quietly falls back is found out.
func WithTLS(certFile, keyFile string) Option {
	return func(s *Server) { s.certFile, s.keyFile = certFile, keyFile }
}

// WithFolder puts the server's directory into a folder, to choose the disk; unless told, or told "", it is the system's
// place for temporary files. Where the server runs as another user (see Start), every user must be able to pass through
// the folder and all above it; and its path is short, since that of a socket in it may not be longer than 107 bytes.
func WithFolder(folder string) Option {
	return func(s *Server) { s.folder = folder }
}
