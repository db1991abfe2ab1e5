// Package sandboxd runs the pretend payment processor: as a process of its own, and as the page of a server that has it
// inside.
//
//	holdfast sandbox ─▶ Serve ─▶ books (a file) + remote.Handler + webhooks
//	holdfast serve   ─▶ ServePages ─▶ the challenges' page alone: charges are calls within the process
//
// Rejected: the challenges' page on the server's own address. It stands for a bank's page, which is another origin, and
// a shop that only works on one origin would be found out on the first day with a real processor.
package sandboxd
