package ledger

// Judge applies all rules to what was recorded so far. It changes nothing and may be repeated.
func (l *Ledger) Judge(o JudgeOptions) Judgement {
	return Judgement{Counts: l.Counts()}
}
