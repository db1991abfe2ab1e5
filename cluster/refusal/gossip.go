package refusal

import "strings"

// gossipTroubles are the lines of memberlist's that tell of nodes with other keys and of strangers, by what is in them,
// in lower case. The first that fits counts; a line that none fits is about nodes that come and go.
var gossipTroubles = []struct{ part, reason string }{
	{"decrypt packet failed", ReasonWrongKey},
	{"no installed keys could decrypt", ReasonWrongKey},
	{"encryption is not configured", ReasonWrongKey},
	{"encryption is configured but", ReasonPlaintext},
	{"unacceptable label", ReasonNotANode},
	{"double stream label", ReasonNotANode},
	{"double packet label", ReasonNotANode},
	{"stream label header: eof", ReasonSilent},
	{"i/o timeout", ReasonSilent},
	{"connection reset", ReasonSilent},
	{"use of closed network connection", ReasonSilent},
	{"stream label header", ReasonNotANode},
	{"failed to receive:", ReasonNotANode},
	{"received invalid msgtype", ReasonNotANode},
	{"packet too short", ReasonNotANode},
	{"missing message type byte", ReasonNotANode},
	{"not supported", ReasonNotANode},
	{"failed to decode", ReasonNotANode},
	{"failed to decompress", ReasonNotANode},
	{"invalid checksum", ReasonNotANode},
	{"failed to read remote state", ReasonNotANode},
	{"truncated", ReasonNotANode},
	{"label", ReasonNotANode}, // of a packet whose label cannot be cut off
}

// GossipTrouble reads one of memberlist's lines. ok: it tells of a refusal of what came from address.
func GossipTrouble(line string) (reason, address, why string, ok bool) {
	_, text, found := strings.Cut(line, "memberlist: ")
	if !found || strings.HasPrefix(line, "[DEBUG]") || strings.HasPrefix(line, "[INFO]") {
		return "", "", "", false
	}
	at := strings.LastIndex(text, "from=")
	if at < 0 {
		return "", "", "", false
	}
	why = strings.TrimRight(text[:at], ": ")
	address, _, _ = strings.Cut(text[at+len("from="):], " ")
	lower := strings.ToLower(why)
	for _, known := range gossipTroubles {
		if strings.Contains(lower, known.part) {
			return known.reason, address, why, true
		}
	}
	return "", "", "", false
}

// JoinTrouble sorts why another node's gossip could not be joined. ok is false where nobody was there.
func JoinTrouble(err error) (reason string, ok bool) {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "could decrypt"), strings.Contains(text, "encryption is not configured"):
		return ReasonWrongKey, true
	case strings.Contains(text, "encryption is configured but"):
		return ReasonPlaintext, true
	case strings.Contains(text, "label"), strings.Contains(text, "msgtype"), strings.Contains(text, "decod"),
		strings.Contains(text, "invalid"):
		return ReasonNotANode, true
	case strings.Contains(text, "eof"):
		return ReasonSilent, true
	}
	return "", false
}
