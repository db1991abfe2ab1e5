// Package keyfile reads files that hold keys, and refuses those that others could have read or changed.
//
//	path ──▶ open, without waiting for a pipe's writer ──▶ Check the mode of what was opened ──▶ at most 1 MiB of it
//
// What is checked is what is read: the mode is that of the open file. A database's address may name files, too, which
// the driver reads without looking: CheckStore looks first.
//
// Files that may change while a server runs are looked at by Watch, one loop for every kind of key.
//
// Rejected: a warning instead of a refusal. Nobody reads warnings of a start that went well.
package keyfile
