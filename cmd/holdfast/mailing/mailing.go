// Package mailing lets a node mail its buyers: it joins the engine, the mail server and package mail.
package mailing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/booking"
	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/actors/feed/mail/smtp"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/ticketing"
	"holdfast/api/tickets/files"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
)

// now is the time that holds end by: reminders are sent before that.
func (p *Parts) now() time.Time {
	_, ahead, _ := p.Engine.ClockAhead() // an error: it is not
	return time.Now().Add(ahead)
}

// passwordMin is how many bytes a password must have: the server judges it, so anything may be one.
const passwordMin = 1

// Parts are what a node has.
type Parts struct {
	Store  mail.Store
	Feed   *feed.Feed
	Engine *actors.Engine
	Here   func(storage.SectionKey) bool
	Logger *slog.Logger
}

// Open begins to send mails; nil without an error: nobody wants any.
func Open(ctx context.Context, c *config.Mail, p *Parts) (*mail.Service, error) {
	if c.MailServer == "" {
		return nil, nil
	}
	server := smtp.Server{URL: c.MailServer, From: c.MailFrom}
	if c.MailPasswordFile != "" {
		password, err := keyfile.ReadSecret(c.MailPasswordFile, passwordMin)
		if err != nil {
			return nil, fmt.Errorf("--mail-password-file: %w", err)
		}
		server.Password = string(password)
	}
	sender, err := smtp.New(server)
	if err != nil {
		return nil, fmt.Errorf("--mail-server: %w", err)
	}
	s, err := mail.Open(ctx, mail.Config{Store: p.Store, Feed: p.Feed, Engine: engine{p.Engine}, Sender: sender,
		Domain: sender.Domain(), Link: strings.TrimSuffix(c.MailLink, "/"), Language: c.MailLanguage, Logger: p.Logger,
		Here: p.Here, Now: p.now})
	if err != nil {
		return nil, fmt.Errorf("reading the queue of mails: %w", err)
	}
	return s, nil
}

// engine answers what mails ask.
type engine struct{ *actors.Engine }

func (e engine) PseudonymKey(id storage.EventID) (*pseudonym.Key, error) {
	key, err := e.Engine.PseudonymKey(id)
	if errors.Is(err, actors.ErrForgotten) || errors.Is(err, actors.ErrEventUnknown) {
		return nil, nil
	}
	return key, err
}

func (e engine) Standing(id booking.ID, tickets bool, timeout time.Duration) (s mail.Standing, err error) {
	var view actors.BookingView
	err = e.Booking(id, actors.Caller{Operator: true}, timeout, &view)
	switch {
	case errors.Is(err, actors.ErrBookingUnknown), errors.Is(err, actors.ErrEventUnknown):
		return s, storage.ErrNotFound
	case err != nil:
		return s, err
	}
	s = mail.Standing{State: view.State, Confirming: view.Confirming, ExpiresAt: view.ExpiresAt, Left: left(&view),
		Price: view.Price}
	for i, t := range view.Types {
		if s.Types == nil {
			s.Types = map[string]string{}
		}
		s.Types[view.Seats[i]] = t.Type
	}
	if tickets && s.Left > 0 && !s.Confirming {
		s.Attachments, err = e.attachments(id, timeout)
	}
	return s, err
}

// attachments are the tickets to print, and the event for a calendar.
func (e engine) attachments(id booking.ID, timeout time.Duration) (all []mail.Attachment, err error) {
	tickets, err := e.Tickets(id, ticketing.Caller{Operator: true}, timeout)
	if err != nil {
		return nil, err
	}
	pdf, err := files.PDF(tickets)
	if err != nil {
		return nil, err
	}
	all = []mail.Attachment{{Name: "tickets.pdf", Type: "application/pdf", Body: pdf}}
	if _, known := tickets.Event.Header.Starts(); known {
		all = append(all, mail.Attachment{Name: "event.ics", Type: "text/calendar",
			Body: []byte(files.Calendar(tickets))})
	}
	return all, nil
}

// left counts the seats that no refund is due for.
func left(view *actors.BookingView) int {
	if view.State != section.BookingConfirmed {
		return 0
	}
	return len(view.Tickets)
}

// Metrics shows how the mails of a node stand.
func Metrics(s *mail.Service) (all []prometheus.Collector) {
	counter := func(result, help string, value func() uint64) {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_mails_total", Help: help,
			ConstLabels: prometheus.Labels{"result": result}}, func() float64 { return float64(value()) }))
	}
	const help = "Mails of this node by result: sent; failed attempts, which are repeated; dead, which are given up " +
		"(ALARM when it grows); nobody: the buyer left no address."
	c := s.Counts()
	counter("sent", help, c.Sent.Load)
	counter("failed", help, c.Failed.Load)
	counter("dead", help, c.Dead.Load)
	counter("nobody", help, c.Nobody.Load)
	return append(all,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_mails_queued",
			Help: "Mails that wait at this node to be sent, or to be tried again."},
			func() float64 { return float64(s.Status().Queued) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_mail_server_failing",
			Help: "ALARM unless 0: the mail server has not taken the last mails of this node."},
			func() float64 {
				if s.Status().Broken != nil {
					return 1
				}
				return 0
			}))
}
