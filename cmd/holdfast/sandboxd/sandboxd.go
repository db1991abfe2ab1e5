package sandboxd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/cmd/holdfast/keyfile"
)

// Options of Serve.
type Options struct {
	Listen            string
	Books             string // the file
	PublicURL         string // where browsers reach it; empty: http:// and the listening address
	Webhook           string // empty: nobody is told
	WebhookSecretFile string
	Log               *slog.Logger
	Ready             func(address string) // called once it listens
}

// SecretBytesMin is the least that a webhook's secret has.
const SecretBytesMin = 16

// Bounds of the server's connections. A charge may stall for as long as its caller waits, so answers have none.
const (
	readTimeout    = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	headerBytesMax = 16 << 10
	stopPatience   = 5 * time.Second
)

// Serve runs until ctx ends, then answers what is under way.
func Serve(ctx context.Context, o *Options) (err error) {
	secrets, err := keyfile.ReadSecrets(o.WebhookSecretFile, SecretBytesMin)
	if err != nil {
		return err
	}
	if err := checkURLs(o, len(secrets)); err != nil {
		return err
	}
	bank, err := sandbox.Open(o.Books)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bank.Close()) }()
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", o.Listen, err)
	}
	address := listener.Addr().String()
	bank.Secrets, bank.ChallengeURL = secrets, cmp.Or(o.PublicURL, "http://"+address)
	if o.Webhook != "" {
		bank.SendWebhooks(o.Webhook, &http.Client{}, func(err error) { o.Log.Warn("webhook", "error", err) })
	}
	o.Log.Warn("payments are pretended: no money moves", "books", o.Books, "address", address)
	o.Ready(address)
	return serve(ctx, listener, remote.Handler(bank))
}

func checkURLs(o *Options, secrets int) error {
	for flag, text := range map[string]string{"--webhook": o.Webhook, "--public-url": o.PublicURL} {
		if u, err := url.Parse(text); text != "" &&
			(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("%s %s: no address such as http://127.0.0.1:8080", flag, text)
		}
	}
	if o.Webhook != "" && secrets == 0 {
		return errors.New("--webhook needs --webhook-secret-file: servers take no webhook that nobody signed")
	}
	return nil
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerBytesMax, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if err := server.Shutdown(patience); err != nil { // a charge that stalls
		_ = server.Close() // its callers are told nothing, as by a crash
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Pages are a sandbox's pages, served until Close.
type Pages struct {
	URL   string // where browsers reach them
	stop  context.CancelFunc
	ended chan error
}

// ServePages shows a sandbox's pages on an address, and has the sandbox send buyers there. publicURL is where their
// browsers reach it; empty: http:// and the address itself.
func ServePages(bank *sandbox.Sandbox, listen, publicURL string) (*Pages, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the sandbox's page: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Pages{URL: cmp.Or(publicURL, "http://"+listener.Addr().String()), stop: stop, ended: make(chan error, 1)}
	bank.ChallengeURL = p.URL
	go func() { p.ended <- serve(ctx, listener, bank.Pages()) }()
	return p, nil
}

// Close ends them.
func (p *Pages) Close() error {
	p.stop()
	return <-p.ended
}
