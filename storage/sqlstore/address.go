package sqlstore

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errAddress repeats nothing of the address: in one that cannot be read nobody knows where its password is.
var errAddress = errors.New("expected postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE, " +
	"with what is special in user or password percent-encoded")

// parseAddress reads a postgres:// URL. Its errors are fit for a log.
func parseAddress(address string) (*pgxpool.Config, error) {
	if readURL(address) == nil {
		return nil, errAddress
	}
	config, err := pgxpool.ParseConfig(address)
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, file
	}
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		what := *parse
		what.ConnString = "" // the library masks passwords as well as it can; which setting is wrong is enough
		return nil, errors.New(strings.TrimPrefix(what.Error(), "cannot parse ``: "))
	}
	return config, err
}

// readURL gives an address whose password is where a URL has it, and nil for every other. An @ behind the host is what
// remains of a password with a bare / ? or # in it: its end would be taken for a database or a setting, and be told
// with it.
func readURL(address string) *url.URL {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return nil
	}
	_, behind, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(behind, "/?#"); end >= 0 && strings.Contains(behind[end:], "@") {
		return nil
	}
	return parsed
}

// Exposed tells whether somebody between here and the server could read and change what is sent: it is on another
// machine, and less than sslmode=verify-full was asked for.
func Exposed(address string) bool {
	config, err := parseAddress(address)
	if err != nil {
		return false // Open says what is wrong
	}
	open := func(host string, tls *tls.Config) bool { return !local(host) && (tls == nil || tls.InsecureSkipVerify) }
	return open(config.ConnConfig.Host, config.ConnConfig.TLSConfig) ||
		slices.ContainsFunc(config.ConnConfig.Fallbacks, func(f *pgconn.FallbackConfig) bool {
			return open(f.Host, f.TLSConfig)
		})
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// Redacted is an address fit for a log: without its passwords, wherever in a URL they stand. Of an address in another
// form only that much is told.
func Redacted(address string) string {
	parsed := readURL(address)
	if parsed == nil {
		return "(an address that is no postgres:// URL)"
	}
	query := parsed.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			query.Set(name, "xxxxx")
			parsed.RawQuery = query.Encode()
		}
	}
	return parsed.Redacted()
}
