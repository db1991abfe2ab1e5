package node

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"holdfast/api"
	"holdfast/api/captcha"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
)

// apiConfig reads the keys and says who may come in. listed is nil without a file of token keys.
func apiConfig(c *config.Config, log *slog.Logger) (out *api.Config, listed *keySet, files *keyFiles, err error) {
	files = &keyFiles{operator: c.OperatorKeyFile, operators: c.OperatorKeysFile,
		scanners: c.ScannersKeysFile, secret: c.JWTHS256SecretFile,
		public: c.JWTEdDSAPublicKeyFile}
	if err := files.open(); err != nil {
		return nil, nil, nil, err
	}
	out = &api.Config{
		DevAuth: c.DevAuth, SignInURL: c.SignInURL, OperatorKeys: files.keys, JWTSecret: files.own.secret,
		JWTPublicKey: files.own.public,
		JWTIssuers:   c.JWTIssuer, JWTAudiences: c.JWTAudience,
		RequestTimeout: c.RequestTimeout, StreamsMax: c.StreamsMax, Limits: c.Limits(), Logger: log,
		QueuePollsPerSecond: c.QueuePollsPerSecond,
	}
	if out.Captcha, err = openCaptcha(&c.Captcha, log); err != nil {
		return nil, nil, nil, err
	}
	if listed, out.JWTKeys, err = openKeySet(c.JWTJWKSFile, log); err != nil {
		return nil, nil, nil, err
	}
	return out, listed, files, out.Validate()
}

// captchaSecretMin is fewer bytes than any provider's secret has.
const captchaSecretMin = 16

// openCaptcha reads the secret and makes the provider of a checked config; nil: there is none. Errors name the flag and
// never hold the secret.
func openCaptcha(c *config.Captcha, log *slog.Logger) (*captcha.Service, error) {
	if c.Captcha == "" {
		return nil, nil
	}
	secret, err := keyfile.ReadSecret(c.CaptchaSecretFile, captchaSecretMin)
	if err != nil {
		return nil, fmt.Errorf("--captcha-secret-file: %w", err)
	}
	admit := c.CaptchaUnreachable == "admit"
	service, err := captcha.NewService(
		c.Captcha,
		captcha.Settings{
			URL:       c.CaptchaURL,
			Secret:    string(secret),
			SiteKey:   c.CaptchaSiteKey,
			Hostnames: c.CaptchaHostnames,
		},
		captcha.Options{
			Open:     admit,
			Timeout:  c.CaptchaTimeout,
			InFlight: c.CaptchaInflight,
			Alarm:    captchaAlarm(log, admit),
		},
	)
	switch {
	case errors.Is(err, captcha.ErrSiteKey):
		err = fmt.Errorf("--captcha-site-key: %w", err)
	case errors.Is(err, captcha.ErrSettings):
		err = fmt.Errorf("--captcha-url: %w", err)
	}
	return service, err
}

// captchaAlarm tells the log when verdicts begin to be missing, and when they come again.
func captchaAlarm(log *slog.Logger, admit bool) func(error) {
	joins := "refused"
	if admit {
		joins = "let pass, bots too"
	}
	return func(why error) {
		if why == nil {
			log.Info("the captcha's provider gives verdicts again")
			return
		}
		log.Error("the captcha's provider gives no verdict", "joins_are", joins, "error", why)
	}
}

// useSecret gives the outside what is derived from the store's secret.
func (n *Node) useSecret(ctx context.Context, outside *api.Config) (err error) {
	if outside.Persons, err = personsKey(ctx, n.store); err != nil {
		return err
	}
	return n.keepWaitingRooms(ctx, outside, n.store)
}

// personsKey is the key under which limits know buyers on all nodes of a store, in Redis too: whoever reads there finds
// nobody's name, and nothing that is in a log (P14).
func personsKey(ctx context.Context, store storage.Store) (key storage.EventKey, err error) {
	secret, err := store.Secret(ctx)
	if err != nil {
		return key, fmt.Errorf("reading the store's secret: %w", err)
	}
	derived, err := hkdf.Key(sha256.New, secret[:], nil, "holdfast persons v1", len(key))
	if err != nil {
		return key, fmt.Errorf("deriving a key: %w", err)
	}
	copy(key[:], derived)
	return key, nil
}
