// Package demo opens a stadium for sale and sends simulated buyers into it, inside of the server's process.
//
//	Start ─▶ Event (made once: a restart finds it again) ─▶ buyers: look, hold, think; then pay, leave, or lapse
//	                                                    └─▶ once a second: too much sold? old tickets go back
//
//	OpenRoom ─▶ a second event, behind a waiting room ─▶ guests: join, wait, go in, hold, give back, leave, come again
//	         └─▶ once the lobby has closed: a value for the draw
//
// Each start has a lobby that is open, for that is what a visitor wants to see.
//
// The buyers call the engine and not the API: the demonstration is to be looked at, and measures nothing. A visitor
// finds seats however long it runs.
package demo
