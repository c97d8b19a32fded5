package ledger

// Finding is one broken rule with its evidence.
type Finding struct {
	Code      Code   `json:"code"`
	Aspect    string `json:"aspect,omitempty"` // of a rule that has several
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"` // −1 if it is not about one
	Offset    int64  `json:"offset"`    // −1 if it is not about one
	Record    string `json:"record,omitempty"`
	Producer  string `json:"producer,omitempty"`
	Sequence  int64  `json:"sequence"`         // −1 if it is not about one record of this run
	Time      string `json:"time,omitempty"`   // RFC 3339, microseconds, UTC
	Object    string `json:"object,omitempty"` // key in the bucket
	Reader    string `json:"reader,omitempty"`
	Detail    string `json:"detail"`
	// Count is how many more like this are folded into this line: repetitions, and in the last line of a rule those beyond
	// [JudgeOptions].MaxEvidence. The total of a rule is the sum of 1 + Count over its lines.
	Count int64 `json:"count,omitempty"`
}

// Rule is what was broken: the code, or "CODE/aspect" for an aspect.
func (f Finding) Rule() string { return string(aspectOf(f.Code, f.Aspect)) }
