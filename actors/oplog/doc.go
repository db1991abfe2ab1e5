// Package oplog makes of what a server says lines that somebody can read at three in the morning. It is a slog.Handler
// in front of another one; whoever logs need not know it.
//
//	log.Warn(text, "section", key) ─▶ name the section and the nodes ─▶ gather what is alike ─▶ hold back alarms ─▶ text or JSON
//
// # Names
//
// A section's key (event/number) under the key "section" becomes the name that the plan gives it, and the key itself
// stands beside it as "log". Keys and writers' ids inside of "error" and "which" get their names in brackets.
//
// # One line an outage
//
// Lines with a section, of one level and text, that come within a window become one: how many, some names, the first
// error. An outage of a database is one line and not one for each of 58 sections. A line alone stays as it was, and
// comes out the window later; its time is that of when it was logged.
//
// # Alarms
//
// An alarm is a line at level ERROR whose text begins with the word ALARM; with the attribute "alarm" it has a stable
// name. Alarms that can end (Options.Heals) are raised at ERROR and ended at INFO under the same name. One that ends
// within the patience is no alarm: one INFO line says what it was and how long it took.
//
// Seconds are numbers in JSON: a duration under the key took is took_seconds.
//
// What is held back is lost by kill -9: half a second of lines. Flush gives it out before an ordinary end.
package oplog
