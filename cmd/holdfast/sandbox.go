package main

import (
	"fmt"
	"os/signal"
	"syscall"

	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/sandboxd"
)

// sandboxCommand is the pretend payment processor as a process of its own.
type sandboxCommand struct {
	Listen            string `help:"Address to listen on (${default}). Whoever reaches it may charge and refund pretended money." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	Books             string `help:"File that keeps every payment; made when absent." required:"" placeholder:"FILE"`
	PublicURL         string `name:"public-url" env:"HOLDFAST_SANDBOX_PUBLIC_URL" help:"Address under which buyers' browsers reach it (default: http:// and the listening address)." placeholder:"URL"`
	Webhook           string `help:"A server's address for webhooks, such as http://127.0.0.1:8080/v1/payments/webhook/sandbox." placeholder:"URL"`
	WebhookSecretFile string `help:"File with the secret that signs webhooks, a line each; the first signs." placeholder:"FILE"`
	LogFormat         string `help:"Log lines as text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// Help is shown by holdfast sandbox --help.
func (sandboxCommand) Help() string {
	return `Examples:

  holdfast sandbox --books payments.jsonl
  holdfast sandbox --books payments.jsonl --webhook http://127.0.0.1:8080/v1/payments/webhook/sandbox --webhook-secret-file hook
  curl -s http://127.0.0.1:8090/v1/payments?since=0

No money moves: a token decides what becomes of its payment. tok_ok pays, tok_declined does not, tok_challenge asks the buyer on a page of
this process, and others stall, lose answers, fail refunds or send webhooks wrongly (api/README.md has the table). Every word is on disk
before it is told: kill -9 loses nothing.`
}

// Run serves until a signal.
func (s *sandboxCommand) Run(c *console) error {
	log, lines := node.NewLog(c.err, s.LogFormat, "info")
	defer lines.Flush()
	ctx, restore := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	return sandboxd.Serve(ctx, &sandboxd.Options{
		Listen: s.Listen, Books: s.Books, PublicURL: s.PublicURL, Webhook: s.Webhook,
		WebhookSecretFile: s.WebhookSecretFile, Log: log,
		Ready: func(address string) { fmt.Fprintf(c.out, "The sandbox is at http://%s\n", address) },
	})
}
