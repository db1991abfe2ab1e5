// Command holdfast-bench measures a Holdfast server over HTTP. Flags in, report out; the work is package bench.
//
//	holdfast-bench http SCENARIO          one scenario, against --target URL or a server started from --binary
//	holdfast-bench compare-null SCENARIO  the same requests in turns against Holdfast and against a server that does nothing
//	holdfast-bench null                   that do-nothing server by itself
//
//	flags ──▶ bench.Rig (starts servers, stops them by process id) ──▶ scenario ──▶ result ──▶ text, or JSON with --json
package main
