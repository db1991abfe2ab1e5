package machinetest

// answerBeforeRecord: P2.
func answerBeforeRecord(b *bench) {
	l := b.begin()
	first := l.submit(b.Command(0))
	l.wantSilent("decided", first)
	p := l.ready()
	if p == nil || !first.Changed {
		b.Fatalf("an accepted command gives record %v, changed %v", p, first.Changed)
	}
	second := l.submit(b.Command(1))
	l.wantSilent("the record is on its way", first, second)
	if l.ready() != nil {
		b.Fatal("a second record leaves while one is on its way: its hash rests on the first")
	}
	b.must(l.commit(p))
	l.wantSilent("in the log, and the writer has not heard of it", first, second)
	l.w.Recycle(l.advance(p, nil))
	l.wantYes("the first record is durable", first)
	l.wantSilent("only the first record is durable", second)
	l.settle()
	l.wantYes("both are durable", second)
	l.wantReplay("at rest")
}

// refusalBeforeCause: P2, wherever the cause stands: gathering, on its way, or gathering behind one that is on its way.
func refusalBeforeCause(b *bench) {
	l := b.begin()
	cause := l.submit(b.Command(0))
	early := l.submit(b.Refused(0))
	l.wantSilent("its cause gathers", early)
	p := l.ready()
	late := l.submit(b.Refused(0))
	next := l.submit(b.Command(1))
	behind := l.submit(b.Refused(1))
	l.wantSilent("its cause is on its way", early, late, behind)
	l.land(p)
	l.wantYes("durable", cause)
	l.wantNo("its cause is durable", early, late)
	l.wantSilent("its cause gathered behind the record that landed", next, behind)
	l.settle()
	l.wantNo("its cause is durable", behind)
	if replies := len(l.replies); l.replies[0] != cause || l.replies[replies-1] != behind {
		b.Error("a refusal overtakes what it rests on")
	}
	l.wantReplay("at rest")
}

// refusalThatWaits: P7.
func refusalThatWaits(b *bench) {
	l := b.begin()
	l.submit(b.Command(0))
	l.settle()
	no := l.submit(b.Refused(0))
	l.wantNo("nothing is on its way", no)
	if l.w.Due() || !l.w.Idle() || l.ready() != nil {
		b.Fatal("a refusal costs a record")
	}
	l.submit(b.Command(1))
	p := l.ready()
	l.submit(b.Command(2))
	no = l.submit(b.Refused(0))
	l.wantNo("what is on its way has nothing to do with it", no)
	l.land(p)
	l.settle()
}
