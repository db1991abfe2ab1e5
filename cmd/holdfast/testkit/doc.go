// Package testkit is what tests of several rooms of the command share: files, requests, and waiting for what must come.
package testkit
