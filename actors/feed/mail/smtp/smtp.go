package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"holdfast/actors/feed/mail"
)

// Bounds of connections.
const (
	timeout  = 30 * time.Second // of each step with the server
	keptMost = 4
	keptFor  = 30 * time.Second
	keptUses = 100
)

// Server says where mails go, and who sends them.
type Server struct {
	URL      string // see the package comment
	Password string // of the URL's user; empty: none is needed
	From     string // "Box office <tickets@example.com>", or the address alone
	// Roots are whose certificates count; nil: the machine's.
	Roots *x509.CertPool
}

// Sender sends to one server. It implements mail.Sender.
type Sender struct {
	from   *netmail.Address
	client *gomail.Client
	now    func() time.Time

	mu     sync.Mutex
	kept   []*connection
	closed bool
}

type connection struct {
	*smtp.Client
	uses int
	last time.Time
}

// New judges what it is given, and connects to nobody yet. Errors name what is wrong and never the password.
func New(s Server) (*Sender, error) {
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("the sender %q is no mail address: write Name <address>", s.From)
	}
	host, options, err := s.options()
	if err != nil {
		return nil, err
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return &Sender{from: from, client: client, now: time.Now}, nil
}

var errURL = errors.New("a mail server is written smtp://user@host:587 or smtps://user@host:465")

func (s *Server) options() (host string, options []gomail.Option, err error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return "", nil, errURL
	}
	if _, has := u.User.Password(); has {
		return "", nil, errors.New("the mail server's password does not belong in its address: give it in a file")
	}
	options = []gomail.Option{gomail.WithTimeout(timeout), gomail.WithTLSConfig(&tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: s.Roots})}
	standard, open := 587, false
	switch mode := u.Query().Get("tls"); {
	case u.Scheme == "smtps" && mode == "":
		standard = 465
		options = append(options, gomail.WithSSL())
	case u.Scheme == "smtp" && mode == "":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case u.Scheme == "smtp" && mode == "off":
		open, standard = true, 25
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return "", nil, errURL
	}
	if open && !ofThisMachine(u.Hostname()) {
		return "", nil, errors.New("tls=off is for a mail server on this machine only: others would read every mail")
	}
	port := standard
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil || port < 1 || port > 65535 {
			return "", nil, errURL
		}
	}
	options = append(options, gomail.WithPort(port))
	switch name := u.User.Username(); {
	case name == "" && s.Password != "":
		return "", nil, errors.New("a password is given for the mail server, and no user: write smtp://user@host")
	case name != "" && open:
		return "", nil, errors.New("tls=off sends no password: leave the user out")
	case name != "":
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(name),
			gomail.WithPassword(s.Password))
	}
	return u.Hostname(), options, nil
}

func ofThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Domain is that of the sender's address, for Message-IDs.
func (s *Sender) Domain() string {
	address := s.from.Address
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == '@' {
			return address[i+1:]
		}
	}
	return "localhost"
}

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m *mail.Message) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	c, err := s.connection(ctx)
	if err != nil {
		return err
	}
	err = s.client.SendWithSMTPClient(c.Client, message)
	c.uses++
	if err == nil || message.IsDelivered() { // what fails behind it is the connection's matter
		s.keep(c, err == nil)
		return nil
	}
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		s.keep(c, false)
		return errors.New("smtp: the connection broke")
	}
	s.keep(c, failed.ErrorCode() != 0)
	if failed.Reason == gomail.ErrSMTPRcptTo && failed.ErrorCode()/100 == 5 {
		return mail.ErrRejected
	}
	return fmt.Errorf("smtp: %v (%d %s)", failed.Reason, failed.ErrorCode(), failed.EnhancedStatusCode())
}

// message makes the library's message of ours.
func (s *Sender) message(m *mail.Message) (*gomail.Msg, error) {
	message := gomail.NewMsg()
	to, err := netmail.ParseAddress(m.To)
	if err != nil {
		return nil, mail.ErrRejected // nobody can take it
	}
	message.FromMailAddress(s.from)
	message.ToMailAddress(to)
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.ID)
	message.SetDateWithValue(s.now())
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no absence note answers it
	if m.Language != "" {
		message.SetGenHeader("Content-Language", m.Language)
	}
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if err := message.AttachReader(a.Name, bytes.NewReader(a.Body),
			gomail.WithFileContentType(gomail.ContentType(a.Type))); err != nil {
			return nil, fmt.Errorf("smtp: an attachment: %w", err)
		}
	}
	return message, nil
}

// connection is one that was kept, or a new one.
func (s *Sender) connection(ctx context.Context) (*connection, error) {
	s.mu.Lock()
	var old []*connection
	var c *connection
	for n := len(s.kept); n > 0 && c == nil; n = len(s.kept) {
		c, s.kept = s.kept[n-1], s.kept[:n-1]
		if s.now().Sub(c.last) > keptFor || c.uses >= keptUses {
			old, c = append(old, c), nil
		}
	}
	s.mu.Unlock()
	for _, o := range old {
		_ = s.client.CloseWithSMTPClient(o.Client) // the other side may have gone long ago
	}
	if c != nil {
		return c, nil
	}
	made, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("smtp: cannot reach the mail server: %w", err)
	}
	return &connection{Client: made}, nil
}

// keep puts a connection that is well by for the next mail.
func (s *Sender) keep(c *connection, well bool) {
	c.last = s.now()
	s.mu.Lock()
	well = well && !s.closed && len(s.kept) < keptMost
	if well {
		s.kept = append(s.kept, c)
	}
	s.mu.Unlock()
	if !well {
		_ = s.client.CloseWithSMTPClient(c.Client) // nothing is on it any more
	}
}

// Close implements mail.Sender.
func (s *Sender) Close() error {
	s.mu.Lock()
	s.closed = true
	kept := s.kept
	s.kept = nil
	s.mu.Unlock()
	for _, c := range kept {
		_ = s.client.CloseWithSMTPClient(c.Client) // a polite word; the server may have gone
	}
	return nil
}
