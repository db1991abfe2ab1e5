package node

import (
	"log/slog"

	"holdfast/api"
	"holdfast/cmd/holdfast/config"
)

// apiConfig reads the keys and says who may come in. listed is nil without a file of token keys.
func apiConfig(c *config.Config, log *slog.Logger) (out *api.Config, listed *keySet, files *keyFiles, err error) {
	files = &keyFiles{operator: c.OperatorKeyFile, operators: c.OperatorKeysFile, secret: c.JWTHS256SecretFile,
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
	if listed, out.JWTKeys, err = openKeySet(c.JWTJWKSFile, log); err != nil {
		return nil, nil, nil, err
	}
	return out, listed, files, out.Validate()
}
