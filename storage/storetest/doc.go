// Package storetest is the conformance suite of the storage port: whatever passes it may sit under the engine. Every test
// names the store promise it guards (S1–S9 at storage.Log), so a failing run says which promise is broken.
//
//	Run ──► for each test: Factory.Open ──► a store of its own ──► promise checked ──► Factory.Reopen ──► still there?
//
// It is a library of tests, not a test: a store calls Run from its own test file. A store without it does not merge.
// Stores shared by many tests (one SQL server) need no cleaning: every test makes up new event ids and looks only at those.
package storetest
