// Package terminal is how commands and the log speak to people, and to the terminals that they sit at.
//
//	text of others ──▶ Writer ──▶ out      nothing in a name moves the cursor or turns the direction of writing
//	error ──▶ Plain ──▶ one line           without the names of packages
//	log lines ──▶ NewLogger ──▶ Writer     text or JSON
//	work ──▶ NewBar                        on a terminal, and nowhere else
//
// Names are made safe here, where they leave, and not where they come in: stores hold names that earlier builds took.
package terminal
