package storage

// The codec's face (implemented in codec.go):
//
//	func AppendChange(dst []byte, at section.Instant, c *section.Change) []byte   // one change, relative to the record's At
//	func DecodeChanges(body []byte, at section.Instant, visit func(*section.Change) error) error // strict: trailing or short bytes are errors; c and c.Seats valid during the call
//	func AppendEntry(dst []byte, e *Entry) []byte      // the whole stored form, versioned
//	func DecodeEntry(src []byte) (Entry, error)        // strict; Body aliases src
//	func HashEntry(e *Entry) Hash                      // SHA-256 over the stored form
