package pebblestore

import (
	"encoding/binary"

	"holdfast/actors/section"
	"holdfast/storage"
)

// The first byte of every key.
const (
	prefixLog      = 'L'
	prefixTicket   = 'T'
	prefixSnapshot = 'S'
	prefixEvent    = 'E'
	prefixVenue    = 'V'
	prefixNode     = 'N'
	prefixMeta     = 'M'
	prefixOperator = 'O' // an operator's key, by request
	prefixKeyAge   = 'K' // the same by event and age
	prefixFeed     = 'F' // a feed's item, by its own key

	prefixTicketKey = 'Q' // what tickets are signed with, by number
)

const (
	sectionKeySize = 1 + 16 + 4
	logKeySize     = sectionKeySize + 8
	ticketKeySize  = sectionKeySize + 4
)

var (
	keyFormat = []byte{prefixMeta, 'f', 'o', 'r', 'm', 'a', 't'}
	keySecret = []byte{prefixMeta, 's', 'e', 'c', 'r', 'e', 't'}
)

func appendSectionKey(dst []byte, prefix byte, key storage.SectionKey) []byte {
	dst = append(dst, prefix)
	dst = append(dst, key.Event[:]...)
	return binary.BigEndian.AppendUint32(dst, uint32(key.Section))
}

func appendLogKey(dst []byte, key storage.SectionKey, seq section.Seq) []byte {
	return binary.BigEndian.AppendUint64(appendSectionKey(dst, prefixLog, key), uint64(seq))
}

func appendTicketKey(dst []byte, key storage.SectionKey, seat section.SeatIndex) []byte {
	return binary.BigEndian.AppendUint32(appendSectionKey(dst, prefixTicket, key), uint32(seat))
}

func eventKey(prefix byte, id storage.EventID) []byte { return append([]byte{prefix}, id[:]...) }

// sectionOf takes the section out of a log, ticket or snapshot key.
func sectionOf(k []byte) (key storage.SectionKey) {
	copy(key.Event[:], k[1:17])
	key.Section = storage.SectionNo(binary.BigEndian.Uint32(k[17:sectionKeySize]))
	return key
}

func seqOf(k []byte) section.Seq {
	return section.Seq(binary.BigEndian.Uint64(k[sectionKeySize:logKeySize]))
}

// after is the smallest key that does not start with prefix. No prefix of ours is all ones.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// first is the earliest failure: a visitor's error must come back as it is, so it is not joined with one of closing.
func first(err, closing error) error {
	if err != nil {
		return err
	}
	return closing
}
