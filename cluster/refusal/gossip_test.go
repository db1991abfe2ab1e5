package refusal

import "testing"

func TestLinesOfMemberlistAreUnderstood(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"Decrypt packet failed: No installed keys could decrypt the message from=10.0.0.9:7946", ReasonWrongKey},
		{"failed to receive: Encryption is configured but remote state is not encrypted from=10.0.0.9:7946",
			ReasonPlaintext},
		{"failed to receive: Remote state is encrypted and encryption is not configured from=10.0.0.9:7946",
			ReasonWrongKey},
		{"discarding packet with unacceptable label \"\": from=10.0.0.9:7946", ReasonNotANode},
		{"failed to receive and remove the stream label header: EOF from=10.0.0.9:7946", ReasonSilent},
		{"failed to receive: read tcp 10.0.0.1:7946->10.0.0.9:7946: read: connection reset by peer from=10.0.0.9:7946",
			ReasonSilent},
		{"UDP packet too short (0 bytes) from=10.0.0.9:7946", ReasonNotANode},
		{"Failed to send UDP ping: write udp: network is unreachable", ""},
		{"[INFO] memberlist: Suspect n2 has failed, no acks received", ""},
		{"[WARN] memberlist: Got ping for unexpected node n2 from=10.0.0.9:7946", ""},
		{"[DEBUG] memberlist: Stream connection from=10.0.0.9:7946", ""},
		{"failed to receive: Failed to decode, \"from=1.2.3.4:5 injected\" from=10.0.0.9:7946", ReasonNotANode},
		{"failed to receive and remove the stream label header: cannot decode label; stream has been truncated " +
			"from=10.0.0.9:7946", ReasonNotANode},
		{"[WARN] memberlist: Was able to connect to n2 over TCP but UDP probes failed, network may be misconfigured",
			""},
		{"Push/Pull with n2 failed: dial tcp 10.0.0.9:7946: connect: connection refused", ""},
		{"Conflicting address for n2. Mine: 10.0.0.1:1 Theirs: 10.0.0.9:1 Old state: 0", ""},
		{"msg type (245) not supported from=10.0.0.9:7946", ReasonNotANode},
		{"Received invalid msgType (71) from=10.0.0.9:7946", ReasonNotANode},
		{"[WARN] memberlist: Got invalid checksum for UDP packet: 1, 2", ""},
		{"failed to receive: read tcp 10.0.0.1:7946->10.0.0.9:1: i/o timeout from=10.0.0.9:7946", ReasonSilent},
		{"Failed push/pull merge: Node 'x' protocol version (0) is incompatible: [1, 5] from=10.0.0.9:7946", ""},
		{"failed to receive: No installed keys could decrypt the message from=10.0.0.9:7946", ReasonWrongKey},
		{"[WARN] memberlist: Compound request had 3 truncated messages from=10.0.0.9:7946", ReasonNotANode},
	} {
		line := c.line
		if line[0] != '[' {
			line = "[ERR] memberlist: " + line
		}
		reason, address, _, ok := GossipTrouble(line)
		if reason != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q", line, reason)
		}
		if ok && address != "10.0.0.9:7946" {
			t.Errorf("%s: address %s", line, address)
		}
	}
}
