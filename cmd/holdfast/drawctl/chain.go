package drawctl

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/actors/gate/beacon"
)

// infoBytesMax bounds a chain's parameters.
const infoBytesMax = 64 << 10

// chainInfo is what drand serves at /info, in both of its spellings.
type chainInfo struct {
	PublicKey   string `json:"public_key"`
	Period      uint32 `json:"period"`
	Genesis     int64  `json:"genesis_time"`
	Hash        string `json:"hash"`
	ChainHash   string `json:"chain_hash"`
	Group       string `json:"groupHash"`
	GenesisSeed string `json:"genesis_seed"`
	Scheme      string `json:"schemeID"`
	SchemeV2    string `json:"scheme"`
	ID          string `json:"beacon_id"`
	Metadata    struct {
		ID string `json:"beaconID"`
	} `json:"metadata"`
}

// ParseChain reads a chain's parameters as drand serves them at /info. Whoever gives them need not be trusted: the
// parameters must give the hash that the rule names.
func ParseChain(body []byte) (*beacon.Chain, error) {
	if len(body) > infoBytesMax {
		return nil, errors.New("a chain's parameters are never longer than 64 KiB")
	}
	var info chainInfo
	if err := json.Unmarshal(body, &info); err != nil {
		return nil, fmt.Errorf("a chain's parameters, as drand serves them at /info: %w", err)
	}
	c := &beacon.Chain{Scheme: cmp.Or(info.Scheme, info.SchemeV2), Period: info.Period, Genesis: info.Genesis,
		ID: cmp.Or(info.Metadata.ID, info.ID, "default")}
	for _, part := range []struct {
		name, text string
		into       []byte
	}{
		{"hash", cmp.Or(info.Hash, info.ChainHash), c.Hash[:]},
		{"groupHash", cmp.Or(info.Group, info.GenesisSeed), c.Group[:]},
	} {
		if err := unhex(part.into, part.text); err != nil {
			return nil, fmt.Errorf("the chain's %s: %w", part.name, err)
		}
	}
	key, err := hex.DecodeString(info.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("the chain's public_key: %w", err)
	}
	c.PublicKey = key
	return c, c.CheckHash()
}

// ParseKey reads a salt key: 64 hexadecimal digits.
func ParseKey(text string) (*[32]byte, error) {
	var key [32]byte
	if err := unhex(key[:], text); err != nil {
		return nil, fmt.Errorf("the salt key: %w", err)
	}
	return &key, nil
}

func unhex(into []byte, text string) error {
	if len(text) != 2*len(into) {
		return fmt.Errorf("%d hexadecimal digits are wanted", 2*len(into))
	}
	_, err := hex.Decode(into, []byte(text))
	return err
}
