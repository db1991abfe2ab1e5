// Package nodetest opens nodes for tests: alone, on a database, and as a cluster on ports of the system's choice.
package nodetest
