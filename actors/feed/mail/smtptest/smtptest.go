// Package smtptest is a mail server for tests: a real one, that keeps what it gets, and refuses what it is told to.
package smtptest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// Got is one mail that the server took.
type Got struct {
	To     string
	Header netmail.Header
	Raw    []byte // all of it
}

// Server is a mail server on a free port. Its methods are safe for concurrent use.
type Server struct {
	Addr  string
	Roots *x509.CertPool // whose certificate it has; nil: it speaks in the clear only

	mu      sync.Mutex
	got     []Got
	refuse  func(step, address string) error
	arrived chan struct{}
	conns   int
	user    string
	secret  string
}

// Options of a server.
type Options struct {
	TLS            bool   // it offers STARTTLS
	User, Password string // who may send; empty: anybody
}

// Start starts a server, and stops it at the test's end.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{arrived: make(chan struct{}, 1<<16), user: o.User, secret: o.Password}
	server := gosmtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth, server.MaxMessageBytes = "localhost", false, 8<<20
	server.ErrorLog = discard{}
	if o.TLS {
		certificate, roots := certify(t)
		server.TLSConfig, s.Roots = &tls.Config{Certificates: []tls.Certificate{certificate}}, roots
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(counted{listener, s}) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil && !errors.Is(err, gosmtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

// counted counts connections.
type counted struct {
	net.Listener
	server *Server
}

func (c counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.server.mu.Lock()
		c.server.conns++
		c.server.mu.Unlock()
	}
	return conn, err
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func certify(t testing.TB) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// Refuse has the server ask what to answer at a step: "from", "to" or "data". nil takes it; ErrBreak ends the
// connection without a word.
func (s *Server) Refuse(how func(step, address string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = how
}

// ErrBreak ends the connection.
var ErrBreak = errors.New("smtptest: the connection breaks")

// Answer is a refusal with a code.
func Answer(code int) error { return &gosmtp.SMTPError{Code: code, Message: "as the test has it"} }

// Got is all that the server took so far.
func (s *Server) Got() []Got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Got(nil), s.got...)
}

// Connections is how many there were.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Await waits until the server has taken so many mails.
func (s *Server) Await(t testing.TB, n int) []Got {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		if got := s.Got(); len(got) >= n {
			return got
		}
		select {
		case <-s.arrived:
		case <-timeout:
			t.Fatalf("%d mails came, not %d", len(s.Got()), n)
		}
	}
}

// NewSession implements gosmtp.Backend.
func (s *Server) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	return &session{server: s, conn: c, known: s.user == ""}, nil
}

type session struct {
	server *Server
	conn   *gosmtp.Conn
	to     string
	known  bool
}

func (s *session) ask(step, address string) error {
	s.server.mu.Lock()
	how := s.server.refuse
	s.server.mu.Unlock()
	if how == nil {
		return nil
	}
	err := how(step, address)
	if errors.Is(err, ErrBreak) {
		_ = s.conn.Conn().Close()
	}
	return err
}

// AuthMechanisms implements gosmtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements gosmtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.known = user == s.server.user && password == s.server.secret; !s.known {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// Mail implements gosmtp.Session.
func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if !s.known {
		return gosmtp.ErrAuthRequired
	}
	return s.ask("from", from)
}

// Rcpt implements gosmtp.Session.
func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.to = to
	return s.ask("to", to)
}

// Data implements gosmtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.ask("data", s.to); err != nil {
		return err
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.got = append(s.server.got, Got{To: s.to, Header: parsed.Header, Raw: raw})
	s.server.mu.Unlock()
	select {
	case s.server.arrived <- struct{}{}:
	default:
	}
	return nil
}

// Reset implements gosmtp.Session.
func (s *session) Reset() { s.to = "" }

// Logout implements gosmtp.Session.
func (s *session) Logout() error { return nil }
