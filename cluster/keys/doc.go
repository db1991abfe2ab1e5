// Package keys holds what makes a process a node of a cluster: the gossip's secret, and a certificate of the cluster's
// authority. The package makes the files, reads them, and reads them again while the node runs.
//
//	Make ──▶ ca.pem, ca-key.pem, gossip.key, NAME.pem, NAME-key.pem ──▶ Load ──▶ Keys ──┬─▶ ServerConfig, ClientConfig
//	                                        │                                           └─▶ Ring (memberlist's)
//	                                        └── files change ──▶ Reload: all of them are good, or nothing changes
//
// The room knows files and certificates. The room knows no connection: package peerlink asks for a configuration at
// every handshake, so that new files need no restart.
//
// # Rejected
//
// The system's certificate pool (a public authority would admit the world); resumed TLS sessions (a session would
// outlive its certificate); a common certificate for all nodes (one stolen file would be every node; such files still
// work, and SharedName says so, for clusters that have them).
package keys
