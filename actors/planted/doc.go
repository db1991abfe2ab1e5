// Package planted holds the bugs that Holdfast can be built with on purpose: the proof that the simulators, the audit
// and the bench's checkers find what they are there to find. No product file knows of them.
//
//	testdata/bugs/NAME.patch     a bug: what it breaks, which promise, which tests must catch it, and its edits
//	testdata/switch/*.patch      edits that are no bug: a planted server reads which bugs to wake, and its clock's file
//	testdata/added/…             Go files that the build has besides, at the same path below the module's root
//	        │
//	        ▼  Write: every edit is applied to the tree as it stands; one that does not fit is an error that names all
//	  patched files + overlay.json ──▶ go build -overlay, go test -overlay ──▶ ONE build with every bug in it, all off
//	                                                                                │
//	                                        Activate("answer-early"), HOLDFAST_PLANT ───┘ wakes the bugs that are named
//
// One build for all bugs, because to link the simulators' tests once for each of some thirty bugs would take longer
// than to run them. A planted build says at every start that it is one; never sell with it. In any other build Activate
// fails.
//
// To run the tests that wake bugs:
//
//	go run ./cmd/planted write bin/planted
//	go test -overlay bin/planted/overlay.json -tags planted -run Planted ./actors ./actors/simtest/... ./cmd/holdfast
//
// # How to write a bug
//
//	# Acceptances are told before their record is durable.
//	promise: P2
//	caught: TestPlantedNames TestPlantedBugsAreFound
//
//	@@ actors Writer.judge
//	+	if bugAwake("answer-early") {
//	+		w.answers = append(w.answers, r)
//	+		return true
//	+	}
//	 	w.count(r)
//
// The text after # says what the build does wrong. promise: lists promises, or says liveness. caught: lists tests; each
// must stand in a file that quotes the bug's name. also: gives the bug further names.
//
// An edit is a hunk of a unified diff, without line numbers and without a file's name: @@ gives a folder and a function
// of it, as NAME or TYPE.NAME, so that a function may move between the files of its package. Lines that begin with a
// space or a minus are the anchor: they must stand in the function, one after the other, exactly once. Space around a
// line does not count, and a line of context that ends in … stands for every line with that beginning. Lines with a
// minus go, lines with a plus come. A hunk of plus lines only is put at the beginning of the function. One line of
// context is best, an insertion is sturdier than a replacement, and a function's beginning is the sturdiest of all.
//
// Edits of several bugs may insert at the same place, in the order of the bugs' names: an edit must leave a text that
// works with the other bugs switched off. No line may be taken away that another edit needs.
//
// Inserted lines call bugAwake("NAME"), which says whether the bug is active; bugStrikes("NAME", id), which says
// besides that it strikes this request, one in sixteen; and what testdata/added holds. Every package with an edit is
// given the two.
//
// Rejected: flags in the product that the compiler removes (each reader of the hot path checked bugs that are not
// there); branches or git's patches (they rot in silence, and need line numbers and three lines of context); mutation
// at random (nobody can say what it breaks, and therefore who must catch it).
package planted
