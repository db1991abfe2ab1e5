// Command holdfast-bench measures a Holdfast server over HTTP. Flags in, report out; the work is done in
// the rooms of package bench.
//
//	holdfast-bench run SCENARIO           a named load, alone or beside baselines; every answer checked; a report
//	holdfast-bench capacity               the admission rate to set, derived from a load test
//	holdfast-bench growth                 how cost grows, as curves
//	holdfast-bench compare OLD NEW        what changed between two reports beyond noise
//	holdfast-bench chaos                  a cluster of real processes broken from a seed under buyers, and judged
//	holdfast-bench check, page            judge a kept history again; make a report's page again
//	holdfast-bench peer, nothing          one of those that run compares with, by itself
//	holdfast-bench http SCENARIO          one scenario, against --target URL or a server started from --binary
//	holdfast-bench compare-null SCENARIO  the same requests against Holdfast and against a server that does nothing
//	holdfast-bench null                   that do-nothing server by itself
//
//	flags ──▶ run.Run, capacity.Measure, growth.Grow ──▶ report ──▶ text, page, JSON, CSV
//	flags ──▶ rig.Rig (servers, stopped by process id) ──▶ result ──▶ text, or JSON with --json
package main
