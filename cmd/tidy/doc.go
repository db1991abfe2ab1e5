// Package tidy keeps the repository in order. It holds tests and nothing else; no binary comes of it.
//
//	floorplan_test.go   who may import whom: one wall a folder, each with its reason; an unknown folder fails
//	size_test.go        functions, files and the median function: numbers that may only ever be tightened
//	words_test.go       words and phrases that never stand in the source; doc comments on everything exported
//	makefile_test.go    every -run of the Makefile finds its tests, and no test is left out by all of them
//	planted_test.go     no file of the server knows of planted bugs, nor may a build tag bring them in
//	source_test.go      reads the checkout once, for all of them
//
//	   every *.go file ──parse──▶ source ──▶ checkWalls ─┐
//	                                     ──▶ checkSizes ─┼──▶ findings ("file:line: what, and why it matters")
//	                                     ──▶ checkWords ─┘
//
// Files are parsed here rather than listed by the go command, because the test cache only sees what a test itself
// opened: a violation added behind its back would be reported as "(cached) ok".
//
// Every check is also run on planted violations: a rule that cannot fail guards nothing.
package tidy
