package contract

import (
	"fmt"
	"strings"

	"k6suite/extension/ledger"
)

// Describe says in one line which rule broke and where: record, partition, offset, time and object, as far as they are known.
func Describe(f ledger.Finding) string {
	var b strings.Builder
	b.WriteString(f.Rule())
	if f.Topic != "" {
		fmt.Fprintf(&b, " %s/%d", f.Topic, f.Partition)
		if f.Offset >= 0 {
			fmt.Fprintf(&b, "@%d", f.Offset)
		}
	}
	if f.Record != "" {
		fmt.Fprintf(&b, " record %s", f.Record)
	}
	if f.Object != "" {
		fmt.Fprintf(&b, " object %s", f.Object)
	}
	if f.Time != "" {
		fmt.Fprintf(&b, " at %s", f.Time)
	}
	if f.Reader != "" {
		fmt.Fprintf(&b, " seen by %s", f.Reader)
	}
	if f.Detail != "" {
		fmt.Fprintf(&b, ": %s", f.Detail)
	}
	if f.Count > 0 {
		fmt.Fprintf(&b, " (and %s more)", count(f.Count))
	}
	return b.String()
}
